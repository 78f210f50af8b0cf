//! y = 1/(1 + e⁻ˣ),  ∂y/∂x = y(1 − y)

use super::Op;
use crate::{Real, Var, case};

pub static SIGMOID: Op = Op {
    name: "sigmoid",
    formula: "y = 1/(1 + e⁻ˣ)",
    cases: |s| {
        let shape = s.shape();
        vec![case!([s.normal(&shape)], |x| x[0].sigmoid())]
    },
};

impl<T: Real> Var<'_, T> {
    /// The logistic function elementwise; ∂y/∂x = y(1 − y). e⁻ˣ may overflow to infinity, which gives the right 0.
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(0.0);
    /// let grads = x.sigmoid().backward();
    /// assert!((grads[x].item() - 0.25).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn sigmoid(self) -> Self {
        self.map_by_output(&SIGMOID, |x| T::ONE / (T::ONE + (-x).exp()), |y| y * (T::ONE - y))
    }
}
