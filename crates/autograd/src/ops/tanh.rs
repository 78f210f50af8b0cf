//! y = tanh x,  ∂y/∂x = 1 − y²

use super::*;

pub static TANH: Op = Op {
    name: "tanh",
    formula: "y = tanh x",
    cases: |s| vec![case!([s.any(Sampler::normal)], |x| x[0].tanh())],
};

impl<T: Real> Var<'_, T> {
    /// tanh x elementwise; ∂y/∂x = 1 − y².
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(0.5);
    /// let grads = x.tanh().backward();
    /// assert!((grads[x].item() - 0.786_447_7).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn tanh(self) -> Self {
        self.map_by_output(&TANH, T::tanh, |y| T::ONE - y * y)
    }
}
