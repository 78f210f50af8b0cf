//! y = x limited to [low, high];  ∂y/∂x = 1 inside, 0 outside and at the bounds

use super::*;

pub static CLAMP: Op = Op {
    name: "clamp",
    formula: "y = min(max(x, low), high)",
    cases: |s| vec![case!([s.any(|s, shape| s.away_from(shape, &[-0.5, 0.8]))], |x| x[0].clamp(-0.5, 0.8))],
};

impl<T: Real> Var<'_, T> {
    /// x limited to [low, high]; ∂y/∂x = 1 strictly inside, 0 outside and at both bounds (as in PyTorch 2.15). Panics
    /// if low > high.
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let x = tape.scalar(0.3);
    /// let grads = x.clamp(-0.5, 0.8).backward();
    /// assert!((grads[x].item() - 1.0).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn clamp(self, low: f64, high: f64) -> Self {
        assert!(low <= high, "clamp: the bounds are [{low}, {high}]\n  rule: low ≤ high");
        let (low, high) = (T::of(low), T::of(high));
        let limit = move |x: T| match x {
            x if x <= low => low,
            x if x >= high => high,
            x => x,
        };
        self.map_by_input(&CLAMP, limit, move |x| if low < x && x < high { T::ONE } else { T::ZERO })
    }
}
