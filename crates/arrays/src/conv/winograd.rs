//! Convolution with three taps by half of the multiplications: the minimal filtering F(4, 3) of Winograd (1980), as
//! Lavin and Gray brought it to networks (arXiv 1509.09308), along one axis. The formulas are in `transforms.rs`.
//!
//! Four neighboring outputs (a *tile*) are twelve products of six samples and three taps:
//!
//! ```text
//! y₀ = x₀w₀ + x₁w₁ + x₂w₂        u: the taps, transformed     3 → 6
//! y₁ = x₁w₀ + x₂w₁ + x₃w₂        v: the samples, transformed  6 → 6
//! y₂ = x₂w₀ + x₃w₁ + x₄w₂        m = v ⊙ u: six products are enough
//! y₃ = x₃w₀ + x₄w₁ + x₅w₂        y: the products, taken back  6 → 4
//! ```
//!
//! With channels, x and y are rows, w and u matrices, and each of the six a matrix product over all tiles.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayView3, ArrayViewMut3, Axis};

use super::{
    Windows, channels, matrix_mut,
    transforms::{BLOCK, MIDDLE, POINTS, STEP, columns, gradients, lower, samples, taps, taps_back},
    transposed,
};
use crate::{CHAIN, Real, Tensor, blocks::each_product, gemm, join, matmul::matrix, pairwise, simd};

/// Tiles taken at a time for outputs. Each chunk packs the taps again for its products, so it should be long; but what
/// belongs to it should stay in the cache.
const CHUNK: usize = 256;
/// Fewer are not shared out between threads.
const LEAST: usize = 64;
/// Tiles taken at a time for the gradient of the weights, which has no taps to pack.
const SUMMED: usize = 128;
/// Columns of that gradient in one product: as many as the kernels take without packing the samples, too.
const COLUMNS: usize = 128;

/// A batch of items, `[batch · len, channels]`, cut into tiles.
#[derive(Clone, Copy)]
struct Tiles {
    batch: usize,
    /// Rows of an item.
    len: usize,
    /// Tiles of an item.
    count: usize,
    /// How far before its item the first tile begins.
    padding: isize,
}

impl Windows {
    /// Whether the detour is wanted and allowed ([`Conv1dSpec::winograd`](super::Conv1dSpec::winograd)), and three taps
    /// side by side, with enough channels to outweigh the transforms, make it worth it.
    pub(super) fn suits_winograd(&self, inputs: usize, outputs: usize) -> bool {
        let neighbors = self.taps == 3 && self.spec.stride == 1 && self.spec.dilation == 1;
        self.spec.winograd && !self.spec.is_causal() && neighbors && inputs.min(outputs) >= BLOCK
    }

    /// y = bias + x ∗ w.
    pub(super) fn winograd<T: Real>(
        &self,
        x: &Tensor<T>,
        w: &Tensor<T>,
        bias: Option<&Tensor<T>>,
    ) -> Tensor<T> {
        let tiles = self.tiles(self.long, self.short, self.spec.pad_left as isize);
        transformed_product(x, tiles, (w, [0, 1, 2], false), self.short, bias)
    }

    /// The adjoint: the same convolution seen from the outputs, with the taps in reverse and their matrices transposed.
    pub(super) fn winograd_adjoint<T: Real>(
        &self,
        g: &Tensor<T>,
        (w, swap): (&Tensor<T>, bool),
        bias: Option<&Tensor<T>>,
    ) -> Tensor<T> {
        let tiles = self.tiles(self.short, self.long, 2 - self.spec.pad_left as isize);
        transformed_product(g, tiles, (w, [2, 1, 0], swap), self.long, bias)
    }

    /// The gradient of the weights: that of the transformed taps, Σ v ⊗ (transformed g) over the tiles, taken back to w.
    pub(super) fn winograd_weights<T: Real>(&self, x: &Tensor<T>, g: &Tensor<T>) -> Tensor<T> {
        let (inputs, outputs) = (channels(x), channels(g));
        let seen = self.tiles(self.long, self.short, self.spec.pad_left as isize);
        let made = self.tiles(self.short, self.short, 0);
        let all = seen.batch * seen.count;
        let size = inputs * outputs;
        let du = Tensor::build([POINTS, inputs, outputs], |du| {
            let chunk = |tiles: Range<usize>, beta: T, du: &mut [T]| {
                let (v, e) = join(
                    || seen.transform(x, tiles.clone(), samples),
                    || made.transform(g, tiles.clone(), gradients),
                );
                each_product(du, [inputs, tiles.len(), outputs], POINTS, |t, du| {
                    let (v, e, mut du) = (at_point(&v, t), at_point(&e, t), matrix_mut(du, outputs));
                    let du = du.axis_chunks_iter_mut(Axis(1), COLUMNS);
                    let blocks = e.axis_chunks_iter(Axis(1), COLUMNS).zip(du);
                    blocks.for_each(|(e, du)| gemm::serial(v.t(), e, beta, du));
                });
            };
            let block = |i: usize, du: &mut [T]| {
                let first = i * CHAIN * SUMMED;
                for start in (first..all.min(first + CHAIN * SUMMED)).step_by(SUMMED) {
                    let beta = if start == first { T::ZERO } else { T::ONE };
                    chunk(start..all.min(start + SUMMED), beta, du);
                }
            };
            pairwise(all.div_ceil(CHAIN * SUMMED), du, block, |a, b| a + b);
        });
        Tensor::build([3 * inputs, outputs], |dw| {
            let du: [&[T]; POINTS] = std::array::from_fn(|t| &du.as_slice()[t * size..][..size]);
            simd!(columns(du, split(dw, size), taps_back));
        })
    }

    /// Tiles of the `to` rows an item gets, over the `from` rows that it has.
    fn tiles(&self, from: usize, to: usize, padding: isize) -> Tiles {
        Tiles { batch: self.batch, len: from, count: to.div_ceil(STEP), padding }
    }
}

/// y of every tile: transform, six products, and back. The taps come in the order wanted, and with whether their matrices are
/// to be read transposed. Chunks of tiles go to all threads.
fn transformed_product<T: Real>(
    x: &Tensor<T>,
    tiles_of: Tiles,
    (w, order, swap): (&Tensor<T>, [usize; 3], bool),
    len: usize,
    bias: Option<&Tensor<T>>,
) -> Tensor<T> {
    let size = w.as_slice().len() / 3;
    let w = w.reshaped([3, size / channels(w), channels(w)]);
    let w = if swap { transposed(&w) } else { w }; // once, and not in each product of each chunk
    let outputs = channels(&w);
    let middle = Tensor::build([MIDDLE, size / outputs, outputs], |u| {
        let w = order.map(|k| &w.as_slice()[k * size..][..size]);
        simd!(columns(w, split(u, size), taps));
    });
    let u = [(&w, order[0]), (&middle, 0), (&middle, 1), (&middle, 2), (&middle, 3), (&w, order[2])];
    let u = u.map(|(u, t)| matrix((u, false), t));
    let row = |tile: usize| tile / tiles_of.count * len + STEP * (tile % tiles_of.count);
    let zeros = vec![T::ZERO; outputs];
    let bias = bias.map_or(&zeros[..], Tensor::as_slice);
    Tensor::build([tiles_of.batch * len, outputs], |y| {
        let all = tiles_of.batch * tiles_of.count;
        let most = all.div_ceil(2).clamp(LEAST, CHUNK);
        each_chunk(0..all, most, y, &|tile| row(tile) * outputs, &|tiles, y| {
            let v = tiles_of.transform(x, tiles.clone(), samples);
            let m = Tensor::build([tiles.len(), POINTS, outputs], |m| {
                let mut m = ArrayViewMut3::from_shape((tiles.len(), POINTS, outputs), m).expect("its shape");
                for (t, u) in u.into_iter().enumerate() {
                    gemm::serial(at_point(&v, t), u, T::ZERO, m.index_axis_mut(Axis(1), t));
                }
            });
            let mut spare = vec![T::ZERO; STEP * outputs];
            let mut rest = y;
            simd!({
                for (tile, m) in tiles.zip(m.as_slice().chunks_exact(POINTS * outputs)) {
                    let m =
                        std::array::from_fn(|t| if t < POINTS { &m[t * outputs..][..outputs] } else { bias });
                    // The last tile of an item may reach beyond it: what is there goes nowhere.
                    let rows = (len - STEP * (tile % tiles_of.count)).min(STEP);
                    let y = rest.split_off_mut(..rows * outputs).expect("each tile has its rows");
                    if rows == STEP {
                        columns(m, split(y, outputs), lower);
                    } else {
                        columns(m, split(&mut spare, outputs), lower);
                        y.copy_from_slice(&spare[..rows * outputs]);
                    }
                }
            });
        });
    })
}

/// What tiles have at point t: a matrix `[tile, channels]` out of `[tile, point, channels]`, where a tile is one run of
/// memory to write and to read.
fn at_point<T: Real>(transformed: &Tensor<T>, t: usize) -> ArrayView2<'_, T> {
    let [tiles, points, channels] = transformed.shape()[..] else {
        unreachable!("transformed rows have three axes")
    };
    let all = ArrayView3::from_shape((tiles, points, channels), transformed.as_slice());
    all.expect("a tensor is row-major").index_axis_move(Axis(1), t)
}

/// M pieces of one length, side by side.
fn split<T, const M: usize>(mut all: &mut [T], len: usize) -> [&mut [T]; M] {
    std::array::from_fn(|_| all.split_off_mut(..len).expect("as long as M pieces"))
}

/// Halves the tiles down to chunks of at most so many, y with them, and does the `work` of each on all threads.
fn each_chunk<T: Real>(
    tiles: Range<usize>,
    most: usize,
    y: &mut [T],
    place: &(impl Fn(usize) -> usize + Sync),
    work: &(impl Fn(Range<usize>, &mut [T]) + Sync),
) {
    if tiles.len() <= most {
        if !tiles.is_empty() {
            work(tiles, y);
        }
        return;
    }
    let middle = tiles.start + (tiles.len() / 2).next_multiple_of(most);
    let (left, right) = y.split_at_mut(place(middle) - place(tiles.start));
    join(
        || each_chunk(tiles.start..middle, most, left, place, work),
        || each_chunk(middle..tiles.end, most, right, place, work),
    );
}

impl Tiles {
    /// f of the N rows at each tile: `[tile, point, channels]`. Rows beyond an item are zero.
    fn transform<T: Real, const N: usize>(
        &self,
        x: &Tensor<T>,
        tiles: Range<usize>,
        f: impl Fn([T; N]) -> [T; POINTS],
    ) -> Tensor<T> {
        let width = channels(x);
        let zeros = vec![T::ZERO; width];
        Tensor::build([tiles.len(), POINTS, width], |out| {
            simd!({
                for (tile, out) in tiles.zip(out.chunks_exact_mut(POINTS * width)) {
                    let (item, first) = (tile / self.count, STEP * (tile % self.count));
                    let row = |k: usize| {
                        let at = (first + k) as isize - self.padding;
                        match (0..self.len as isize).contains(&at) {
                            true => &x.as_slice()[(item * self.len + at as usize) * width..][..width],
                            false => &zeros,
                        }
                    };
                    columns(std::array::from_fn(row), split(out, width), &f);
                }
            });
        })
    }
}
