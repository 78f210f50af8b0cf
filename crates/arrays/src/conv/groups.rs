//! Convolution in groups of channels: each group is a convolution on slices of the channels, and one channel per group
//! (depthwise) is a product of rows.

use ndarray::{Axis, Slice};

use super::{Windows, channels, fill_rows};
use crate::{CHAIN, Real, Tensor, pairwise, simd};

impl Windows {
    /// `y[m] = bias + Σₖ x[m·stride + k·dilation − pad_left] · w[k]`, with w `[tap, in/groups, out]`.
    ///
    /// ```
    /// use gradbook_arrays::{Conv1dSpec, Tensor, conv::Windows};
    /// let windows = Windows::new(Conv1dSpec::default(), 2, 1, 4, 3); // 3 windows of 2 taps over 4 samples
    /// let x = Tensor::new([4, 1], vec![1.0, 2.0, 4.0, 8.0]);
    /// let w = Tensor::new([2, 1, 1], vec![-1.0, 1.0]); // the difference of neighbors
    /// assert_eq!(windows.correlate(&x, &w, None).as_slice(), [1.0, 2.0, 4.0]);
    /// ```
    pub fn correlate<T: Real>(&self, x: &Tensor<T>, w: &Tensor<T>, bias: Option<&Tensor<T>>) -> Tensor<T> {
        if !self.is_depthwise(w.shape()[1], channels(w)) {
            return self.by_group(x, w, bias, |x, w, bias| self.dense(x, w, bias));
        }
        let mut y = filled([self.batch * self.short, channels(w)], bias);
        self.meetings(|m, p, k| add_product(row_mut(&mut y, m), row(x, p), row(w, k)));
        y
    }

    /// The adjoint of [`correlate`](Self::correlate): `x[m·stride + k·dilation − pad_left] += g[m] · w[k]ᵀ` on top of the
    /// bias, with w `[tap, in/groups, out]` as there if `swap`, and else `[tap, out, in/groups]`.
    ///
    /// ```
    /// use gradbook_arrays::{Conv1dSpec, Tensor, conv::Windows};
    /// let windows = Windows::new(Conv1dSpec::default(), 2, 1, 4, 3);
    /// let g = Tensor::new([3, 1], vec![1.0, 10.0, 100.0]);
    /// let w = Tensor::new([2, 1, 1], vec![-1.0, 1.0]);
    /// assert_eq!(windows.adjoint(&g, (&w, true), None).as_slice(), [-1.0, -9.0, -90.0, 100.0]);
    /// ```
    pub fn adjoint<T: Real>(
        &self,
        g: &Tensor<T>,
        (w, swap): (&Tensor<T>, bool),
        bias: Option<&Tensor<T>>,
    ) -> Tensor<T> {
        let outputs = channels(g);
        let width = if swap { w.shape()[1] } else { channels(w) };
        if g.as_slice().is_empty() {
            return filled([self.batch * self.long, width * self.spec.groups], bias);
        }
        // Either way the weights of a group are neighbors in the last axis.
        let w = w.reshaped(if swap { [self.taps * width, outputs] } else { [self.taps, outputs * width] });
        if !self.is_depthwise(width, outputs) {
            return self.by_group(g, &w, bias, |g, w, bias| {
                let shape =
                    if swap { [self.taps, width, channels(g)] } else { [self.taps, channels(g), width] };
                self.dense_adjoint(g, (&w.reshaped(shape), swap), bias)
            });
        }
        let mut x = filled([self.batch * self.long, outputs], bias);
        self.meetings(|m, p, k| add_product(row_mut(&mut x, p), row(g, m), row(&w, k)));
        x
    }

    /// The transpose of [`correlate`](Self::correlate) in its weights: `Σₘ x[m·stride + k·dilation − pad_left]ᵀ · g[m]` for
    /// every tap k, `[tap, in/groups, out]`.
    ///
    /// ```
    /// use gradbook_arrays::{Conv1dSpec, Tensor, conv::Windows};
    /// let windows = Windows::new(Conv1dSpec::default(), 2, 1, 4, 3);
    /// let x = Tensor::new([4, 1], vec![1.0, 2.0, 4.0, 8.0]);
    /// let g = Tensor::new([3, 1], vec![1.0, 10.0, 100.0]);
    /// assert_eq!(windows.weights(&x, &g).as_slice(), [421.0, 842.0]); // 1·1 + 2·10 + 4·100, 2·1 + 4·10 + 8·100
    /// ```
    pub fn weights<T: Real>(&self, x: &Tensor<T>, g: &Tensor<T>) -> Tensor<T> {
        let (inputs, outputs) = (channels(x), channels(g));
        let shape = [self.taps, inputs / self.spec.groups, outputs];
        if g.as_slice().is_empty() {
            return Tensor::zeros(shape);
        }
        if !self.is_depthwise(shape[1], outputs) {
            return self.by_group(x, g, None, |x, g, _| self.dense_weights(x, g)).reshaped(shape);
        }
        Tensor::build(shape, |w| {
            for (k, w) in w.chunks_exact_mut(outputs).enumerate() {
                let (windows, sample) = self.inside(k);
                let count = windows.len();
                let chain = |i: usize, w: &mut [T]| {
                    w.fill(T::ZERO);
                    for meeting in i * CHAIN..(self.batch * count).min((i + 1) * CHAIN) {
                        let (item, at) = (meeting / count, meeting % count);
                        let (m, p) = (windows.start + at, sample + at * self.spec.stride);
                        add_product(w, row(x, item * self.long + p), row(g, item * self.short + m));
                    }
                };
                w.fill(T::ZERO); // in case the tap meets nothing but padding
                pairwise((self.batch * count).div_ceil(CHAIN), w, chain, |a, b| a + b);
            }
        })
    }

    /// Whether every channel is a group of its own: one in, of `width` channels, and one out.
    fn is_depthwise(&self, width: usize, outputs: usize) -> bool {
        self.spec.groups > 1 && width == 1 && self.spec.groups == outputs
    }

    /// Visits every meeting of a window m, a sample p and a tap k, as rows of the whole batch.
    fn meetings(&self, mut visit: impl FnMut(usize, usize, usize)) {
        for item in 0..self.batch {
            for k in 0..self.taps {
                let (windows, sample) = self.inside(k);
                for (m, p) in windows.zip((sample..).step_by(self.spec.stride)) {
                    visit(item * self.short + m, item * self.long + p, k);
                }
            }
        }
    }

    /// f of each group's slice of the last axis of two operands and the bias; the results side by side again.
    fn by_group<T: Real>(
        &self,
        a: &Tensor<T>,
        b: &Tensor<T>,
        bias: Option<&Tensor<T>>,
        f: impl Fn(&Tensor<T>, &Tensor<T>, Option<&Tensor<T>>) -> Tensor<T>,
    ) -> Tensor<T> {
        let groups = self.spec.groups;
        if groups == 1 {
            return f(a, b, bias);
        }
        let slice = |x: &Tensor<T>, i: usize| {
            let width = channels(x) / groups;
            Tensor::from(x.rows().slice_axis(Axis(1), Slice::from(i * width..(i + 1) * width)).to_owned())
        };
        let parts: Vec<_> = (0..groups)
            .map(|i| f(&slice(a, i), &slice(b, i), bias.map(|bias| slice(bias, i)).as_ref()))
            .collect();
        let (rows, width) = parts[0].rows().dim();
        Tensor::build([rows, groups * width], |out| {
            for (i, out) in out.chunks_exact_mut(width).enumerate() {
                out.copy_from_slice(row(&parts[i % groups], i / groups));
            }
        })
    }
}

fn filled<T: Real>(shape: [usize; 2], bias: Option<&Tensor<T>>) -> Tensor<T> {
    Tensor::build(shape, |out| fill_rows(out, bias))
}

fn row<T: Real>(x: &Tensor<T>, i: usize) -> &[T] {
    &x.as_slice()[i * channels(x)..][..channels(x)]
}

fn row_mut<T: Real>(x: &mut Tensor<T>, i: usize) -> &mut [T] {
    let width = channels(x);
    &mut x.as_mut_slice()[i * width..][..width]
}

fn add_product<T: Real>(into: &mut [T], a: &[T], b: &[T]) {
    simd!(into.iter_mut().zip(a.iter().zip(b)).for_each(|(o, (&a, &b))| *o += a * b));
}
