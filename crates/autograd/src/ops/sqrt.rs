//! y = √x,  ∂y/∂x = 1/(2y)

use super::*;

pub static SQRT: Op = Op {
    name: "sqrt",
    formula: "y = √x",
    cases: |s| vec![case!([s.any(|s, shape| s.uniform(shape, 0.3, 3.0))], |x| x[0].sqrt())],
};

impl<T: Real> Var<'_, T> {
    /// √x elementwise; ∂y/∂x = 1/(2y), infinite at 0.
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(4.0);
    /// let grads = x.sqrt().backward();
    /// assert!((grads[x].item() - 0.25).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn sqrt(self) -> Self {
        self.map_by_output(&SQRT, T::sqrt, |y| T::of(0.5) / y)
    }
}
