//! y = max x over some axes,  ∂y/∂x = 1/(number of ties) where x = y, 0 elsewhere

use super::*;

pub static MAX: Op = Op {
    name: "max",
    formula: "y = max x over axes",
    cases: reduction_cases!(distinct: max(&[1]), max_keep(&[2, 0]), max_all()),
};

impl<T: Real> Var<'_, T> {
    reduction! {
        /// The greatest x over `axes`, which vanish. Its gradient goes to the x that attains it; several that tie share it
        /// equally (as in PyTorch's `amax`). A NaN wins.
        ///
        /// ```text
        /// x [batch, length, channel]   x.max(&[1]) [batch, channel]   x.max_keep(&[1]) [batch, 1, channel]   x.max_all() []
        /// ```
        ///
        /// ```
        /// use gradbook_autograd::{Tape, Tensor};
        /// let tape = Tape::<f64>::new();
        /// let x = tape.var(Tensor::new([2, 3], vec![1.0, 5.0, 2.0, 7.0, 7.0, 0.0]));
        /// let y = x.max(&[1]);
        /// assert_eq!(y.value().as_slice(), [5.0, 7.0]);
        /// assert_eq!(y.sum_all().backward()[x].as_slice(), [0.0, 1.0, 0.0, 0.5, 0.5, 0.0]);
        /// ```
        ///
        /// # Panics
        /// If an axis does not exist or is named twice, or if there is nothing to take the maximum of.
        max, max_keep, max_all by greatest
    }

    #[track_caller]
    fn greatest(self, axes: &[usize], keep: bool) -> Self {
        self.extremum(&MAX, axes, keep, |x, y| x > y)
    }

    /// The element that is better than all others.
    #[track_caller]
    pub(super) fn extremum(
        self,
        op: &'static Op,
        axes: &[usize],
        keep: bool,
        better: fn(T, T) -> bool,
    ) -> Self {
        let shape = self.shape();
        shape.check_axes(op.name, axes);
        if shape.size() == 0 && shape.reduced(axes, true).size() > 0 {
            mismatch(op.name, "there are no elements", &[("x", &shape, "")], "only a sum may be of nothing");
        }
        self.reduce(op, axes, keep, |x| {
            let [a, b] = [f64::INFINITY, f64::NEG_INFINITY].map(T::of);
            let worst = if better(a, b) { b } else { a };
            let y = x.fold_axes(axes, worst, |y, x| if better(x, y) || x.is_nan() { x } else { y });
            let ties = x.zip(&y, |x, y| if x.to_f64() == y.to_f64() { T::ONE } else { T::ZERO });
            let axes = axes.to_vec();
            (y, move |g| {
                let count = ties.fold_axes(&axes, T::ZERO, |n, tie| n + tie);
                ties.zip(&g.zip(&count, |g, n| g / n), |tie, share| tie * share) // ∂L/∂x = g/n where x = y
            })
        })
    }
}
