//! y = x where x > 0, else α(eˣ − 1);  ∂y/∂x = 1 or y + α

use super::*;

pub static ELU: Op = Op {
    name: "elu",
    formula: "y = x where x > 0, else α(eˣ − 1)",
    cases: |s| vec![case!([s.any(|s, shape| s.away_from(shape, &[0.0]))], |x| x[0].elu(0.7))],
};

impl<T: Real> Var<'_, T> {
    /// The exponential linear unit (Clevert et al. 2015, arXiv:1511.07289): x where positive, α(eˣ − 1) elsewhere;
    /// ∂y/∂x = 1 or y + α (the latter at the kink). Panics if α < 0, as the slope is read from the sign of y.
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(-1.0);
    /// let grads = x.elu(0.7).backward();
    /// assert!((grads[x].item() - 0.257_516).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn elu(self, alpha: f64) -> Self {
        assert!(alpha >= 0.0, "elu: alpha is {alpha}\n  rule: alpha ≥ 0");
        let alpha = T::of(alpha);
        self.map_by_output(
            &ELU,
            move |x| if x > T::ZERO { x } else { alpha * x.exp_m1() },
            move |y| if y > T::ZERO { T::ONE } else { y + alpha },
        )
    }
}
