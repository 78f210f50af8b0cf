//! y = sin x,  ∂y/∂x = cos x

use super::*;

pub static SIN: Op = Op {
    name: "sin",
    formula: "y = sin x",
    cases: |s| vec![case!([s.any(Sampler::normal)], |x| x[0].sin())],
};

impl<T: Real> Var<'_, T> {
    /// sin x elementwise; ∂y/∂x = cos x.
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(0.0);
    /// let grads = x.sin().backward();
    /// assert!((grads[x].item() - 1.0).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn sin(self) -> Self {
        self.map_by_input(&SIN, T::sin, T::cos)
    }
}
