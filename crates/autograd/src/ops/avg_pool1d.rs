//! y[m] = (1/k) Σₜ x[m·stride + t], t < k, along the length,  ∂L/∂x[i] = (1/k) Σ g over the windows that hold i

use super::*;

pub static AVG_POOL1D: Op = Op {
    name: "avg_pool1d",
    formula: "y[m] = (1/k) Σₜ x[m·stride + t] along the length",
    cases: |s| {
        let ([n, c], kernel, stride) = (s.dims(), s.int(1, 4), s.int(1, 4));
        let length = kernel + s.int(0, 6);
        vec![
            case!([s.normal(&[n, length, c])], |x| x[0].avg_pool1d(kernel, stride)),
            case!([s.normal(&[n, 2 * kernel, c])], |x| x[0].avg_pool1d(kernel, kernel)),
        ]
    },
};

impl<T: Real> Var<'_, T> {
    /// The means of windows of `kernel` places, `stride` apart, along the length; what is left at the end is not seen.
    /// ∂y/∂x = 1/kernel within the window.
    ///
    /// ```text
    /// x [batch, length, channel]   y [batch, ⌊(length − kernel) / stride⌋ + 1, channel]
    /// ```
    ///
    /// ```
    /// use gradbook_autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::new([1, 5, 1], vec![1.0, 3.0, 5.0, 9.0, 100.0]));
    /// let y = x.avg_pool1d(2, 2);
    /// assert_eq!(y.value().as_slice(), [2.0, 7.0]);
    /// assert_eq!(y.sum_all().backward()[x].as_slice(), [0.5, 0.5, 0.5, 0.5, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If x does not have three axes, `kernel` is not within 1 to the length, or `stride` is 0.
    #[track_caller]
    pub fn avg_pool1d(self, kernel: usize, stride: usize) -> Self {
        let x = self.value();
        let shape = *x.shape();
        if shape.len() != 3 || kernel == 0 || shape[1] < kernel || stride == 0 {
            let what = format!("windows of {kernel}, {stride} apart, do not fit");
            let rule = "three axes, 1 ≤ kernel ≤ length, stride ≥ 1";
            mismatch("avg_pool1d", &what, &[("x", &shape, "batch, length, channel")], rule);
        }
        let [batch, length, channels] = shape[..] else { unreachable!("it has three axes") };
        let (count, share) = ((length - kernel) / stride + 1, T::ONE / T::of(kernel as f64));
        let places: Vec<usize> = (0..count).flat_map(|m| m * stride..m * stride + kernel).collect();
        let windows = Shape::from([batch, count, kernel, channels]);
        let sum = x.take(1, &places).into_shape(windows).fold_axes(&[2], T::ZERO, |sum, x| sum + x);
        let y = sum.into_shape([batch, count, channels]).map(|sum| sum * share);
        self.tape.record(&AVG_POOL1D, &[self], y, move |g, sink| {
            let g = g.map(|g| g * share).into_shape([batch, count, 1, channels]).expand(windows);
            sink.add(0, g.into_shape([batch, count * kernel, channels]).index_add(1, &places, length));
        })
    }
}
