//! y = (Σ x) / n over some axes,  ∂y/∂x = 1/n

use super::*;

pub static MEAN: Op = Op {
    name: "mean",
    formula: "y = (Σ x) / n over axes",
    cases: reduction_cases!(normal: mean(&[1]), mean_keep(&[2, 0]), mean_all()),
};

impl<T: Real> Var<'_, T> {
    reduction! {
        /// The mean of x over `axes`, which vanish; ∂y/∂x = 1/n for n elements averaged. The mean of nothing is NaN.
        ///
        /// ```text
        /// x [batch, length, channel]   x.mean(&[0, 1]) [channel]   x.mean_keep(&[0, 1]) [1, 1, channel]   x.mean_all() []
        /// ```
        ///
        /// ```
        /// use gradbook_autograd::{Tape, Tensor};
        /// let tape = Tape::<f64>::new();
        /// let x = tape.var(Tensor::new([2, 2], vec![1.0, 2.0, 3.0, 4.0]));
        /// let y = x.mean_all();
        /// assert_eq!((y.item(), y.backward()[x].as_slice()), (2.5, &[0.25; 4][..]));
        /// ```
        ///
        /// # Panics
        /// If an axis does not exist or is named twice.
        mean, mean_keep, mean_all by averaged
    }

    #[track_caller]
    fn averaged(self, axes: &[usize], keep: bool) -> Self {
        self.reduce(&MEAN, axes, keep, |x| {
            let n = T::of(axes.iter().map(|&axis| x.shape()[axis]).product::<usize>() as f64);
            let mut y = x.fold_axes(axes, T::ZERO, |sum, x| sum + x);
            y.map_assign(|sum| sum / n);
            (y, move |mut g| {
                g.map_assign(|g| g / n); // ∂L/∂x = g / n, the same for all elements averaged
                g.expand(*x.shape())
            })
        })
    }
}
