//! y = x with its axes in another order,  ∂L/∂x = g with its axes put back

use super::*;

pub static PERMUTE: Op = Op {
    name: "permute",
    formula: "y = x with its axes in another order",
    cases: |s| {
        let [a, b, c] = s.dims();
        vec![
            case!([s.normal(&[a, b, c])], |x| x[0].permute(&[2, 0, 1])),
            case!([s.normal(&[a, b, c])], |x| x[0].transpose()),
            case!([s.normal(&[b, a, 2, c])], |x| x[0].permute(&[1, 3, 2, 0])),
        ]
    },
};

impl<T: Real> Var<'_, T> {
    /// The axes in another order: axis k of y is axis `axes[k]` of x (a copy in standard layout). The gradient's axes are
    /// put back by the inverse order.
    ///
    /// ```text
    /// x [batch, length, channel]   x.permute(&[0, 2, 1]) [batch, channel, length]
    /// ```
    ///
    /// ```
    /// use gradbook_autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::new([2, 2], vec![1.0, 2.0, 3.0, 4.0]));
    /// let y = x.permute(&[1, 0]);
    /// assert_eq!(y.value().as_slice(), [1.0, 3.0, 2.0, 4.0]);
    /// let grads = y.backward_with(Tensor::new([2, 2], vec![5.0, 6.0, 7.0, 8.0]));
    /// assert_eq!(grads[x].as_slice(), [5.0, 7.0, 6.0, 8.0]);
    /// ```
    ///
    /// # Panics
    /// If `axes` does not name every axis once.
    #[track_caller]
    pub fn permute(self, axes: &[usize]) -> Self {
        let x = self.value();
        x.shape().check_axes("permute", axes);
        if axes.len() != x.shape().len() {
            let what = format!("{axes:?} leaves axes out");
            mismatch("permute", &what, &[("x", x.shape(), "")], "each axis is named once");
        }
        let mut inverse = axes.to_vec();
        axes.iter().enumerate().for_each(|(k, &axis)| inverse[axis] = k);
        self.tape.record(&PERMUTE, &[self], x.permuted(axes), move |g, sink| {
            sink.add(0, g.permuted(&inverse));
        })
    }

    /// The last two axes exchanged. (A matrix product needs no transposed copy: see [`matmul_nt`](Self::matmul_nt).)
    #[track_caller]
    pub fn transpose(self) -> Self {
        let shape = self.shape();
        let mut axes = shape.all_axes();
        match axes.last_chunk_mut::<2>() {
            Some(last) => last.reverse(),
            None => mismatch("transpose", "there are no two axes", &[("x", &shape, "")], "at least two axes"),
        }
        self.permute(&axes)
    }
}
