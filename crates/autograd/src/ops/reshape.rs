//! y = x under another shape,  ∂L/∂x = g under the shape of x

use super::*;

pub static RESHAPE: Op = Op {
    name: "reshape",
    formula: "y = x under another shape",
    cases: |s| {
        let [a, b, c] = s.dims();
        vec![
            case!([s.normal(&[a, b, c])], |x| x[0].reshape([a * b, c])),
            case!([s.normal(&[a, b])], |x| x[0].reshape([1, b, a, 1])),
        ]
    },
};

impl<T: Real> Var<'_, T> {
    /// The same elements, in row-major order, under another shape; no data moves. The gradient gets the shape of x back.
    ///
    /// ```text
    /// x [batch, length, channel]   x.reshape([batch * length, channel])
    /// ```
    ///
    /// ```
    /// use gradbook_autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::new([2, 2], vec![1.0, 2.0, 3.0, 4.0]));
    /// let grads = x.reshape([4]).backward_with(Tensor::new([4], vec![5.0, 6.0, 7.0, 8.0]));
    /// assert_eq!(grads[x].view()[[1, 0]], 7.0);
    /// ```
    ///
    /// # Panics
    /// If the shape has another number of elements.
    #[track_caller]
    pub fn reshape(self, shape: impl Into<Shape>) -> Self {
        let (x, to) = (self.value(), shape.into());
        let from = *x.shape();
        if from.size() != to.size() {
            let what = format!("{} elements do not fill {to:?}", from.size());
            mismatch("reshape", &what, &[("x", &from, "")], "the number of elements stays");
        }
        self.tape.record(&RESHAPE, &[self], x.reshaped(to), move |g, sink| sink.add(0, g.reshaped(from)))
    }
}
