//! y = x − ln Σ eˣ along an axis,  ∂L/∂x = g − eʸ·Σ g

use super::softmax::Exponentials;
use super::*;

pub static LOG_SOFTMAX: Op = Op {
    name: "log_softmax",
    formula: "y = x − ln Σ eˣ along an axis",
    cases: |s| {
        let [a, b, c] = s.dims();
        vec![
            case!([s.normal(&[a, b, c])], |x| x[0].log_softmax(2)),
            case!([s.normal(&[a, b, c])], |x| x[0].log_softmax(1)),
            // Several columns, as x + 100 rounds to 10⁻¹⁴: by itself one could vary too little for differences to see.
            case!([s.normal(&[a + 1, 4])], |x| (x[0] + 100.0).log_softmax(0)),
        ]
    },
};

impl<T: Real> Var<'_, T> {
    /// The log-probabilities x − ln Σ eˣ along `axis`, exact where the [`softmax`](Self::softmax) underflows;
    /// ∂L/∂x = g − eʸ·Σ g. An x of −∞ keeps it; where all are −∞, or one is +∞, the result is NaN.
    ///
    /// ```text
    /// x [row, code]   x.log_softmax(1) [row, code]
    /// ```
    ///
    /// ```
    /// use gradbook_autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::new([2], vec![0.0, 3f64.ln()]));           // probabilities ¼ and ¾
    /// let grads = x.log_softmax(0).backward_with(Tensor::new([2], vec![0.0, 1.0]));
    /// assert!((grads[x].as_slice()[1] - 0.25).abs() < 1e-12);             // ∂y₁/∂x₁ = 1 − ¾
    /// ```
    ///
    /// # Panics
    /// If the axis does not exist.
    #[track_caller]
    pub fn log_softmax(self, axis: usize) -> Self {
        let x = self.value();
        x.shape().check_axes("log_softmax", &[axis]);
        let e = Exponentials::new(&x, &[axis]);
        let (sum, exp) = (e.divisor(), e.exp);
        let y = e.below.zip(&sum, |below, sum| below - sum.ln());
        self.tape.record(&LOG_SOFTMAX, &[self], y, move |g, sink| {
            let total = g.fold_axes(&[axis], T::ZERO, |sum, g| sum + g);
            let mut dx = exp.zip(&total.zip(&sum, |total, sum| total / sum), |e, share| e * share);
            dx.zip_assign(&g, |p, g| g - p); // g − eʸ·Σ g
            sink.add(0, dx);
        })
    }
}
