//! y = min x over some axes,  ∂y/∂x = 1/(number of ties) where x = y, 0 elsewhere

use super::*;

pub static MIN: Op = Op {
    name: "min",
    formula: "y = min x over axes",
    cases: reduction_cases!(distinct: min(&[1]), min_keep(&[2, 0]), min_all()),
};

impl<T: Real> Var<'_, T> {
    reduction! {
        /// The least x over `axes`, which vanish. Its gradient goes to the x that attains it; several that tie share it
        /// equally (as in PyTorch's `amin`). A NaN wins.
        ///
        /// ```text
        /// x [row, code]   x.min(&[1]) [row]   x.min_keep(&[1]) [row, 1]   x.min_all() []
        /// ```
        ///
        /// ```
        /// use gradbook_autograd::{Tape, Tensor};
        /// let tape = Tape::<f64>::new();
        /// let x = tape.var(Tensor::new([2, 3], vec![1.0, 5.0, 2.0, 7.0, 0.0, 0.0]));
        /// let y = x.min(&[1]);
        /// assert_eq!(y.value().as_slice(), [1.0, 0.0]);
        /// assert_eq!(y.sum_all().backward()[x].as_slice(), [1.0, 0.0, 0.0, 0.0, 0.5, 0.5]);
        /// ```
        ///
        /// # Panics
        /// If an axis does not exist or is named twice, or if there is nothing to take the minimum of.
        min, min_keep, min_all by least
    }

    #[track_caller]
    fn least(self, axes: &[usize], keep: bool) -> Self {
        self.extremum(&MIN, axes, keep, |x, y| x < y)
    }
}
