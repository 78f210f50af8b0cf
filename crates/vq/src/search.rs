//! The nearest code of every row: argmin ‖x − e‖² without ever storing the N×K distances. The running minimum stays
//! in registers beside the products it is made of.

mod book;

use std::any::Any;

use gradbook_autograd::{Real, Tensor, at_least, count_product, simd};
use pulp::{Arch, Simd, WithSimd, bytemuck};
use rayon::prelude::*;

use crate::kmeans::squared_distance;
use book::Book;

/// Rows searched by one task: a multiple of the rows in a tile, whatever the vector width.
const ROWS: usize = 96;

/// The index of the nearest code of each row of `x` `[…, channel]`, among the rows of `codes` `[code, channel]`.
///
/// ```text
/// argmin_k ‖x − e_k‖²  =  argmax_k  x·e_k − ‖e_k‖²/2
/// ```
///
/// Both sides are first shifted by the codes' mean, which changes no distance and saves precision when all codes lie
/// far from the origin. Equally near codes: the lowest index. A row's answer does not depend on the other rows.
///
/// The answer is exact: scores are f32 numbers, but where the best two differ by less than their rounding errors may
/// amount to, Σ(x − e)² in f64 decides among all codes.
///
/// ```
/// use gradbook_autograd::Tensor;
/// let codes = Tensor::new([3, 1], vec![0.0f32, 1.0, 4.0]);
/// let x = Tensor::new([4, 1], vec![-3.0, 0.6, 3.1, 2.5]); // 2.5 is halfway
/// assert_eq!(gradbook_vq::search::nearest(&x, &codes), [0, 1, 2, 1]);
/// ```
///
/// # Panics
/// If a row is not finite (or so large that its products are not), naming the row; if the channels differ.
#[track_caller]
pub fn nearest<T: Real>(x: &Tensor<T>, codes: &Tensor<T>) -> Vec<u32> {
    let (rows, channels) = x.rows().dim();
    let (count, width) = codes.rows().dim();
    assert!(
        channels == width && count > 0,
        "nearest: x {:?} (…, channel) does not fit codes {:?} (code, channel)\n  rule: at least one code, and as \
         many channels as x has",
        x.shape(),
        codes.shape()
    );
    let found = match ((x as &dyn Any).downcast_ref(), (codes as &dyn Any).downcast_ref()) {
        (Some(x), Some(codes)) => nearest_f32(x, codes),
        _ => nearest_any(x, codes),
    };
    if let Some(row) = found.iter().position(|&k| k == u32::MAX) {
        panic!(
            "nearest: row {row} of {rows} has no nearest code among {count}\n  rule: rows and codes are finite, and so \
             are their products"
        );
    }
    found
}

/// The `count` nearest codes of each row of `x` `[row, channel]`, the nearest first: entry i holds the i-th nearest of all
/// rows. Equally near codes: the lowest index first.
///
/// ```
/// use gradbook_autograd::Tensor;
/// let codes = Tensor::new([3, 1], vec![0.0f32, 1.0, 4.0]);
/// let x = Tensor::new([2, 1], vec![-3.0, 3.1]);
/// assert_eq!(gradbook_vq::search::nearest_few(&x, &codes, 2), [[0, 2], [1, 1]]);
/// ```
///
/// # Panics
/// If there are fewer codes than `count`, or the channels differ.
#[track_caller]
pub fn nearest_few<T: Real>(x: &Tensor<T>, codes: &Tensor<T>, count: usize) -> Vec<Vec<u64>> {
    let (all, channels) = codes.rows().dim();
    assert!(
        count <= all && x.rows().ncols() == channels,
        "nearest_few: {count} of the codes {:?} (code, channel) for x {:?} (row, channel)\n  rule: at most as many as \
         there are, and as many channels as x has",
        codes.shape(),
        x.shape()
    );
    let few = |x: &[T]| {
        let distance =
            |code: &[T]| x.iter().zip(code).map(|(x, e)| (x.to_f64() - e.to_f64()).powi(2)).sum::<f64>();
        let mut found: Vec<(f64, u64)> =
            codes.as_slice().chunks_exact(channels).map(distance).zip(0..).collect();
        let order = |a: &(f64, u64), b: &(f64, u64)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        if count < all {
            found.select_nth_unstable_by(count, order);
            found.truncate(count);
        }
        found.sort_by(order);
        found
    };
    let rows: Vec<_> = x.as_slice().par_chunks_exact(channels).with_min_len(at_least(1)).map(few).collect();
    (0..count).map(|i| rows.iter().map(|found| found[i].1).collect()).collect()
}

/// The search in plain arithmetic: for checks in other numbers than f32.
fn nearest_any<T: Real>(x: &Tensor<T>, codes: &Tensor<T>) -> Vec<u32> {
    let row = |x: &[T]| nearest_of(x, codes.as_slice());
    x.as_slice().par_chunks_exact(codes.rows().ncols()).with_min_len(at_least(1)).map(row).collect()
}

/// argmin_k Σ(x − e_k)² in f64, the lowest such k.
#[inline(always)]
fn nearest_of<T: Real>(x: &[T], codes: &[T]) -> u32 {
    let mut best = (f64::INFINITY, u32::MAX);
    for (k, code) in codes.chunks_exact(x.len()).enumerate() {
        let distance = squared_distance(x, code);
        if distance < best.0 {
            best = (distance, k as u32);
        }
    }
    best.1
}

/// The same as a call, to leave the registers of the search alone.
#[inline(never)]
fn exactly(x: &[f32], codes: &[f32]) -> u32 {
    simd!(nearest_of(x, codes))
}

fn nearest_f32(x: &Tensor<f32>, codes: &Tensor<f32>) -> Vec<u32> {
    let width = codes.rows().ncols();
    let book = Book::new(codes);
    let mut found = vec![u32::MAX; x.rows().nrows()];
    let blocks = found.par_chunks_mut(ROWS).zip(x.as_slice().par_chunks(ROWS * width));
    blocks.with_min_len(at_least(1)).for_each(|(found, x)| {
        count_product(found.len(), width, codes.rows().nrows());
        Arch::new().dispatch(Block { x, book: &book, found });
    });
    found
}

/// A block of rows and where their answers go.
struct Block<'a> {
    x: &'a [f32],
    book: &'a Book<'a>,
    found: &'a mut [u32],
}

impl WithSimd for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // As many sums as the registers hold, beside the operands they are made of.
        if S::REGISTER_COUNT >= 32 { self.search::<S, 3, 8>(simd) } else { self.search::<S, 2, 6>(simd) }
    }
}

impl Block<'_> {
    /// Rows are the lanes of `V` vectors, and `C` codes are scored at a time: V·C running sums in registers.
    #[inline(always)]
    fn search<S: Simd, const V: usize, const C: usize>(self, simd: S) {
        let Book { given, center, norms, .. } = self.book;
        let codes = self.book.codes.as_slice();
        let (width, tile) = (center.len(), V * S::F32_LANES);
        let mut columns = vec![simd.splat_f32s(0.0); V * width]; // the tile's rows, transposed
        for (x, found) in self.x.chunks(tile * width).zip(self.found.chunks_mut(tile)) {
            let lanes: &mut [f32] = bytemuck::cast_slice_mut(&mut columns);
            for (lane, row) in x.chunks_exact(width).enumerate() {
                let column = lanes[lane..].iter_mut().step_by(tile);
                column.zip(row.iter().zip(center)).for_each(|(to, (x, c))| *to = x - c);
            }
            let mut best = [simd.splat_f32s(f32::NEG_INFINITY); V];
            let mut second = best;
            let mut index = [simd.splat_u32s(u32::MAX); V];
            for first in (0..norms.len()).step_by(C) {
                // Beyond the end the last code is scored again, from −∞.
                let code: [usize; C] = std::array::from_fn(|c| (first + c).min(norms.len() - 1));
                let rows: [&[f32]; C] =
                    std::array::from_fn(|c| &codes[code[c] * width..(code[c] + 1) * width]);
                let start =
                    |c: usize| if first + c < norms.len() { -norms[code[c]] } else { f32::NEG_INFINITY };
                let mut score: [[S::f32s; V]; C] = std::array::from_fn(|c| [simd.splat_f32s(start(c)); V]);
                for (i, x) in columns.as_chunks::<V>().0.iter().enumerate() {
                    for c in 0..C {
                        let e = simd.splat_f32s(rows[c][i]);
                        for v in 0..V {
                            score[c][v] = simd.mul_add_f32s(x[v], e, score[c][v]);
                        }
                    }
                }
                for c in 0..C {
                    let k = simd.splat_u32s(code[c] as u32);
                    for v in 0..V {
                        second[v] = simd.max_f32s(second[v], simd.min_f32s(score[c][v], best[v]));
                        let nearer = simd.greater_than_f32s(score[c][v], best[v]);
                        best[v] = simd.select_f32s(nearer, score[c][v], best[v]);
                        index[v] = simd.select_u32s(nearer, k, index[v]);
                    }
                }
            }
            let mut squares = [simd.splat_f32s(0.0); V];
            for x in columns.as_chunks::<V>().0 {
                (0..V).for_each(|v| squares[v] = simd.mul_add_f32s(x[v], x[v], squares[v]));
            }
            let [best, second, squares]: [&[f32]; 3] =
                [&best, &second, &squares].map(|lanes| bytemuck::cast_slice(&lanes[..]));
            let index: &[u32] = bytemuck::cast_slice(&index[..]);
            for (lane, (found, x)) in found.iter_mut().zip(x.chunks_exact(width)).enumerate() {
                *found = match best[lane] {
                    best if !best.is_finite() => u32::MAX,
                    best if best - second[lane] > self.book.doubt(squares[lane].sqrt()) => index[lane],
                    _ => exactly(x, given),
                };
            }
        }
    }
}
