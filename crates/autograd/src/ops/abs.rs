//! y = |x|,  ∂y/∂x = sign x (0 at 0)

use super::Op;
use crate::{Real, Var, case};

pub static ABS: Op = Op {
    name: "abs",
    formula: "y = |x|",
    cases: |s| {
        let shape = s.shape();
        vec![case!([s.away_from(&shape, &[0.0])], |x| x[0].abs())]
    },
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
        self.map_by_input(&ABS, T::abs, |x| match x.partial_cmp(&T::ZERO) {
            Some(std::cmp::Ordering::Less) => -T::ONE,
            Some(std::cmp::Ordering::Equal) => T::ZERO,
            _ => T::ONE,
        })
    }
}
