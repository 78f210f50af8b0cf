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
    simd::simd,
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
            return Self {
                spec,
                taps,
                batch: 1,
                long: batch * long,
                short: batch * short,
                pitch: batch * pitch,
            };
        }
        Self { spec, taps, batch, long, short, pitch }
    }

    /// y[m] = bias + Σₖ x[m·stride + k·dilation − pad_left] · w[k], with w `[tap, in/groups, out]`.
    pub fn correlate<T: Real>(&self, x: &Tensor<T>, w: &Tensor<T>, bias: Option<&Tensor<T>>) -> Tensor<T> {
        let (rows, short) = (self.batch * self.short, self.short);
        if self.is_depthwise(x, w) {
            let mut y = Tensor::build([rows, channels(w)], |y| fill_rows(y, bias));
            self.depthwise(|m, p, k| add_product(row_mut(&mut y, m), row(x, p), row(w, k)));
            return y;
        }
        self.by_group(x, w, bias, |x, w, bias| {
            let (inputs, outputs) = (channels(x), channels(w));
            let x = self.spread(x, self.long, self.pitch * self.spec.stride, self.spec.pad_left);
            Tensor::build([rows, outputs], |y| {
                each_block(y, short * outputs, short * outputs * inputs * self.taps, |item, y| {
                    fill_rows(y, bias);
                    for taps in self.runs() {
                        let x = self.view(&x, item * self.pitch, short, &taps);
                        gemm(
                            x,
                            rows_of(w, taps.start * inputs..taps.end * inputs),
                            T::ONE,
                            matrix_mut(y, outputs),
                        );
                    }
                });
            })
        })
    }

    /// The adjoint of [`correlate`](Self::correlate): x[m·stride + k·dilation − pad_left] += g[m] · w[k]ᵀ, on top of the
    /// bias. The weights come transposed, `[tap, out, in/groups]` (see [`transposed`]).
    pub fn adjoint<T: Real>(&self, g: &Tensor<T>, w: &Tensor<T>, bias: Option<&Tensor<T>>) -> Tensor<T> {
        let outputs = channels(g);
        let inputs = w.shape()[2] * self.spec.groups;
        let rows = self.batch * self.long;
        if self.is_depthwise(g, w) {
            let mut x = Tensor::build([rows, inputs], |x| fill_rows(x, bias));
            let w = w.reshaped([self.taps, inputs]);
            self.depthwise(|m, p, k| add_product(row_mut(&mut x, p), row(g, m), row(&w, k)));
            return x;
        }
        // The outputs of a group are neighbors, so its weights are neighbors too.
        let w = w.reshaped([self.taps, outputs * w.shape()[2]]);
        self.by_group(g, &w, bias, |g, w, bias| {
            let (outputs, inputs) = (channels(g), channels(w) / channels(g));
            Tensor::build([rows, inputs], |x| {
                each_block(x, self.long * inputs, self.short * outputs * inputs * self.taps, |item, x| {
                    fill_rows(x, bias);
                    let mut x = matrix_mut(x, inputs);
                    for k in 0..self.taps {
                        let Some((m, p)) = self.inside(k) else { continue };
                        let into = x.slice_axis_mut(
                            Axis(0),
                            Slice::new(p.start as isize, Some(p.end as isize), self.spec.stride as isize),
                        );
                        let w = ArrayView2::from_shape((outputs, inputs), row(w, k)).expect("one tap");
                        let g = rows_of(g, item * self.short + m.start..item * self.short + m.end);
                        gemm(g, w, T::ONE, into);
                    }
                });
            })
        })
    }

    /// The gradient of the weights, Σₘ x[m·stride + k·dilation − pad_left]ᵀ · g[m]: `[tap, in/groups, out]`.
    pub fn weights<T: Real>(&self, x: &Tensor<T>, g: &Tensor<T>) -> Tensor<T> {
        let shape = [self.taps, channels(x) / self.spec.groups, channels(g)];
        if g.as_slice().is_empty() {
            return Tensor::zeros(shape);
        }
        if self.spec.groups == channels(x) && self.spec.groups == channels(g) {
            let mut w = Tensor::zeros([shape[0], shape[2]]);
            self.depthwise(|m, p, k| add_product(row_mut(&mut w, k), row(x, p), row(g, m)));
            return w.reshaped(shape);
        }
        self.by_group(x, g, None, |x, g, _| {
            let (inputs, outputs) = (channels(x), channels(g));
            // All items in one row, with zero gradients for the windows that cross a border.
            let x = self.spread(x, self.long, self.pitch * self.spec.stride, self.spec.pad_left);
            let g = self.spread(g, self.short, self.pitch, 0);
            let rows = (self.batch * self.pitch).saturating_sub(self.pitch - self.short);
            Tensor::build([self.taps * inputs, outputs], |w| {
                let mut w = matrix_mut(w, outputs);
                for taps in self.runs() {
                    let into = w.slice_axis_mut(Axis(0), Slice::from(taps.start * inputs..taps.end * inputs));
                    gemm(self.view(&x, 0, rows, &taps).reversed_axes(), rows_of(&g, 0..rows), T::ZERO, into);
                }
            })
        })
        .reshaped(shape)
    }

    /// The taps that one product can take at once: neighbors in memory.
    fn runs(&self) -> impl Iterator<Item = Range<usize>> {
        let together = if self.spec.dilation == 1 { self.taps } else { 1 };
        (0..self.taps).step_by(together).map(move |k| k..k + together)
    }

    /// The matrix of `rows` windows from window `first` on: overlapping rows of `taps · channels` numbers.
    fn view<'x, T: Real>(
        &self,
        x: &'x Tensor<T>,
        first: usize,
        rows: usize,
        taps: &Range<usize>,
    ) -> ArrayView2<'x, T> {
        let c = channels(x);
        let from = (first * self.spec.stride + taps.start * self.spec.dilation) * c;
        let dim = (rows, taps.len() * c);
        ArrayView2::from_shape(dim.strides((self.spec.stride * c, 1)), &x.as_slice()[from..])
            .expect("the windows lie inside the padded items")
    }

    /// The windows m whose tap k meets a sample (not padding), and the samples it meets, the first to the last.
    fn inside(&self, k: usize) -> Option<(Range<usize>, Range<usize>)> {
        let Conv1dSpec { stride, pad_left, dilation, .. } = self.spec;
        let first = pad_left.saturating_sub(k * dilation).div_ceil(stride);
        let end = (self.long + pad_left).saturating_sub(k * dilation).div_ceil(stride).min(self.short);
        let sample = |m: usize| m * stride + k * dilation - pad_left;
        (first < end).then(|| (first..end, sample(first)..sample(end - 1) + 1))
    }

    /// Every item of `rows` rows put at the start of its own `pitch` rows, after `lead` rows of zeros; zeros between.
    fn spread<T: Real>(&self, x: &Tensor<T>, rows: usize, pitch: usize, lead: usize) -> Tensor<T> {
        if rows == pitch && lead == 0 {
            return x.clone();
        }
        let c = channels(x);
        // What the last window of the last item reads beyond its pitch.
        let tail = ((self.short - 1) * self.spec.stride + self.spec.dilation * (self.taps - 1) + 1)
            .saturating_sub(pitch);
        Tensor::build([self.batch * pitch + tail, c], |out| {
            let (items, tail) = out.split_at_mut(self.batch * pitch * c);
            tail.fill(T::ZERO);
            for (out, x) in items.chunks_mut((pitch * c).max(1)).zip(x.as_slice().chunks((rows * c).max(1))) {
                out[..lead * c].fill(T::ZERO);
                out[lead * c..][..x.len()].copy_from_slice(x);
                out[(lead + rows) * c..].fill(T::ZERO);
            }
        })
    }

    /// Whether every channel is a group of its own, in and out.
    fn is_depthwise<T: Real>(&self, x: &Tensor<T>, w: &Tensor<T>) -> bool {
        self.spec.groups == channels(x) && self.spec.groups * self.taps == w.as_slice().len()
    }

    /// Visits every meeting of a window m, a sample p and a tap k (rows of the whole batch).
    fn depthwise(&self, mut visit: impl FnMut(usize, usize, usize)) {
        for item in 0..self.batch {
            for k in 0..self.taps {
                let Some((windows, samples)) = self.inside(k) else { continue };
                for (m, p) in windows.zip(samples.step_by(self.spec.stride)) {
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
            let of_group = x.rows().slice_axis_move(Axis(1), Slice::from(i * width..(i + 1) * width));
            Tensor::from(of_group.to_owned())
        };
        let parts: Vec<_> = (0..groups)
            .map(|i| f(&slice(a, i), &slice(b, i), bias.map(|bias| slice(bias, i)).as_ref()))
            .collect();
        let rows = parts[0].rows().nrows();
        Tensor::build([rows, groups * channels(&parts[0])], |out| {
            let mut out = out.iter_mut();
            for r in 0..rows {
                for part in &parts {
                    out.by_ref().zip(row(part, r)).for_each(|(out, x)| *out = *x);
                }
            }
        })
    }
}

/// Weights with their last two axes exchanged, in square blocks that stay in the cache.
pub(crate) fn transposed<T: Real>(w: &Tensor<T>) -> Tensor<T> {
    const BLOCK: usize = 16;
    let [taps, rows, columns] = w.shape()[..] else { unreachable!("weights have three axes") };
    Tensor::build([taps, columns, rows], |out| {
        each_block(out, rows * columns, rows * columns, |k, out| {
            let w = &w.as_slice()[k * rows * columns..];
            for r in (0..rows).step_by(BLOCK) {
                for c in (0..columns).step_by(BLOCK) {
                    for c in c..columns.min(c + BLOCK) {
                        for r in r..rows.min(r + BLOCK) {
                            out[c * rows + r] = w[r * columns + c];
                        }
                    }
                }
            }
        });
    })
}

fn channels<T: Real>(x: &Tensor<T>) -> usize {
    *x.shape().last().expect("the op has checked the axes")
}

fn row<T: Real>(x: &Tensor<T>, i: usize) -> &[T] {
    &x.as_slice()[i * channels(x)..][..channels(x)]
}

fn row_mut<T: Real>(x: &mut Tensor<T>, i: usize) -> &mut [T] {
    let c = channels(x);
    &mut x.as_mut_slice()[i * c..][..c]
}

fn rows_of<T: Real>(x: &Tensor<T>, rows: Range<usize>) -> ArrayView2<'_, T> {
    x.rows().slice_axis_move(Axis(0), Slice::from(rows))
}

fn matrix_mut<T: Real>(elements: &mut [T], columns: usize) -> ArrayViewMut2<'_, T> {
    let rows = elements.len() / columns.max(1);
    ArrayViewMut2::from_shape((rows, columns), elements).expect("whole rows")
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

fn add_product<T: Real>(into: &mut [T], a: &[T], b: &[T]) {
    simd(|| into.iter_mut().zip(a.iter().zip(b)).for_each(|(o, (&a, &b))| *o += a * b));
}
