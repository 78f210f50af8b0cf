//! z = max(x, y) with broadcasting;  the gradient goes to the larger one, half to each at a tie

use super::Op;
use crate::{Real, Tensor, Var, case, shape::broadcast_or_panic};

pub static MAXIMUM: Op = Op {
    name: "maximum",
    formula: "z = max(x, y)",
    cases: |s| {
        let untied = |s: &mut crate::check::Sampler, a, b| {
            let (x, y) = (s.normal(a), s.normal(b));
            // A step of 1 to either side keeps x and y apart by at least 0.1.
            let y = y.map(|y| (y * 2.0).round() / 2.0 + 0.25);
            (x.map(|x| (x * 2.0).round() / 2.0 + 0.03 * x.tanh()), y)
        };
        s.broadcast_pairs()
            .iter()
            .map(|[a, b]| {
                let (x, y) = untied(s, a, b);
                case!([x, y], |x| x[0].maximum(x[1]))
            })
            .collect()
    },
};

impl<'t, T: Real> Var<'t, T> {
    /// The larger of x and y elementwise, with broadcasting. The gradient goes to the larger one; at a tie each gets
    /// half. A NaN on either side gives NaN.
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let (x, y) = (tape.scalar(3.0), tape.scalar(4.0));
    /// let grads = x.maximum(y).backward();
    /// assert_eq!((grads[x].item(), grads[y].item()), (0.0, 1.0));
    /// ```
    #[track_caller]
    pub fn maximum(self, y: Self) -> Self {
        broadcast_or_panic("maximum", &self.shape(), &y.shape());
        let (xv, yv) = (self.value(), y.value());
        let z = xv.zip(&yv, |x, y| if x > y || x.is_nan() { x } else { y });
        self.tape.record(&MAXIMUM, &[self, y], z, move |g, sink| {
            // The share of the gradient that goes to x: 1, ½ or 0.
            let share: Tensor<T> = xv.zip(&yv, |x, y| match () {
                _ if x > y => T::ONE,
                _ if x == y => T::of(0.5),
                _ => T::ZERO,
            });
            if sink.wants(0) {
                sink.add(0, g.zip(&share, |g, s| g * s));
            }
            if sink.wants(1) {
                sink.add(1, g.zip(&share, |g, s| g * (T::ONE - s)));
            }
        })
    }
}
