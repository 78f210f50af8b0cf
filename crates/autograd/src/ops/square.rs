//! y = x²,  ∂y/∂x = 2x

use super::*;

pub static SQUARE: Op = Op {
    name: "square",
    formula: "y = x²",
    cases: |s| vec![case!([s.any(Sampler::normal)], |x| x[0].square())],
};

impl<T: Real> Var<'_, T> {
    /// x² elementwise; ∂y/∂x = 2x.
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(3.0);
    /// let grads = x.square().backward();
    /// assert_eq!(grads[x].item(), 6.0);
    /// ```
    #[track_caller]
    pub fn square(self) -> Self {
        self.map_by_input(&SQUARE, |x| x * x, |x| x + x)
    }
}
