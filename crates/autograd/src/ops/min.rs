//! y = min x over some axes,  ∂y/∂x = 1/(number of ties) where x = y, 0 elsewhere

use std::cmp::Ordering::Less;

use super::*;

pub static MIN: Op = Op {
    name: "min",
    formula: "y = min x over axes",
    cases: |s| {
        let ([a, b, c], shape) = (s.dims(), s.shape());
        vec![
            case!([s.distinct(&[a, b, c])], |x| x[0].min(&[1])),
            case!([s.distinct(&[a, b, c])], |x| x[0].min_keep(&[2, 0])),
            case!([s.distinct(&shape)], |x| x[0].min_all()),
        ]
    },
};

impl<T: Real> Var<'_, T> {
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
    #[track_caller]
    pub fn min(self, axes: &[usize]) -> Self {
        self.extremum(&MIN, axes, false, Less)
    }

    /// [`min`](Self::min) over `axes`, which keep length 1.
    #[track_caller]
    pub fn min_keep(self, axes: &[usize]) -> Self {
        self.extremum(&MIN, axes, true, Less)
    }

    /// The least element, a scalar.
    #[track_caller]
    pub fn min_all(self) -> Self {
        self.extremum(&MIN, &self.shape().all_axes(), false, Less)
    }
}
