//! y = ln x,  ∂y/∂x = 1/x

use super::*;

pub static LN: Op = Op {
    name: "ln",
    formula: "y = ln x",
    cases: |s| vec![case!([s.any(|s, shape| s.uniform(shape, 0.3, 3.0))], |x| x[0].ln())],
};

impl<T: Real> Var<'_, T> {
    /// The natural logarithm elementwise; ∂y/∂x = 1/x.
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(4.0);
    /// let grads = x.ln().backward();
    /// assert!((grads[x].item() - 0.25).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn ln(self) -> Self {
        self.map_by_input(&LN, T::ln, |x| T::ONE / x)
    }
}
