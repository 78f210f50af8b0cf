//! y = x repeated along axes,  ∂L/∂x = Σ g over the repetitions

use super::*;

pub static BROADCAST_TO: Op = Op {
    name: "broadcast_to",
    formula: "y = x repeated along axes",
    cases: |s| {
        let [a, b, c] = s.dims();
        vec![
            case!([s.normal(&[b, 1])], |x| x[0].broadcast_to([a, b, c])),
            case!([s.normal(&[a, 1, c])], |x| x[0].broadcast_to([a, b, c])),
            case!([s.normal(&[])], |x| x[0].broadcast_to([a, b])),
        ]
    },
};

impl<T: Real> Var<'_, T> {
    /// x repeated to `shape` by NumPy's broadcasting rule. The gradient is summed over the repetitions. (Arithmetic
    /// broadcasts by itself, without this copy.)
    ///
    /// ```text
    /// x [channel]   x.broadcast_to([batch, length, channel])
    /// ```
    ///
    /// ```
    /// use gradbook_autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::new([2], vec![1.0, 2.0]));
    /// let y = x.broadcast_to([3, 2]);
    /// assert_eq!(y.value().as_slice(), [1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
    /// assert_eq!(y.sum_all().backward()[x].as_slice(), [3.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If x does not broadcast to `shape`.
    #[track_caller]
    pub fn broadcast_to(self, shape: impl Into<Shape>) -> Self {
        let (x, to) = (self.value(), shape.into());
        if x.shape().broadcast(&to) != Some(to) {
            let what = format!("x does not broadcast to {to:?}");
            let rule = "aligned at the last axis, each length of x is 1 or that of the result";
            mismatch("broadcast_to", &what, &[("x", x.shape(), "")], rule);
        }
        self.tape.record(&BROADCAST_TO, &[self], x.expand(to), |g, sink| sink.add(0, g)) // the sink sums
    }
}
