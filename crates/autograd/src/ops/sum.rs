//! y = Σ x over some axes,  ∂y/∂x = 1

use super::*;

pub static SUM: Op = Op {
    name: "sum",
    formula: "y = Σ x over axes",
    cases: reduction_cases!(normal: sum(&[1]), sum_keep(&[2, 0]), sum_all()),
};

impl<T: Real> Var<'_, T> {
    reduction! {
        /// Σ x over `axes`, which vanish; ∂y/∂x = 1. The sum of nothing is 0.
        ///
        /// ```text
        /// x [batch, length, channel]   x.sum(&[0, 1]) [channel]   x.sum_keep(&[0, 1]) [1, 1, channel]   x.sum_all() []
        /// ```
        ///
        /// ```
        /// use gradbook_autograd::{Tape, Tensor};
        /// let tape = Tape::<f64>::new();
        /// let x = tape.var(Tensor::new([2, 2], vec![1.0, 2.0, 3.0, 4.0]));
        /// let y = x.sum(&[0]);
        /// assert_eq!(y.value().as_slice(), [4.0, 6.0]);
        /// let grads = y.backward_with(Tensor::new([2], vec![10.0, 20.0]));
        /// assert_eq!(grads[x].as_slice(), [10.0, 20.0, 10.0, 20.0]);
        /// ```
        ///
        /// # Panics
        /// If an axis does not exist or is named twice.
        sum, sum_keep, sum_all by summed
    }

    #[track_caller]
    fn summed(self, axes: &[usize], keep: bool) -> Self {
        self.reduce(&SUM, axes, keep, |x| {
            let y = x.fold_axes(axes, T::ZERO, |sum, x| sum + x);
            (y, move |g| g.expand(*x.shape()))
        })
    }
}
