//! The three kernels of a convolution in one group, as matrix products.

use std::ops::Range;

use ndarray::{ArrayView2, Axis, Slice};

use super::{Windows, channels, fill_rows, matrix_mut};
use crate::{
    Real, Tensor,
    blocks::{each_copy, each_product},
    gemm::gemm,
    matmul::matrix,
};

impl Windows {
    /// y[m] = bias + Σₖ x[m·stride + k·dilation − pad_left] · w[k], with w `[tap, in, out]`. One product for each item,
    /// straight into its place.
    pub(super) fn dense<T: Real>(&self, x: &Tensor<T>, w: &Tensor<T>, bias: Option<&Tensor<T>>) -> Tensor<T> {
        let (inputs, outputs) = (channels(x), channels(w));
        if self.suits_winograd(inputs, outputs) {
            return self.winograd(x, w, bias);
        }
        Tensor::build([self.batch * self.short, outputs], |y| {
            each_product(y, [self.short, w.rows().nrows(), outputs], self.batch, |item, y| {
                let x = &x.as_slice()[item * self.long * inputs..][..self.long * inputs];
                let padded = (self.spec.pad_left > 0 || self.span() > self.long)
                    .then(|| self.spread(x, inputs, self.long, self.item_stride(), self.spec.pad_left));
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
    pub(super) fn dense_adjoint<T: Real>(
        &self,
        g: &Tensor<T>,
        (w, swap): (&Tensor<T>, bool),
        bias: Option<&Tensor<T>>,
    ) -> Tensor<T> {
        let inputs = if swap { w.shape()[1] } else { channels(w) };
        if self.suits_winograd(inputs, channels(g)) {
            return self.winograd_adjoint(g, (w, swap), bias);
        }
        let (item_stride, stride) = (self.item_stride(), self.spec.stride);
        let (g, rows) = self.one_row(g, self.short, item_stride / stride, 0);
        let x = Tensor::build([self.span_of(rows).max(self.row_len()), inputs], |x| {
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
        let shape = [self.batch * self.long, inputs];
        if x.shape()[..] == shape {
            return x; // no padding, neither at the ends nor between items
        }
        Tensor::build(shape, |out| {
            let len = self.long * inputs;
            each_copy(out, len, |item, out| {
                out.copy_from_slice(
                    &x.as_slice()[(item * item_stride + self.spec.pad_left) * inputs..][..len],
                );
            });
        })
    }

    /// The gradient of the weights, Σₘ x[m·stride + k·dilation − pad_left]ᵀ · g[m]: `[tap · in, out]`. One product over the
    /// whole batch: the items lie in one row, and the windows across their borders meet gradients of zero.
    pub(super) fn dense_weights<T: Real>(&self, x: &Tensor<T>, g: &Tensor<T>) -> Tensor<T> {
        let (inputs, outputs) = (channels(x), channels(g));
        if self.suits_winograd(inputs, outputs) {
            return self.winograd_weights(x, g);
        }
        let (x, _) = self.one_row(x, self.long, self.item_stride(), self.spec.pad_left);
        let (g, rows) = self.one_row(g, self.short, self.item_stride() / self.spec.stride, 0);
        Tensor::build([self.taps * inputs, outputs], |w| {
            let mut w = matrix_mut(w, outputs);
            for taps in self.runs() {
                let windows = self.view(x.as_slice(), inputs, rows, &taps).reversed_axes();
                let into = Slice::from(taps.start * inputs..taps.end * inputs);
                gemm(windows, rows_of(&g, 0..rows), T::ZERO, w.slice_axis_mut(Axis(0), into));
            }
        })
    }
}

fn rows_of<T: Real>(x: &Tensor<T>, rows: Range<usize>) -> ArrayView2<'_, T> {
    x.rows().slice_axis_move(Axis(0), Slice::from(rows))
}
