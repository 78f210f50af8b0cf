//! [`Tape::segment`]: trade time for memory by computing a part of the graph twice.

use crate::{Real, Tape, Tensor, Var};

impl<T: Real> Tape<T> {
    /// Runs `f` on `inputs` without keeping anything inside it; the backward sweep runs `f` again to get its
    /// derivatives. The values and gradients are the same bits as without a segment, if `f` is a pure function of its
    /// inputs (draw dropout masks outside and pass them in).
    ///
    /// Training deep Nets with Sublinear Memory Cost, Chen et al. 2016, arXiv:1604.06174.
    ///
    /// ```
    /// use gradbook_autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::new([2], vec![0.5, 2.0]));
    /// let y = tape.segment(&[x], |x| (x[0] * x[0]).tanh() * x[0]);
    /// assert_eq!(tape.stats().nodes, 2); // x and y, nothing between
    /// let grads = y.sum_all().backward();
    /// assert!((grads[x].as_slice()[0] - 0.714_926).abs() < 1e-6); // tanh x² + 2x² (1 − tanh² x²)
    /// ```
    #[track_caller]
    pub fn segment<'t>(
        &'t self,
        inputs: &[Var<'t, T>],
        f: impl for<'s> Fn(&[Var<'s, T>]) -> Var<'s, T> + Send + 'static,
    ) -> Var<'t, T> {
        let values: Vec<Tensor<T>> = inputs.iter().map(|x| x.value()).collect();
        let y = {
            let inner = Tape::new();
            let x: Vec<_> = values.iter().map(|x| inner.constant(x.clone())).collect();
            f(&x).value()
        };
        self.record_as("segment", inputs, y, move |g, sink| {
            let inner = Tape::new();
            let leaf =
                |(k, x): (usize, Tensor<T>)| if sink.wants(k) { inner.var(x) } else { inner.constant(x) };
            let x: Vec<_> = values.into_iter().enumerate().map(leaf).collect();
            let grads = f(&x).backward_with(g);
            for (k, x) in x.iter().enumerate() {
                if let Some(g) = grads.get(*x) {
                    sink.add(k, g.clone());
                }
            }
        })
    }
}
