//! z = max(x, y) with broadcasting;  the gradient goes to the larger one, half to each at a tie

use super::*;

pub static MAXIMUM: Op = Op {
    name: "maximum",
    formula: "z = max(x, y)",
    cases: |s| {
        let pairs = s.broadcast_pairs();
        let case = |shapes| {
            let [x, y] = untied(s, shapes);
            case!([x, y], |x| x[0].maximum(x[1]))
        };
        pairs.iter().map(case).collect()
    },
};

/// Two tensors of which no elements are nearer than 0.2: x near multiples of ½, y midway between such.
pub(super) fn untied(s: &mut Sampler, [a, b]: &[Shape; 2]) -> [Tensor<f64>; 2] {
    let halves = |x: f64| (2.0 * x).round() / 2.0;
    [s.normal(a).map(|x| halves(x) + 0.03 * x.tanh()), s.normal(b).map(|y| halves(y) + 0.25)]
}

/// The one of x and y that wins, with broadcasting; where neither does, the mean of both: a tie, or a NaN.
#[track_caller]
pub(super) fn winner<'t, T: Real>(
    op: &'static Op,
    [x, y]: [Var<'t, T>; 2],
    wins: impl Fn(T, T) -> bool + Copy + Send + 'static,
) -> Var<'t, T> {
    broadcast_or_panic(op.name, &x.shape(), &y.shape());
    let (xv, yv, half) = (x.value(), y.value(), T::of(0.5));
    let z = xv.zip(&yv, |x, y| match () {
        _ if wins(x, y) => x,
        _ if wins(y, x) => y,
        _ => half * x + half * y,
    });
    x.tape.record(op, &[x, y], z, move |mut g, sink| {
        let share = xv.zip(&yv, |x, y| match () {
            _ if wins(x, y) => T::ONE,
            _ if wins(y, x) => T::ZERO,
            _ => half,
        });
        if sink.wants(0) {
            sink.add(0, g.zip(&share, |g, s| g * s)); // ∂L/∂x = g·share
        }
        if sink.wants(1) {
            g.zip_assign(&share, |g, s| g * (T::ONE - s)); // ∂L/∂y = g·(1 − share)
            sink.add(1, g);
        }
    })
}

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
        winner(&MAXIMUM, [self, y], |x, y| x > y)
    }
}
