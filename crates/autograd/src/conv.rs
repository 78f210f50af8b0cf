//! The kernels of convolution along the length axis, channels last: windows · weights, its adjoint, and the gradient
//! of the weights. conv1d and conv_transpose1d are the same three kernels with the roles exchanged.
//!
//! Channels last make the matrix of all windows ("im2col") free: in a padded item, a window of `taps` neighbors is
//! `taps · channels` consecutive numbers, and the next window begins `stride · channels` further on. So the matrix is
//! a *view* with overlapping rows, and a convolution is one matrix product. With dilation the taps lie apart, and each
//! makes a product of its own.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2, Axis, ShapeBuilder, Slice};

use crate::{
    Conv1dSpec, Real, Tensor,
    gemm::{each_block, gemm, matrix},
};

/// Where the windows lie: `short` windows of `taps` taps over `long` samples, for each item of a batch.
///
/// Tensors enter and leave as rows of channels: x is `[batch · long, in]`, y and its gradient g `[batch · short, out]`.
#[derive(Clone, Copy)]
pub(crate) struct Windows {
    pub spec: Conv1dSpec,
    pub taps: usize,
    pub batch: usize,
    pub long: usize,
    pub short: usize,
}

impl Windows {
    pub fn new(spec: Conv1dSpec, taps: usize, batch: usize, long: usize, short: usize) -> Self {
        if spec.pad_left == 0 && short * spec.stride == long && taps <= spec.stride && spec.dilation == 1 {
            // No window reaches across a border (one tap, for instance): the batch is one long item.
            return Self { spec, taps, batch: 1, long: batch * long, short: batch * short };
        }
        Self { spec, taps, batch, long, short }
    }

    /// y[m] = bias + Σₖ x[m·stride + k·dilation − pad_left] · w[k], with w `[tap, in, out]`. One product for each item,
    /// straight into its place.
    pub fn dense<T: Real>(&self, x: &Tensor<T>, w: &Tensor<T>, bias: Option<&Tensor<T>>) -> Tensor<T> {
        let (inputs, outputs) = (channels(x), channels(w));
        if self.suits_winograd(inputs, outputs) {
            return self.winograd(x, w, bias);
        }
        let work = self.short * outputs * inputs * self.taps;
        Tensor::build([self.batch * self.short, outputs], |y| {
            each_block(y, self.short * outputs, work, |item, y| {
                let x = &x.as_slice()[item * self.long * inputs..][..self.long * inputs];
                let padded = (self.spec.pad_left > 0 || self.span() > self.long)
                    .then(|| self.spread(x, inputs, self.long, self.pitch(), self.spec.pad_left));
                let x = padded.as_ref().map_or(x, Tensor::as_slice);
                fill_rows(y, bias);
                for taps in self.runs() {
                    let w = rows_of(w, taps.start * inputs..taps.end * inputs);
                    gemm(self.view(x, inputs, self.short, &taps), w, T::ONE, matrix_mut(y, outputs));
                }
            });
        })
    }

    /// The adjoint of [`dense`](Self::dense): x[m·stride + k·dilation − pad_left] += g[m] · w[k]ᵀ on top of the bias. One
    /// product for each tap over the whole batch, whose items lie in one row as in
    /// [`dense_weights`](Self::dense_weights); what falls into the padding is left there.
    ///
    /// w is `[tap, in, out]` as for `dense` if the flag says so, and otherwise `[tap, out, in]`.
    pub fn dense_adjoint<T: Real>(
        &self,
        g: &Tensor<T>,
        (w, swap): (&Tensor<T>, bool),
        bias: Option<&Tensor<T>>,
    ) -> Tensor<T> {
        let inputs = if swap { w.shape()[1] } else { channels(w) };
        if self.suits_winograd(inputs, channels(g)) {
            return self.winograd_adjoint(g, (w, swap), bias);
        }
        let (pitch, stride) = (self.pitch(), self.spec.stride);
        let (g, rows) = self.one_row(g, self.short, pitch / stride, 0);
        let reach = (rows - 1) * stride + self.spec.dilation * (self.taps - 1) + 1;
        let needed = (self.batch - 1) * pitch + self.spec.pad_left + self.long;
        let x = Tensor::build([reach.max(needed), inputs], |x| {
            fill_rows(x, bias);
            for k in 0..self.taps {
                let first = k * self.spec.dilation;
                let into = Slice::new(
                    first as isize,
                    Some((first + (rows - 1) * stride + 1) as isize),
                    stride as isize,
                );
                let x = matrix_mut(x, inputs);
                gemm(rows_of(&g, 0..rows), matrix((w, swap), k), T::ONE, x.slice_axis_move(Axis(0), into));
            }
        });
        if x.shape()[0] == self.batch * self.long {
            return x; // no padding, neither at the ends nor between items
        }
        Tensor::build([self.batch * self.long, inputs], |out| {
            let len = self.long * inputs;
            each_block(out, len, 32 * len, |item, out| {
                out.copy_from_slice(&x.as_slice()[(item * pitch + self.spec.pad_left) * inputs..][..len]);
            });
        })
    }

    /// The gradient of the weights, Σₘ x[m·stride + k·dilation − pad_left]ᵀ · g[m]: `[tap · in, out]`. One product over the
    /// whole batch: the items lie in one row, and the windows across their borders meet gradients of zero.
    pub fn dense_weights<T: Real>(&self, x: &Tensor<T>, g: &Tensor<T>) -> Tensor<T> {
        let (inputs, outputs) = (channels(x), channels(g));
        if self.suits_winograd(inputs, outputs) {
            return self.winograd_weights(x, g);
        }
        let (x, _) = self.one_row(x, self.long, self.pitch(), self.spec.pad_left);
        let (g, rows) = self.one_row(g, self.short, self.pitch() / self.spec.stride, 0);
        Tensor::build([self.taps * inputs, outputs], |w| {
            let mut w = matrix_mut(w, outputs);
            for taps in self.runs() {
                let windows = self.view(x.as_slice(), inputs, rows, &taps).reversed_axes();
                let into = Slice::from(taps.start * inputs..taps.end * inputs);
                gemm(windows, rows_of(&g, 0..rows), T::ZERO, w.slice_axis_mut(Axis(0), into));
            }
        })
    }

    /// The windows m whose tap k meets a sample (not padding), and the samples it meets: the first to the last.
    pub fn inside(&self, k: usize) -> (Range<usize>, Range<usize>) {
        let Conv1dSpec { stride, pad_left, dilation, .. } = self.spec;
        let first = pad_left.saturating_sub(k * dilation).div_ceil(stride);
        let end = (self.long + pad_left).saturating_sub(k * dilation).div_ceil(stride).min(self.short);
        if first >= end {
            return (0..0, 0..0);
        }
        let sample = |m: usize| m * stride + k * dilation - pad_left;
        (first..end, sample(first)..sample(end - 1) + 1)
    }

    /// The taps that one product can take at once: neighbors in memory.
    fn runs(&self) -> impl Iterator<Item = Range<usize>> {
        let together = if self.spec.dilation == 1 { self.taps } else { 1 };
        (0..self.taps).step_by(together).map(move |k| k..k + together)
    }

    /// The samples that the windows of one item span.
    fn span(&self) -> usize {
        (self.short - 1) * self.spec.stride + self.spec.dilation * (self.taps - 1) + 1
    }

    /// The distance from item to item when all lie in one row, in whole strides. The zeros between two items serve
    /// both, as the right padding of one and the left padding of the other.
    fn pitch(&self) -> usize {
        let zeros = self.spec.pad_left.max(self.spec.pad_right);
        self.short.max((self.long + zeros).div_ceil(self.spec.stride)) * self.spec.stride
    }

    /// Items of `length` rows in one row, `pitch` apart, and how many windows it holds up to the last item's last.
    fn one_row<T: Real>(
        &self,
        x: &Tensor<T>,
        length: usize,
        pitch: usize,
        lead: usize,
    ) -> (Tensor<T>, usize) {
        let rows = (self.batch - 1) * (self.pitch() / self.spec.stride) + self.short;
        if length == pitch {
            return (x.clone(), rows);
        }
        (self.spread(x.as_slice(), channels(x), length, pitch, lead), rows)
    }

    /// The matrix of the first `rows` windows: overlapping rows of `taps · channels` numbers.
    fn view<'x, T: Real>(
        &self,
        x: &'x [T],
        channels: usize,
        rows: usize,
        taps: &Range<usize>,
    ) -> ArrayView2<'x, T> {
        let dim = (rows, taps.len() * channels).strides((self.spec.stride * channels, 1));
        let from = taps.start * self.spec.dilation * channels;
        ArrayView2::from_shape(dim, &x[from..]).expect("the windows lie inside the padded items")
    }

    /// Items of `rows` rows, each `lead` rows into a stretch of `pitch` rows of zeros.
    fn spread<T: Real>(&self, x: &[T], channels: usize, rows: usize, pitch: usize, lead: usize) -> Tensor<T> {
        let (rows, pitch, lead) = (rows * channels, pitch * channels, lead * channels);
        let items = x.len() / rows.max(1);
        let end = items * pitch;
        // What the last window reads beyond the last pitch.
        let tail = (self.span() * channels).saturating_sub(pitch);
        Tensor::build([end + tail], |out| {
            out[end..].fill(T::ZERO);
            each_block(&mut out[..end], pitch, 32 * pitch, |item, out| {
                out[..lead].fill(T::ZERO);
                out[lead..lead + rows].copy_from_slice(&x[item * rows..][..rows]);
                out[lead + rows..].fill(T::ZERO);
            });
        })
        .reshaped([(end + tail) / channels.max(1), channels])
    }
}

/// Weights with their last two axes exchanged, in strips: each output row of a strip keeps its cache line until full.
pub(crate) fn transposed<T: Real>(w: &Tensor<T>) -> Tensor<T> {
    const STRIP: usize = 16;
    let [taps, rows, columns] = w.shape()[..] else { unreachable!("weights have three axes") };
    Tensor::build([taps, columns, rows], |out| {
        each_block(out, rows * columns, 32 * rows * columns, |k, out| {
            let w = &w.as_slice()[k * rows * columns..][..rows * columns];
            for (strip, out) in out.chunks_mut(STRIP * rows).enumerate() {
                for (r, row) in w.chunks_exact(columns).enumerate() {
                    let row = &row[strip * STRIP..];
                    out[r..].iter_mut().step_by(rows).zip(row).for_each(|(out, &x)| *out = x);
                }
            }
        });
    })
}

/// The length of the last axis.
pub(crate) fn channels<T: Real>(x: &Tensor<T>) -> usize {
    *x.shape().last().expect("the op has checked the axes")
}

/// Every row set to the bias, or to zero.
pub(crate) fn fill_rows<T: Real>(out: &mut [T], bias: Option<&Tensor<T>>) {
    match bias {
        Some(bias) => {
            out.chunks_exact_mut(channels(bias).max(1)).for_each(|row| row.copy_from_slice(bias.as_slice()));
        }
        None => out.fill(T::ZERO),
    }
}

fn rows_of<T: Real>(x: &Tensor<T>, rows: Range<usize>) -> ArrayView2<'_, T> {
    x.rows().slice_axis_move(Axis(0), Slice::from(rows))
}

pub(crate) fn matrix_mut<T: Real>(elements: &mut [T], columns: usize) -> ArrayViewMut2<'_, T> {
    let rows = elements.len() / columns.max(1);
    ArrayViewMut2::from_shape((rows, columns), elements).expect("whole rows")
}
