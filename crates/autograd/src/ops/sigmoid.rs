//! y = 1/(1 + e⁻ˣ),  ∂y/∂x = y(1 − y)

use super::*;

pub static SIGMOID: Op = Op {
    name: "sigmoid",
    formula: "y = 1/(1 + e⁻ˣ)",
    cases: |s| vec![case!([s.any(Sampler::normal)], |x| x[0].sigmoid())],
};

/// σ(x) by e^(−|x|), which never overflows: 1/(1 + e⁻ˣ) = eˣ/(eˣ + 1).
#[inline(always)]
pub(super) fn logistic<T: Real>(x: T) -> T {
    let e = (-x.abs()).exp();
    (if x < T::ZERO { e } else { T::ONE }) / (T::ONE + e)
}

impl<T: Real> Var<'_, T> {
    /// The logistic function elementwise; ∂y/∂x = y(1 − y).
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(0.0);
    /// let grads = x.sigmoid().backward();
    /// assert!((grads[x].item() - 0.25).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn sigmoid(self) -> Self {
        self.map_by_output(&SIGMOID, logistic, |y| y * (T::ONE - y))
    }
}
