//! Convolution with three taps by two thirds of the multiplications: the minimal filtering F(2, 3) of Winograd (1980),
//! as Lavin and Gray brought it to networks (arXiv 1509.09308), along one axis.
//!
//! Two neighboring outputs are six products of four samples and three taps:
//!
//! ```text
//! y₀ = x₀w₀ + x₁w₁ + x₂w₂          u = (w₀, (w₀ + w₁ + w₂)/2, (w₀ − w₁ + w₂)/2, w₂)     the taps, lifted
//! y₁ = x₁w₀ + x₂w₁ + x₃w₂          v = (x₀ − x₂, x₁ + x₂, x₂ − x₁, x₁ − x₃)             the samples, lifted
//! ```
//!
//! Four products m = v ⊙ u are enough: y₀ = m₀ + m₁ + m₂ and y₁ = m₁ − m₂ − m₃. With channels, x and y are rows, w and
//! u matrices, and each of the four a matrix product over all tiles (a *tile*: two outputs and what they see).

use std::ops::Range;

use rayon::prelude::*;

use crate::{
    Real, Tensor,
    conv::{Windows, channels, matrix_mut},
    gemm::matrix,
    simd,
};

/// Tiles lifted at a time: what belongs to them stays in the cache.
const CHUNK: usize = 128;

/// Two rows of a tile, if there are any, and the sign by which the second is added.
type Pair = (Option<usize>, Option<usize>, f64);

/// The samples lifted: v.
const SAMPLES: [Pair; 4] =
    [(Some(0), Some(2), -1.0), (Some(1), Some(2), 1.0), (Some(2), Some(1), -1.0), (Some(1), Some(3), -1.0)];

/// The gradients of the two outputs lifted, the transpose of m ↦ (y₀, y₁): (g₀, g₀ + g₁, g₀ − g₁, −g₁).
const GRADIENTS: [Pair; 4] =
    [(Some(0), None, 1.0), (Some(0), Some(1), 1.0), (Some(0), Some(1), -1.0), (None, Some(1), -1.0)];

/// A batch of items, `[batch · len, channels]`, cut into tiles.
#[derive(Clone, Copy)]
struct Tiles {
    batch: usize,
    /// Rows of an item.
    len: usize,
    /// Tiles of an item.
    count: usize,
    /// How far before its item the first tile begins.
    lead: isize,
}

impl Windows {
    /// Whether three taps side by side, with enough channels to outweigh the lifting, make the detour worth it.
    pub fn suits_winograd(&self, inputs: usize, outputs: usize) -> bool {
        self.taps == 3 && self.spec.stride == 1 && self.spec.dilation == 1 && inputs.min(outputs) >= 16
    }

    /// y = bias + x ∗ w.
    pub fn winograd<T: Real>(&self, x: &Tensor<T>, w: &Tensor<T>, bias: Option<&Tensor<T>>) -> Tensor<T> {
        let samples = self.tiles(self.long, self.short, self.spec.pad_left as isize);
        lifted_product(x, samples, (w, [0, 2], false), self.short, bias)
    }

    /// The adjoint: the same convolution seen from the outputs, with the taps in reverse and their matrices transposed.
    pub fn winograd_adjoint<T: Real>(
        &self,
        g: &Tensor<T>,
        (w, swap): (&Tensor<T>, bool),
        bias: Option<&Tensor<T>>,
    ) -> Tensor<T> {
        let samples = self.tiles(self.short, self.long, 2 - self.spec.pad_left as isize);
        lifted_product(g, samples, (w, [2, 0], swap), self.long, bias)
    }

    /// The gradient of the weights: that of the lifted taps, Σ v ⊗ (lifted g) over the tiles, taken back to w.
    pub fn winograd_weights<T: Real>(&self, x: &Tensor<T>, g: &Tensor<T>) -> Tensor<T> {
        let (inputs, outputs) = (channels(x), channels(g));
        let samples = self.tiles(self.long, self.short, self.spec.pad_left as isize);
        let windows = self.tiles(self.short, self.short, 0);
        let all = samples.batch * samples.count;
        let du = Tensor::build([4, inputs, outputs], |du| {
            for start in (0..all).step_by(CHUNK) {
                let tiles = start..all.min(start + CHUNK);
                let beta = if start == 0 { T::ZERO } else { T::ONE };
                let (v, e) = rayon::join(
                    || samples.lift(x, tiles.clone(), SAMPLES),
                    || windows.lift(g, tiles.clone(), GRADIENTS),
                );
                du.par_chunks_mut(inputs * outputs).enumerate().for_each(|(t, du)| {
                    T::gemm_serial(
                        matrix((&v, true), t),
                        matrix((&e, false), t),
                        beta,
                        matrix_mut(du, outputs),
                    );
                });
            }
        });
        let size = inputs * outputs;
        Tensor::build([3 * inputs, outputs], |dw| {
            let [u0, u1, u2, u3] = std::array::from_fn(|t| &du.as_slice()[t * size..][..size]);
            let (dw0, rest) = dw.split_at_mut(size);
            let (dw1, dw2) = rest.split_at_mut(size);
            let half = T::of(0.5);
            simd(|| {
                for i in 0..size {
                    let (sum, difference) = (half * (u1[i] + u2[i]), half * (u1[i] - u2[i]));
                    (dw0[i], dw1[i], dw2[i]) = (u0[i] + sum, difference, sum + u3[i]);
                }
            });
        })
    }

    /// Tiles of two of the `to` rows an item gets, over the `from` rows that it has.
    fn tiles(&self, from: usize, to: usize, lead: isize) -> Tiles {
        Tiles { batch: self.batch, len: from, count: to.div_ceil(2), lead }
    }
}

/// y of every tile: lift, four products, and back. The taps come with the first and the last of them, and whether their
/// matrices are to be read transposed. Chunks of tiles go to all threads.
fn lifted_product<T: Real>(
    x: &Tensor<T>,
    samples: Tiles,
    (w, [first, last], swap): (&Tensor<T>, [usize; 2], bool),
    len: usize,
    bias: Option<&Tensor<T>>,
) -> Tensor<T> {
    let (columns, middle) = (channels(w), lift_taps(w));
    let w = w.reshaped([3, w.as_slice().len() / 3 / columns, columns]);
    let u = [(&w, first), (&middle, 0), (&middle, 1), (&w, last)].map(|(u, t)| matrix((u, swap), t));
    let outputs = u[0].ncols();
    let row = |tile: usize| tile / samples.count * len + 2 * (tile % samples.count);
    Tensor::build([samples.batch * len, outputs], |y| {
        each_chunk(0..samples.batch * samples.count, y, &|tile| row(tile) * outputs, &|tiles, y| {
            let size = tiles.len() * outputs;
            let v = samples.lift(x, tiles.clone(), SAMPLES);
            let m = Tensor::build([4, tiles.len(), outputs], |m| {
                for (t, (m, u)) in m.chunks_exact_mut(size).zip(u).enumerate() {
                    T::gemm_serial(matrix((&v, false), t), u, T::ZERO, matrix_mut(m, outputs));
                }
            });
            let from = row(tiles.start);
            simd(|| {
                for (i, tile) in tiles.enumerate() {
                    let m = |t| &m.as_slice()[t * size + i * outputs..][..outputs];
                    // An item of odd length has no second row in its last tile.
                    let rows = (len - 2 * (tile % samples.count)).min(2);
                    let y = &mut y[(row(tile) - from) * outputs..][..rows * outputs];
                    lower(std::array::from_fn(m), bias, y);
                }
            });
        });
    })
}

/// u₁ and u₂. (u₀ and u₃ are taps themselves, and the taps in reverse have the same u₁ and u₂.)
fn lift_taps<T: Real>(w: &Tensor<T>) -> Tensor<T> {
    let size = w.as_slice().len() / 3;
    let [w0, w1, w2] = std::array::from_fn(|k| &w.as_slice()[k * size..][..size]);
    let half = T::of(0.5);
    Tensor::build([2, size / channels(w), channels(w)], |u| {
        let (u1, u2) = u.split_at_mut(size);
        simd(|| {
            for i in 0..size {
                let outer = half * (w0[i] + w2[i]);
                (u1[i], u2[i]) = (outer + half * w1[i], outer - half * w1[i]);
            }
        });
    })
}

/// The outputs of a tile from its four products: y₀ = m₀ + m₁ + m₂ and, if there is room for it, y₁ = m₁ − m₂ − m₃.
#[inline(always)]
fn lower<T: Real>([m0, m1, m2, m3]: [&[T]; 4], bias: Option<&Tensor<T>>, y: &mut [T]) {
    let (y0, y1) = y.split_at_mut(m0.len());
    for (j, y0) in y0.iter_mut().enumerate() {
        *y0 = m0[j] + m1[j] + m2[j];
    }
    for (j, y1) in y1.iter_mut().enumerate() {
        *y1 = m1[j] - m2[j] - m3[j];
    }
    if let Some(bias) = bias {
        for y in [y0, y1] {
            y.iter_mut().zip(bias.as_slice()).for_each(|(y, &b)| *y += b);
        }
    }
}

/// Halves the tiles down to chunks, y with them, and does the `work` of each on all threads.
fn each_chunk<T: Real>(
    tiles: Range<usize>,
    y: &mut [T],
    place: &(impl Fn(usize) -> usize + Sync),
    work: &(impl Fn(Range<usize>, &mut [T]) + Sync),
) {
    if tiles.len() <= CHUNK {
        if !tiles.is_empty() {
            work(tiles, y);
        }
        return;
    }
    let middle = tiles.start + (tiles.len() / 2).next_multiple_of(CHUNK);
    let (left, right) = y.split_at_mut(place(middle) - place(tiles.start));
    rayon::join(
        || each_chunk(tiles.start..middle, left, place, work),
        || each_chunk(middle..tiles.end, right, place, work),
    );
}

impl Tiles {
    /// The four lifted rows of each tile, `[4, tile, channels]`. Rows beyond an item are zero.
    fn lift<T: Real>(&self, x: &Tensor<T>, tiles: Range<usize>, pairs: [Pair; 4]) -> Tensor<T> {
        let (width, count) = (channels(x), tiles.len());
        let zeros = vec![T::ZERO; width];
        Tensor::build([4, count, width], |out| {
            simd(|| {
                for (i, tile) in tiles.enumerate() {
                    let (item, first) = (tile / self.count, 2 * (tile % self.count));
                    let row = |offset: Option<usize>| {
                        let at = offset.map(|offset| (first + offset) as isize - self.lead);
                        match at.filter(|at| (0..self.len as isize).contains(at)) {
                            Some(at) => &x.as_slice()[(item * self.len + at as usize) * width..][..width],
                            None => &zeros,
                        }
                    };
                    for (t, (a, b, sign)) in pairs.into_iter().enumerate() {
                        let (a, b, sign) = (row(a), row(b), T::of(sign));
                        let out = &mut out[(t * count + i) * width..][..width];
                        out.iter_mut().zip(a.iter().zip(b)).for_each(|(out, (&a, &b))| *out = a + sign * b);
                    }
                }
            });
        })
    }
}
