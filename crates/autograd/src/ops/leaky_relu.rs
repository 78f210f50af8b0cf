//! y = x where x > 0, else slope·x;  ∂y/∂x = 1 or slope

use super::*;

pub static LEAKY_RELU: Op = Op {
    name: "leaky_relu",
    formula: "y = max(x, 0) + slope·min(x, 0)",
    cases: |s| vec![case!([s.any(|s, shape| s.away_from(shape, &[0.0]))], |x| x[0].leaky_relu(0.1))],
};

impl<T: Real> Var<'_, T> {
    /// x where positive, slope·x elsewhere; ∂y/∂x = 1 or slope (slope at the kink).
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(-3.0);
    /// let grads = x.leaky_relu(0.1).backward();
    /// assert!((grads[x].item() - 0.1).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn leaky_relu(self, slope: f64) -> Self {
        let slope = T::of(slope);
        self.map_by_input(
            &LEAKY_RELU,
            move |x| if x > T::ZERO { x } else { slope * x },
            move |x| if x > T::ZERO { T::ONE } else { slope },
        )
    }
}
