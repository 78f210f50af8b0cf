//! y = eˣ,  ∂y/∂x = y

use super::*;

pub static EXP: Op = Op {
    name: "exp",
    formula: "y = eˣ",
    cases: |s| {
        vec![
            case!([s.any(Sampler::normal)], |x| x[0].exp()),
            case!([s.any(Sampler::normal)], |x| (-x[0]).exp()),
        ]
    },
};

impl<T: Real> Var<'_, T> {
    /// eˣ elementwise; ∂y/∂x = y.
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(2.0);
    /// let grads = x.exp().backward();
    /// assert!((grads[x].item() - 7.389_056).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn exp(self) -> Self {
        self.map_by_output(&EXP, T::exp, |y| y)
    }
}
