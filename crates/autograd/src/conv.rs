//! The kernels of convolution along the length axis, channels last: windows · weights, its adjoint, and the gradient
//! of the weights. conv1d and conv_transpose1d are the same three kernels with the roles exchanged.
//!
//! Channels last make the matrix of all windows ("im2col") free: in a padded item a window of `taps` neighbors is
//! `taps · channels` consecutive numbers, and the next window begins `stride · channels` further on. So the matrix is
//! a *view* with overlapping rows, and a convolution is one matrix product. With dilation the taps lie apart, and each
//! makes a product of its own. Groups are convolutions on slices of the channels.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2, Axis, ShapeBuilder, Slice};

use crate::{
    Conv1dSpec, Real, Tensor,
    gemm::{each_block, gemm},
    tensor::simd,
};

/// Where the windows lie: `short` windows of `taps` taps over `long` samples, for each item of a batch.
#[derive(Clone, Copy)]
pub(crate) struct Windows {
    spec: Conv1dSpec,
    taps: usize,
    batch: usize,
    long: usize,
    short: usize,
    /// Windows per item if all items lie in one row, with just enough zeros between them: two items share them, the
    /// left padding of one being the right padding of the other. A window across the border belongs to none.
    pitch: usize,
}

impl Windows {
    pub fn new(spec: Conv1dSpec, taps: usize, batch: usize, long: usize, short: usize) -> Self {
        let pitch = short.max((long + spec.pad_left.max(spec.pad_right)).div_ceil(spec.stride));
        if spec.pad_left == 0 && pitch == short && pitch * spec.stride == long {
            // No window reaches across a border (one tap, for instance): the batch is one long item.
            return Self { spec, taps, batch: 1, long: batch * long, short: batch * short, pitch: batch * pitch };
        }
        Self { spec, taps, batch, long, short, pitch }
    }

    /// y[m] = bias + Σₖ x[m·stride + k·dilation − pad_left] · w[k], with x `[batch, long, in]`, w `[tap, in/groups, out]`.
    pub fn correlate<T: Real>(&self, x: &Tensor<T>, w: &Tensor<T>, bias: Option<&Tensor<T>>) -> Tensor<T> {
        let (inputs, outputs) = (channels(x), channels(w));
        if self.depthwise(inputs, outputs) {
            let mut y = filled_rows(self.batch * self.short, outputs, bias);
            let (x, w, y_rows) = (x.as_slice(), w.as_slice(), y.as_mut_slice());
            self.meetings(|m, p, k| add_product(outputs, (&mut *y_rows, m), (x, p), (w, k)));
            return y;
        }
        self.by_group([Some(x), Some(w), bias], |[x, w, bias]| {
            let (x, w) = (x.expect("given"), w.expect("given"));
            let (inputs, outputs, x) = (channels(x), channels(w), self.padded(x));
            Tensor::build([self.batch * self.short, outputs], |y| {
                let work = self.short * self.taps * inputs * outputs;
                each_block(y, self.short * outputs, work, |item, y| {
                    fill_rows(y, bias);
                    let mut y = ArrayViewMut2::from_shape((self.short, outputs), y).expect("one item");
                    for (i, taps) in self.runs().enumerate() {
                        let beta = if i == 0 && bias.is_none() { T::ZERO } else { T::ONE };
                        let x = self.view(&x, item * self.pitch, self.short, &taps);
                        gemm(x, some_taps(w, &taps), beta, y.view_mut());
                    }
                });
            })
        })
    }
}
