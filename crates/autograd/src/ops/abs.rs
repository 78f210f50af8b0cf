//! y = |x|,  ∂y/∂x = sign x (0 at 0)

use super::*;

pub static ABS: Op = Op {
    name: "abs",
    formula: "y = |x|",
    cases: |s| vec![case!([s.any(|s, shape| s.away_from(shape, &[0.0]))], |x| x[0].abs())],
};

impl<T: Real> Var<'_, T> {
    /// |x| elementwise; ∂y/∂x = sign x, with 0 at the kink x = 0.
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(-3.0);
    /// let grads = x.abs().backward();
    /// assert!((grads[x].item() - -1.0).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn abs(self) -> Self {
        let sign = |x: T| match x {
            x if x > T::ZERO => T::ONE,
            x if x < T::ZERO => -T::ONE,
            _ => T::ZERO,
        };
        self.map_by_input(&ABS, move |x| x * sign(x), sign)
    }
}
