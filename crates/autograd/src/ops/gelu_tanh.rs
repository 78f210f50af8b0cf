//! y = x/2·(1 + tanh u), u = √(2/π)(x + 0.044715x³);  ∂y/∂x = (1 + tanh u)/2 + x/2·(1 − tanh² u)·u′

use super::*;

pub static GELU_TANH: Op = Op {
    name: "gelu_tanh",
    formula: "y = x/2·(1 + tanh(√(2/π)(x + 0.044715x³)))",
    cases: |s| {
        // Away from the minimum, where the slope nearly vanishes and leaves nothing that rounding could be small against.
        vec![case!([s.any(|s, shape| s.away_from(shape, &[-0.752]))], |x| x[0].gelu_tanh())]
    },
};

impl<T: Real> Var<'_, T> {
    /// GELU by its tanh approximation (Hendrycks & Gimpel 2016, arXiv:1606.08415), PyTorch's `approximate="tanh"`:
    /// x/2·(1 + tanh u), u = √(2/π)(x + 0.044715x³); ∂y/∂x = (1 + tanh u)/2 + x/2·(1 − tanh² u)·u′.
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(1.0);
    /// let grads = x.gelu_tanh().backward();
    /// assert!((grads[x].item() - 1.082_964).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn gelu_tanh(self) -> Self {
        let c = T::of((2.0 / std::f64::consts::PI).sqrt());
        let tanh_u = move |x: T| (c * (x + T::of(0.044715) * x * x * x)).tanh();
        let du = move |x: T| c * (T::ONE + T::of(3.0 * 0.044715) * x * x);
        let slope = move |x, t: T| T::of(0.5) * (T::ONE + t + x * (T::ONE - t * t) * du(x));
        let value = move |x| T::of(0.5) * x * (T::ONE + tanh_u(x));
        self.map_by_input(&GELU_TANH, value, move |x| slope(x, tanh_u(x)))
    }
}
