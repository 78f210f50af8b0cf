//! The kernels of convolution along the length axis, channels last: windows · weights, its adjoint, and the gradient
//! of the weights. conv1d and conv_transpose1d are the same three kernels with the roles exchanged.
//!
//! Channels last make the matrix of all windows ("im2col") free: in a padded item, a window of `taps` neighbors is
//! `taps · channels` consecutive numbers, and the next window begins `stride · channels` further on. So the matrix is
//! a *view* with overlapping rows, and a convolution is one matrix product. With dilation the taps lie apart, and each
//! makes a product of its own.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};

use crate::{Real, Tensor, blocks::each_copy};

mod dense;
mod groups;
mod spec;
mod transforms;
#[cfg(all(test, not(feature = "openblas")))]
mod transforms_tests;
mod winograd;

pub use spec::{Conv1dSpec, ConvError, misfit};

/// Where the windows lie: `short` windows of `taps` taps over `long` samples, for each item of a batch.
///
/// Tensors leave as rows of channels, and enter as such or with the batch as an axis: x is `[batch · long, in]`, y and its
/// gradient g `[batch · short, out]`.
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    spec: Conv1dSpec,
    taps: usize,
    batch: usize,
    long: usize,
    short: usize,
}

impl Windows {
    /// `short` windows of `taps` taps over `long` samples, for each item of a batch.
    ///
    /// `short` and `long` belong together: [`Conv1dSpec::output_len`] makes `short` of `long`, or
    /// [`Conv1dSpec::transposed_len`] `long` of `short`. If they do not, or tensors of other sizes meet these windows, the
    /// kernels panic or return numbers without meaning.
    pub fn new(spec: Conv1dSpec, taps: usize, batch: usize, long: usize, short: usize) -> Self {
        if spec.pad_left == 0 && short * spec.stride == long && taps <= spec.stride && spec.dilation == 1 {
            // No window reaches across a border (one tap, for instance): the batch is one long item.
            return Self { spec, taps, batch: 1, long: batch * long, short: batch * short };
        }
        Self { spec, taps, batch, long, short }
    }

    /// The windows m whose tap k meets a sample (not padding), and the first sample that it meets.
    fn inside(&self, k: usize) -> (Range<usize>, usize) {
        let Conv1dSpec { stride, pad_left, dilation, .. } = self.spec;
        let first = pad_left.saturating_sub(k * dilation).div_ceil(stride);
        let end = (self.long + pad_left).saturating_sub(k * dilation).div_ceil(stride).min(self.short);
        (first..end, first * stride + k * dilation - pad_left)
    }

    /// The taps that one product can take at once: neighbors in memory.
    fn runs(&self) -> impl Iterator<Item = Range<usize>> {
        let together = if self.spec.dilation == 1 { self.taps } else { 1 };
        (0..self.taps).step_by(together).map(move |k| k..k + together)
    }

    /// The samples that so many windows span.
    fn span_of(&self, windows: usize) -> usize {
        (windows - 1) * self.spec.stride + self.spec.dilation * (self.taps - 1) + 1
    }

    /// The samples that the windows of one item span.
    fn span(&self) -> usize {
        self.span_of(self.short)
    }

    /// The distance from item to item when all lie in one row, in whole strides. The zeros between two items serve
    /// both, as the right padding of one and the left padding of the other.
    fn item_stride(&self) -> usize {
        let zeros = self.spec.pad_left.max(self.spec.pad_right);
        self.short.max((self.long + zeros).div_ceil(self.spec.stride)) * self.spec.stride
    }

    /// The length of all items in one row, up to the last sample of the last.
    fn row_len(&self) -> usize {
        (self.batch - 1) * self.item_stride() + self.spec.pad_left + self.long
    }

    /// Items of `length` rows in one row, `item_stride` apart, and how many windows it holds up to the last item's last.
    fn one_row<T: Real>(
        &self,
        x: &Tensor<T>,
        length: usize,
        item_stride: usize,
        padding: usize,
    ) -> (Tensor<T>, usize) {
        let rows = (self.batch - 1) * (self.item_stride() / self.spec.stride) + self.short;
        if length == item_stride {
            return (x.clone(), rows);
        }
        (self.spread(x.as_slice(), channels(x), length, item_stride, padding), rows)
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

    /// Items of `rows` rows, each `padding` rows into a block of `item_stride` rows of zeros.
    fn spread<T: Real>(
        &self,
        x: &[T],
        channels: usize,
        rows: usize,
        item_stride: usize,
        padding: usize,
    ) -> Tensor<T> {
        let (rows, item_stride, padding) = (rows * channels, item_stride * channels, padding * channels);
        let items = x.len() / rows.max(1);
        let end = items * item_stride;
        // What the last window reads beyond the last item.
        let tail = (self.span() * channels).saturating_sub(item_stride);
        Tensor::build([end + tail], |out| {
            out[end..].fill(T::ZERO);
            each_copy(&mut out[..end], item_stride, |item, out| {
                out[..padding].fill(T::ZERO);
                out[padding..padding + rows].copy_from_slice(&x[item * rows..][..rows]);
                out[padding + rows..].fill(T::ZERO);
            });
        })
        .reshaped([(end + tail) / channels.max(1), channels])
    }
}

/// Weights `[tap, a, b]` as `[tap, b, a]`, in strips: each output row of a strip keeps its cache line until full.
///
/// ```
/// use gradbook_arrays::{Tensor, conv::transposed};
/// let w = Tensor::new([1, 2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// assert_eq!(transposed(&w).as_slice(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
/// ```
///
/// # Panics
/// If there are not three axes.
pub fn transposed<T: Real>(w: &Tensor<T>) -> Tensor<T> {
    const STRIP: usize = 16;
    let [taps, rows, columns] = w.shape()[..] else { panic!("weights have three axes, not {:?}", w.shape()) };
    Tensor::build([taps, columns, rows], |out| {
        each_copy(out, rows * columns, |k, out| {
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
fn channels<T: Real>(x: &Tensor<T>) -> usize {
    *x.shape().last().expect("the op has checked the axes")
}

/// Every row set to the bias, or to zero.
fn fill_rows<T: Real>(out: &mut [T], bias: Option<&Tensor<T>>) {
    match bias {
        Some(bias) => {
            out.chunks_exact_mut(channels(bias).max(1)).for_each(|row| row.copy_from_slice(bias.as_slice()));
        }
        None => out.fill(T::ZERO),
    }
}

fn matrix_mut<T: Real>(elements: &mut [T], columns: usize) -> ArrayViewMut2<'_, T> {
    let rows = elements.len() / columns.max(1);
    ArrayViewMut2::from_shape((rows, columns), elements).expect("whole rows")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five windows of three taps, two samples apart, with three from tap to tap: the last begins at 8 and ends at 14.
    #[test]
    fn windows_span_what_lies_between_their_first_sample_and_their_last() {
        let spec = Conv1dSpec { stride: 2, dilation: 3, ..Conv1dSpec::default() };
        assert_eq!(Windows::new(spec, 3, 1, 16, 5).span(), 15);
        assert_eq!(Windows::new(Conv1dSpec::default(), 1, 1, 7, 7).span(), 7);
    }

    /// Three items of five samples and two zeros: they begin at 2, 9 and 16, and the last ends at 21.
    #[test]
    fn items_in_one_row_share_the_zeros_between_them() {
        let spec = Conv1dSpec { pad_left: 2, pad_right: 1, ..Conv1dSpec::default() };
        let windows = Windows::new(spec, 3, 3, 5, 6);
        assert_eq!((windows.item_stride(), windows.row_len()), (7, 21));
    }
}
