//! y = Σ x over some axes; ∂y/∂x = 1 along them

use super::Op;
use crate::{Real, Tensor, Var, case};

pub static SUM: Op = Op {
    name: "sum",
    formula: "y = Σ x over axes",
    cases: |s| {
        vec![
            case!([s.normal(&[2, 3, 4])], |x| x[0].sum(&[1])),
            case!([s.normal(&[2, 3, 4])], |x| x[0].sum_keep(&[0, 2])),
            case!([s.normal(&[2, 3])], |x| x[0].sum_all()),
        ]
    },
};

impl<T: Real> Var<'_, T> {
    /// The sum over `axes`, which vanish.
    ///
    /// ```
    /// use gradbook_autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::new([2, 2], vec![1.0, 2.0, 3.0, 4.0]));
    /// assert_eq!(x.sum(&[0]).value().as_slice(), [4.0, 6.0]);
    /// ```
    #[track_caller]
    pub fn sum(self, axes: &[usize]) -> Self {
        self.summed(axes, false)
    }

    /// The sum over `axes`, which keep length 1.
    #[track_caller]
    pub fn sum_keep(self, axes: &[usize]) -> Self {
        self.summed(axes, true)
    }

    /// The sum of all elements, a scalar.
    #[track_caller]
    pub fn sum_all(self) -> Self {
        let axes: Vec<usize> = (0..self.shape().len()).collect();
        self.summed(&axes, false)
    }

    #[track_caller]
    fn summed(self, axes: &[usize], keep: bool) -> Self {
        let shape = self.shape();
        shape.check_axes("sum", axes);
        let y = self.value().fold_axes(axes, T::ZERO, |sum, x| sum + x);
        let kept = *y.shape();
        self.tape.record(&SUM, &[self], y.reshaped(shape.reduced(axes, keep)), move |g, sink| {
            sink.add(0, Tensor::zeros(shape).zip(&g.reshaped(kept), |_, g| g)); // broadcast back
        })
    }
}
