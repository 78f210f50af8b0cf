//! y[m] = x[⌊m / factor⌋] along the length,  ∂L/∂x[i] = Σ g over its repetitions

use super::*;

pub static UPSAMPLE_NEAREST1D: Op = Op {
    name: "upsample_nearest1d",
    formula: "y[m] = x[⌊m / factor⌋] along the length",
    cases: |s| {
        let ([n, l, c], factor) = (s.dims(), s.int(1, 4));
        vec![case!([s.normal(&[n, l, c])], |x| x[0].upsample_nearest1d(factor))]
    },
};

impl<T: Real> Var<'_, T> {
    /// Each place of the length repeated `factor` times. The gradient is summed over the repetitions.
    ///
    /// ```text
    /// x [batch, length, channel]   y [batch, factor · length, channel]
    /// ```
    ///
    /// ```
    /// use gradbook_autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::new([1, 2, 1], vec![1.0, 2.0]));
    /// let y = x.upsample_nearest1d(3);
    /// assert_eq!(y.value().as_slice(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    /// assert_eq!(y.sum_all().backward()[x].as_slice(), [3.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If x does not have three axes or `factor` is 0.
    #[track_caller]
    pub fn upsample_nearest1d(self, factor: usize) -> Self {
        let x = self.value();
        if x.shape().len() != 3 || factor == 0 {
            let what = format!("x cannot be repeated {factor} times");
            let operands = [("x", x.shape(), "batch, length, channel")];
            mismatch("upsample_nearest1d", &what, &operands, "three axes, factor ≥ 1");
        }
        let length = x.shape()[1];
        let source: Vec<usize> = (0..factor * length).map(|m| m / factor).collect();
        self.tape.record(&UPSAMPLE_NEAREST1D, &[self], x.take(1, &source), move |g, sink| {
            sink.add(0, g.index_add(1, &source, length));
        })
    }
}
