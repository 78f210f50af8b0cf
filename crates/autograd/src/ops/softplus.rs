//! y = ln(1 + eˣ),  ∂y/∂x = σ(x)

use super::sigmoid::logistic;
use super::*;

pub static SOFTPLUS: Op = Op {
    name: "softplus",
    formula: "y = ln(1 + eˣ)",
    cases: |s| vec![case!([s.any(Sampler::normal)], |x| x[0].softplus())],
};

impl<T: Real> Var<'_, T> {
    /// ln(1 + eˣ) = max(x, 0) + ln(1 + e^(−|x|)), which never overflows; ∂y/∂x = σ(x).
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(0.0);
    /// let grads = x.softplus().backward();
    /// assert!((grads[x].item() - 0.5).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn softplus(self) -> Self {
        let softplus = |x: T| (if x >= T::ZERO { x } else { T::ZERO }) + (-x.abs()).exp().ln_1p();
        self.map_by_input(&SOFTPLUS, softplus, logistic)
    }
}
