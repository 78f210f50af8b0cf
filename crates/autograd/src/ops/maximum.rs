//! z = max(x, y) with broadcasting;  the gradient goes to the larger one, half to each at a tie

use super::*;

pub static MAXIMUM: Op = Op {
    name: "maximum",
    formula: "z = max(x, y)",
    cases: |s| {
        s.broadcasts(|s, a, b| {
            let [x, y] = untied(s, a, b);
            case!([x, y], |x| x[0].maximum(x[1]))
        })
    },
};

/// Two tensors of which no elements are nearer than 0.2: x near multiples of ½, y midway between such.
pub(super) fn untied(s: &mut Sampler, a: &[usize], b: &[usize]) -> [Tensor<f64>; 2] {
    let halves = |x: f64| (2.0 * x).round() / 2.0;
    [s.normal(a).map(|x| halves(x) + 0.03 * x.tanh()), s.normal(b).map(|y| halves(y) + 0.25)]
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
        self.winner(y, &MAXIMUM, |x, y| x > y)
    }

    /// s·x + (1 − s)·y, where s is 1 if x wins, 0 if y does, and ½ if neither: at a tie, or at a NaN. At a tie it is
    /// x + (y − x)/2, which neither underflows nor loses what dual numbers carry.
    #[track_caller]
    pub(super) fn winner(self, y: Self, op: &'static Op, wins: fn(T, T) -> bool) -> Self {
        let half = T::of(0.5);
        let midway = move |x: T, y: T| match x + half * (y - x) {
            nan if nan.is_nan() => half * x + half * y, // two infinities, or a NaN indeed
            middle => middle,
        };
        let pick = move |x: T, y: T, [first, second, neither]: [T; 3]| match () {
            _ if wins(x, y) => first,
            _ if wins(y, x) => second,
            _ => neither,
        };
        self.zip_by_inputs(
            y,
            op,
            move |x, y| pick(x, y, [x, y, midway(x, y)]),
            move |x, y| pick(x, y, [T::ONE, T::ZERO, half]),
            move |x, y| pick(x, y, [T::ZERO, T::ONE, half]),
        )
    }
}
