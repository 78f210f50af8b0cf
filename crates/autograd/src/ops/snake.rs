//! y = x + sin²(αx)/α,  ∂y/∂x = 1 + sin 2αx,  ∂y/∂α = (x·sin 2αx − sin²(αx)/α)/α

use super::*;

pub static SNAKE: Op = Op {
    name: "snake",
    formula: "y = x + sin²(αx)/α",
    cases: |s| {
        let [batch, length, channel] = s.dims();
        let alpha = s.uniform(&[channel], 0.3, 2.0);
        vec![
            case!([s.normal(&[batch, length, channel]), alpha], |x| x[0].snake(x[1])),
            case!([s.normal(&[length, channel]), s.uniform(&[], 0.3, 2.0)], |x| x[0].snake(x[1])),
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
        broadcast_or_panic("snake", &self.shape(), &alpha.shape());
        let (x, a) = (self.value(), alpha.value());
        let y = x.zip(&a, |x, a| {
            let sine = (a * x).sin();
            x + sine * sine / a
        });
        self.tape.record(&SNAKE, &[self, alpha], y, move |mut g, sink| {
            let double = |x: T, a: T| (T::of(2.0) * a * x).sin(); // sin 2αx = 2 sin αx cos αx
            if sink.wants(0) {
                let slope = x.zip(&a, |x, a| T::ONE + double(x, a));
                sink.add(0, g.zip(&slope, |g, d| g * d));
            }
            if sink.wants(1) {
                let slope = x.zip(&a, |x, a| {
                    let sine = (a * x).sin();
                    (x * double(x, a) - sine * sine / a) / a
                });
                g.zip_assign(&slope, |g, d| g * d);
                sink.add(1, g);
            }
        })
    }
}
