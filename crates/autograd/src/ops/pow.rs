//! z = xᵖ,  ∂z/∂x = p·xᵖ⁻¹, ∂z/∂p = z·ln x

use super::*;

pub static POW: Op = Op {
    name: "pow",
    formula: "z = xᵖ",
    cases: |s| {
        let mut cases: Vec<_> = s
            .broadcast_pairs()
            .iter()
            .map(|[a, b]| case!([s.uniform(a, 0.4, 2.0), s.normal(b)], |x| x[0].pow(x[1])))
            .collect();
        let shape = s.shape();
        cases.push(case!([s.nonzero(&shape)], |x| x[0].powf(3.0)));
        cases.push(case!([s.uniform(&shape, 0.4, 2.0)], |x| x[0].powf(-1.5)));
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
        broadcast_or_panic("pow", &self.shape(), &p.shape());
        let (x, e) = (self.value(), p.value());
        let z = x.zip(&e, T::pow);
        let saved = z.clone();
        self.tape.record(&POW, &[self, p], z, move |mut g, sink| {
            if sink.wants(0) {
                let slope = x.zip(&e, |x, p| if p == T::ZERO { T::ZERO } else { p * x.pow(p - T::ONE) });
                sink.add(0, g.zip(&slope, |g, d| g * d)); // ∂L/∂x = g·p·xᵖ⁻¹
            }
            if sink.wants(1) {
                let flat = |z: T, x: T| z == T::ZERO || x == T::ZERO && z == T::ONE; // x = 0 ≤ p
                let slope = saved.zip(&x, |z, x| if flat(z, x) { T::ZERO } else { z * x.ln() });
                g.zip_assign(&slope, |g, d| g * d); // ∂L/∂p = g·z·ln x
                sink.add(1, g);
            }
        })
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
        let (p, less) = (T::of(p), T::of(p - 1.0));
        let slope = move |x: T| if p == T::ZERO { T::ZERO } else { p * x.pow(less) };
        self.map_by_input(&POW, move |x| x.pow(p), slope)
    }
}
