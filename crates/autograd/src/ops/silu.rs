//! y = x·σ(x),  ∂y/∂x = σ(x)(1 + x(1 − σ(x)))

use super::sigmoid::logistic;
use super::*;

pub static SILU: Op = Op {
    name: "silu",
    formula: "y = x·σ(x)",
    cases: |s| {
        // Away from the minimum, where the slope nearly vanishes and leaves nothing that rounding could be small against.
        vec![case!([s.any(|s, shape| s.away_from(shape, &[-1.278]))], |x| x[0].silu())]
    },
};

impl<T: Real> Var<'_, T> {
    /// The sigmoid linear unit, or swish: x·σ(x); ∂y/∂x = σ(x)(1 + x(1 − σ(x))).
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(1.0);
    /// let grads = x.silu().backward();
    /// assert!((grads[x].item() - 0.927_671).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn silu(self) -> Self {
        let slope = |x, s| s * (T::ONE + x * (T::ONE - s));
        self.map_by_input(&SILU, |x| x * logistic(x), move |x| slope(x, logistic(x)))
    }
}
