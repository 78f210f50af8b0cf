//! y = cos x,  ∂y/∂x = −sin x

use super::*;

pub static COS: Op = Op {
    name: "cos",
    formula: "y = cos x",
    cases: |s| vec![case!([s.any(Sampler::normal)], |x| x[0].cos())],
};

impl<T: Real> Var<'_, T> {
    /// cos x elementwise; ∂y/∂x = −sin x.
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(1.0);
    /// let grads = x.cos().backward();
    /// assert!((grads[x].item() - -0.841_471).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn cos(self) -> Self {
        self.map_by_input(&COS, T::cos, |x| -x.sin())
    }
}
