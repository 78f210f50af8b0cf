//! [`Tape::custom`]: an operation of your own, derivative beside the forward, in one call.

use crate::{Real, Sink, Tape, Tensor, Var};

impl<T: Real> Tape<T> {
    /// Computes `forward(inputs)` and remembers `backward(inputs, output, g, sink)`, which turns g = ∂L/∂y into ∂L/∂x for
    /// each input k: `sink.give(k, || …)` computes it if it is wanted. Inputs and output are pointer copies.
    ///
    /// Prove it with a [`case!`](crate::case), by the same oracles as every op of this crate:
    ///
    /// ```
    /// use gradbook_autograd::{Real, Tape, Var, case, check::Sampler};
    ///
    /// /// r = √(a² + b²),  ∂r/∂a = a/r, ∂r/∂b = b/r
    /// fn hypot<'t, T: Real>(a: Var<'t, T>, b: Var<'t, T>) -> Var<'t, T> {
    ///     a.tape().custom(
    ///         "hypot",
    ///         &[a, b],
    ///         |x| x[0].zip(&x[1], |a, b| (a * a + b * b).sqrt()),
    ///         |x, r, g, sink| {
    ///             let g_over_r = g.zip(r, |g, r| g / r);
    ///             for k in 0..2 {
    ///                 sink.give(k, || g_over_r.zip(&x[k], |g, x| g * x));
    ///             }
    ///         },
    ///     )
    /// }
    ///
    /// let tape = Tape::<f64>::new();
    /// let (a, b) = (tape.scalar(3.0), tape.scalar(4.0));
    /// let r = hypot(a, b);
    /// let grads = r.backward();
    /// assert_eq!((r.item(), grads[b].item()), (5.0, 0.8));
    ///
    /// let mut s = Sampler::new(1);
    /// case!([s.nonzero(&[2, 3]), s.nonzero(&[3])], |x| hypot(x[0], x[1])).verify(1).expect("the derivative is right");
    /// ```
    ///
    /// # Panics
    /// If the inputs live on another tape.
    #[track_caller]
    pub fn custom<'t>(
        &'t self,
        name: &'static str,
        inputs: &[Var<'t, T>],
        forward: impl FnOnce(&[Tensor<T>]) -> Tensor<T>,
        backward: impl FnOnce(&[Tensor<T>], &Tensor<T>, Tensor<T>, &mut Sink<'_, T>) + Send + 'static,
    ) -> Var<'t, T> {
        let x: Vec<Tensor<T>> = inputs.iter().map(|x| x.value()).collect();
        let y = forward(&x);
        let saved = y.clone();
        self.record_as(name, inputs, y, move |g, sink| backward(&x, &saved, g, sink))
    }
}
