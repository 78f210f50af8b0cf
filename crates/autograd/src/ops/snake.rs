//! y = x + sin²(αx)/α,  ∂y/∂x = 1 + sin 2αx,  ∂y/∂α = (x·sin 2αx − sin²(αx)/α)/α

use super::*;

pub static SNAKE: Op = Op {
    name: "snake",
    formula: "y = x + sin²(αx)/α",
    cases: |s| {
        // Two channels at least, and no large α: a single element where the slope 1 + sin 2αx nearly vanishes leaves
        // nothing that rounding could be small against.
        let ([batch, length], channel) = (s.dims(), s.int(2, 4));
        let alpha = s.uniform(&[channel], 0.3, 1.2);
        vec![
            case!([s.normal(&[batch, length, channel]), alpha], |x| x[0].snake(x[1])),
            case!([s.normal(&[length, channel]), s.uniform(&[], 0.3, 1.2)], |x| x[0].snake(x[1])),
        ]
    },
};

impl<'t, T: Real> Var<'t, T> {
    /// The snake activation x + sin²(αx)/α for signals with periods, with one learned α ≠ 0 per channel (broadcast
    /// along the last axis). Ziyin et al. 2020, arXiv:2006.08195.
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let (x, alpha) = (tape.scalar(0.25), tape.scalar(2.0));
    /// let grads = x.snake(alpha).backward();
    /// assert!((grads[x].item() - (1.0 + 1f64.sin())).abs() < 1e-12); // 1 + sin 2αx
    /// ```
    #[track_caller]
    pub fn snake(self, alpha: Self) -> Self {
        let square = |x: T, a: T| (a * x).sin() * (a * x).sin();
        let double = |x: T, a: T| (T::of(2.0) * a * x).sin(); // sin 2αx = 2 sin αx cos αx
        self.zip_by_inputs(
            alpha,
            &SNAKE,
            move |x, a| x + square(x, a) / a,
            move |x, a| T::ONE + double(x, a),
            move |x, a| (x * double(x, a) - square(x, a) / a) / a,
        )
    }
}
