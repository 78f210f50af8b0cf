//! y = x·Φ(x), Φ the normal distribution;  ∂y/∂x = Φ(x) + x·φ(x)

use super::*;

pub static GELU: Op = Op {
    name: "gelu",
    formula: "y = x·Φ(x)",
    cases: |s| {
        // Away from the minimum, where the slope nearly vanishes and leaves nothing that rounding could be small against.
        vec![case!([s.any(|s, shape| s.away_from(shape, &[-0.752]))], |x| x[0].gelu())]
    },
};

impl<T: Real> Var<'_, T> {
    /// The Gaussian error linear unit, exactly (Hendrycks & Gimpel 2016, arXiv:1606.08415): x·Φ(x) with
    /// Φ(x) = (1 + erf(x/√2))/2; ∂y/∂x = Φ(x) + x·e^(−x²/2)/√(2π).
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(1.0);
    /// let grads = x.gelu().backward();
    /// assert!((grads[x].item() - 1.083_315).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn gelu(self) -> Self {
        let phi = |x: T| T::of(0.5) * (T::ONE + (x * T::of(std::f64::consts::FRAC_1_SQRT_2)).erf());
        let density = |x: T| T::of((2.0 * std::f64::consts::PI).sqrt().recip()) * (T::of(-0.5) * x * x).exp();
        self.map_by_input(&GELU, move |x| x * phi(x), move |x| phi(x) + x * density(x))
    }
}
