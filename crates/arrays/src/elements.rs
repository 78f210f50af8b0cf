//! Loops over the elements of tensors: [`map`](Tensor::map), [`zip`](Tensor::zip) with broadcasting, and folds along
//! axes.

use std::ops::Range;

use crate::{
    Real, Shape, Tensor, broadcast_or_panic, each_block,
    pairwise::{CHAIN, pairwise},
    simd,
    strided::runs,
};

/// What one task takes of the elements of a large tensor.
const BLOCK: usize = 1 << 15;
/// An element read, computed and written takes as long as about this many multiplications of a matrix product.
const WORK: usize = 8 * BLOCK;

impl<T: Real> Tensor<T> {
    /// f of every element.
    pub fn map(&self, f: impl Fn(T) -> T + Sync) -> Self {
        let x = self.as_slice();
        Self::build(*self.shape(), |out| {
            each_block(out, BLOCK, WORK, |i, out| {
                out.iter_mut().zip(&x[i * BLOCK..]).for_each(|(o, &x)| *o = f(x));
            });
        })
    }

    /// f of every pair of elements, with NumPy's broadcasting. Panics if the shapes do not broadcast.
    ///
    /// ```
    /// use gradbook_arrays::Tensor;
    /// let (x, row) = (Tensor::new([2, 2], vec![1.0, 2.0, 3.0, 4.0]), Tensor::new([2], vec![10.0, 20.0]));
    /// assert_eq!(x.zip(&row, |x, r| x + r).as_slice(), [11.0, 22.0, 13.0, 24.0]);
    /// ```
    #[track_caller]
    pub fn zip(&self, other: &Self, f: impl Fn(T, T) -> T + Sync) -> Self {
        let (a, b) = (self.as_slice(), other.as_slice());
        if self.shape() == other.shape() {
            return Self::build(*self.shape(), |out| {
                each_block(out, BLOCK, WORK, |i, out| {
                    let pairs = a[i * BLOCK..].iter().zip(&b[i * BLOCK..]);
                    out.iter_mut().zip(pairs).for_each(|(o, (&x, &y))| *o = f(x, y));
                });
            });
        }
        let shape = broadcast_or_panic("zip", self.shape(), other.shape());
        Self::build(shape, |out| {
            let mut done = 0;
            runs(&shape, [self.shape().strides_as(&shape), other.shape().strides_as(&shape)], |run| {
                let out = &mut out[done..done + run.len];
                let ([i, j], [di, dj]) = (run.start, run.step);
                match (di, dj) {
                    (1, 1) => {
                        out.iter_mut().zip(a[i..].iter().zip(&b[j..])).for_each(|(o, (&x, &y))| *o = f(x, y));
                    }
                    (1, _) => out.iter_mut().zip(&a[i..]).for_each(|(o, &x)| *o = f(x, b[j])),
                    // The innermost run of a tensor is dense or one number, and both are one only in a run of one.
                    _ => out.iter_mut().zip(&b[j..]).for_each(|(o, &y)| *o = f(a[i], y)),
                }
                done += run.len;
            });
        })
    }

    /// `self ← f(self, other)` elementwise, in place unless shared. The shapes are equal.
    pub fn zip_assign(&mut self, other: &Self, f: impl Fn(T, T) -> T + Sync) {
        debug_assert_eq!(self.shape(), other.shape(), "zip_assign works on equal shapes");
        let y = other.as_slice();
        each_block(self.as_mut_slice(), BLOCK, WORK, |i, x| {
            x.iter_mut().zip(&y[i * BLOCK..]).for_each(|(o, &y)| *o = f(*o, y));
        });
    }

    /// `self ← f(self)` elementwise, in place unless shared.
    pub fn map_assign(&mut self, f: impl Fn(T) -> T + Sync) {
        each_block(self.as_mut_slice(), BLOCK, WORK, |_, x| x.iter_mut().for_each(|o| *o = f(*o)));
    }

    /// The elements folded along `axes`, which keep length 1: `f(accumulator, element)`, where `f` is associative and
    /// `start` is its identity. The order is fixed by the shape, and no chain is long: neighbors in blocks of 16 terms,
    /// blocks in pairs ([`pairwise`]). So an f32 sum of 10⁸ numbers is as good as one of a hundred.
    ///
    /// ```
    /// use gradbook_arrays::Tensor;
    /// let x = Tensor::new([2, 3], vec![1.0, 5.0, 2.0, 7.0, 4.0, 0.0]);
    /// assert_eq!(x.fold_axes(&[1], f64::NEG_INFINITY, f64::max).as_slice(), [5.0, 7.0]);
    /// ```
    pub fn fold_axes(&self, axes: &[usize], start: T, f: impl Fn(T, T) -> T) -> Self {
        let mut folded = self.clone();
        let goes = |shape: &Shape, axis: usize| axes.contains(&axis) || shape[axis] == 1;
        let mut end = self.shape().len();
        // Neighboring axes go together, the last ones first.
        while end > 0 {
            let shape = *folded.shape();
            let begin = (0..end).rev().find(|&axis| !goes(&shape, axis)).map_or(0, |axis| axis + 1);
            if shape[begin..end].iter().product::<usize>() != 1 {
                let ones: Vec<usize> = (begin..end).collect();
                folded = folded.folded(begin..end, shape.reduced(&ones, true), start, &f);
            }
            end = begin.saturating_sub(1);
        }
        folded
    }

    /// Neighboring axes folded, into a shape where they are 1.
    fn folded(&self, axes: Range<usize>, shape: Shape, start: T, f: &impl Fn(T, T) -> T) -> Self {
        let own = self.shape();
        let (rows, width) = (own[axes.clone()].iter().product::<usize>(), own[axes.end..].iter().product());
        if self.as_slice().is_empty() {
            return Self::filled(shape, start);
        }
        Self::build(shape, |out| {
            for (out, x) in out.chunks_exact_mut(width).zip(self.as_slice().chunks_exact(rows * width)) {
                match width {
                    1 => out[0] = fold_run(x, start, f),
                    _ => fold_rows(x, out, start, f),
                }
            }
        })
    }

    /// The transpose of broadcasting: sums over every axis along which `shape` was broadcast to `self`.
    ///
    /// ```
    /// use gradbook_arrays::Tensor;
    /// let x = Tensor::new([2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.sum_to(&[2].into()).as_slice(), [4.0, 6.0]);
    /// ```
    pub fn sum_to(self, shape: &Shape) -> Self {
        let own = *self.shape();
        if own == *shape {
            return self;
        }
        let lead = own.len() - shape.len();
        let axes: Vec<usize> =
            (0..own.len()).filter(|&axis| axis < lead || shape[axis - lead] == 1 && own[axis] != 1).collect();
        self.fold_axes(&axes, T::ZERO, |sum, x| sum + x).into_shape(*shape)
    }
}

/// A run of numbers folded: blocks in 16 lanes of 16 terms, which fill registers, and blocks in pairs.
fn fold_run<T: Real>(x: &[T], start: T, f: &impl Fn(T, T) -> T) -> T {
    const BLOCK: usize = 16 * CHAIN;
    if x.len() <= BLOCK / 2 {
        return fold_strands(x, start, f).into_iter().fold(start, f);
    }
    let block = |x: &[T]| {
        let (mut a, mut b) = ([start; 8], [start; 8]);
        let (chunks, rest) = x.as_chunks::<16>();
        for chunk in chunks {
            join(&mut a, &chunk[..8], f);
            join(&mut b, &chunk[8..], f);
        }
        join(&mut a, &b, f);
        join(&mut a, &fold_strands(rest, start, f), f);
        a.into_iter().fold(start, f)
    };
    let mut whole = [start];
    let blocks = |i: usize, out: &mut [T]| out[0] = block(&x[i * BLOCK..x.len().min((i + 1) * BLOCK)]);
    pairwise(x.len().div_ceil(BLOCK), &mut whole, blocks, f);
    whole[0]
}

fn fold_strands<T: Real>(x: &[T], start: T, f: &impl Fn(T, T) -> T) -> [T; 8] {
    let mut lanes = [start; 8];
    let (chunks, rest) = x.as_chunks::<8>();
    chunks.iter().for_each(|chunk| join(&mut lanes, chunk, f));
    join(&mut lanes, rest, f);
    lanes
}

/// The rows in x, as long as `out`, folded into one: blocks of 16 rows one after the other, blocks in pairs. If rows are
/// short and many, several neighbors count as one long row.
fn fold_rows<T: Real>(x: &[T], out: &mut [T], start: T, f: &impl Fn(T, T) -> T) {
    const LONG: usize = 32;
    let (width, neighbors) = (out.len(), LONG / out.len());
    if neighbors < 2 || x.len() < 2 * neighbors * width {
        return fold_blocks(x, out, start, f);
    }
    let mut lanes = [start; LONG];
    let long = &mut lanes[..neighbors * width];
    let (whole, rest) = x.split_at(x.len() - x.len() % long.len());
    fold_blocks(whole, long, start, f);
    out.fill(start);
    rest.chunks_exact(width).for_each(|row| join(out, row, f));
    long.chunks_exact(width).for_each(|row| join(out, row, f));
}

fn fold_blocks<T: Real>(x: &[T], out: &mut [T], start: T, f: &impl Fn(T, T) -> T) {
    let width = out.len();
    let block = |i: usize, out: &mut [T]| {
        let rows = &x[i * CHAIN * width..x.len().min((i + 1) * CHAIN * width)];
        out.fill(start);
        rows.chunks_exact(width).for_each(|row| simd!(join(out, row, f)));
    };
    pairwise(x.len().div_ceil(CHAIN * width), out, block, f);
}

/// a ← f(a, b), as far as both go.
#[inline(always)]
fn join<T: Real>(a: &mut [T], b: &[T], f: &impl Fn(T, T) -> T) {
    a.iter_mut().zip(b).for_each(|(a, &b)| *a = f(*a, b));
}
