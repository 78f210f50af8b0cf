//! z = xᵖ,  ∂z/∂x = p·xᵖ⁻¹, ∂z/∂p = z·ln x

use super::*;

pub static POW: Op = Op {
    name: "pow",
    formula: "z = xᵖ",
    cases: |s| {
        let mut cases =
            s.broadcasts(|s, a, b| case!([s.uniform(a, 0.4, 2.0), s.normal(b)], |x| x[0].pow(x[1])));
        cases.push(case!([s.any(Sampler::nonzero)], |x| x[0].powf(3.0)));
        cases.push(case!([s.any(|s, shape| s.uniform(shape, 0.4, 2.0))], |x| x[0].powf(-1.5)));
        cases
    },
};

impl<'t, T: Real> Var<'t, T> {
    /// xᵖ elementwise with broadcasting, both of which may want a gradient: p·xᵖ⁻¹ and z·ln x (0 where x = 0 ≤ p, as
    /// the limit is).
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let (x, p) = (tape.scalar(2.0), tape.scalar(3.0));
    /// let grads = x.pow(p).backward();
    /// assert!((grads[x].item() - 12.0).abs() < 1e-12 && (grads[p].item() - 8.0 * 2f64.ln()).abs() < 1e-12);
    /// ```
    #[track_caller]
    pub fn pow(self, p: Self) -> Self {
        let by_exponent = |x: T, p: T| {
            let (z, at_zero) = (x.pow(p), x.to_f64() == 0.0 && p.to_f64() >= 0.0);
            if at_zero || z.to_f64() == 0.0 { T::ZERO } else { z * x.ln() }
        };
        self.zip_by_inputs(p, &POW, T::pow, slope, by_exponent)
    }

    /// xᵖ for a constant p; x may be negative where p is an integer. ∂y/∂x = p·xᵖ⁻¹.
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(-2.0);
    /// let grads = x.powf(3.0).backward();
    /// assert_eq!(grads[x].item(), 12.0);
    /// ```
    #[track_caller]
    pub fn powf(self, p: f64) -> Self {
        let p = T::of(p);
        self.map_by_input(&POW, move |x| x.pow(p), move |x| slope(x, p))
    }
}

/// ∂xᵖ/∂x = p·xᵖ⁻¹
fn slope<T: Real>(x: T, p: T) -> T {
    if p == T::ZERO { T::ZERO } else { p * x.pow(p - T::ONE) }
}
