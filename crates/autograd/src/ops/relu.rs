//! y = max(x, 0),  ∂y/∂x = 1 where y > 0, else 0

use super::*;

pub static RELU: Op = Op {
    name: "relu",
    formula: "y = max(x, 0)",
    cases: |s| vec![case!([s.any(|s, shape| s.away_from(shape, &[0.0]))], |x| x[0].relu())],
};

impl<T: Real> Var<'_, T> {
    /// max(x, 0) elementwise; ∂y/∂x = 1 where x > 0, else 0 (also at the kink).
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(3.0);
    /// let grads = x.relu().backward();
    /// assert!((grads[x].item() - 1.0).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn relu(self) -> Self {
        self.map_by_output(
            &RELU,
            |x| if x <= T::ZERO { T::ZERO } else { x }, // a NaN stays a NaN
            |y| if y > T::ZERO { T::ONE } else { T::ZERO },
        )
    }
}
