//! z = min(x, y) with broadcasting;  the gradient goes to the smaller one, half to each at a tie

use super::maximum::untied;
use super::*;

pub static MINIMUM: Op = Op {
    name: "minimum",
    formula: "z = min(x, y)",
    cases: |s| {
        s.broadcasts(|s, a, b| {
            let [x, y] = untied(s, a, b);
            case!([x, y], |x| x[0].minimum(x[1]))
        })
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
        self.winner(y, &MINIMUM, |x, y| x < y)
    }
}
