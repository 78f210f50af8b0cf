//! z = min(x, y) with broadcasting;  the gradient goes to the smaller one, half to each at a tie

use super::maximum::{untied, winner};
use super::*;

pub static MINIMUM: Op = Op {
    name: "minimum",
    formula: "z = min(x, y)",
    cases: |s| {
        let pairs = s.broadcast_pairs();
        let case = |shapes| {
            let [x, y] = untied(s, shapes);
            case!([x, y], |x| x[0].minimum(x[1]))
        };
        pairs.iter().map(case).collect()
    },
};

impl<T: Real> Var<'_, T> {
    /// The smaller of x and y elementwise, with broadcasting. The gradient goes to the smaller one; at a tie each gets
    /// half. A NaN on either side gives NaN.
    ///
    /// ```
    /// let tape = gradbook_autograd::Tape::<f64>::new();
    /// let (x, y) = (tape.scalar(3.0), tape.scalar(4.0));
    /// let grads = x.minimum(y).backward();
    /// assert_eq!((grads[x].item(), grads[y].item()), (1.0, 0.0));
    /// ```
    #[track_caller]
    pub fn minimum(self, y: Self) -> Self {
        winner(&MINIMUM, [self, y], |x, y| x < y)
    }
}
