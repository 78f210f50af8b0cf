//! The matrix product as its definition says: what the kernels behind [`gemm`](crate::gemm) must give, to the bit. It also
//! computes what they would not: numbers of other types, and products too thin to fill their vectors.
#![expect(clippy::needless_pass_by_value, reason = "views are pointers, and reborrowing them reads worse")]

use std::array::from_fn;

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2};

use crate::Real;

/// Cᵢⱼ ← β·Cᵢⱼ + Σₖ Aᵢₖ·Bₖⱼ. The sum runs over k in order and rounds once for each term ([`Real::mul_add`]), so its bits
/// depend neither on the other rows and columns nor on the width of vectors: columns side by side share a vector, the
/// terms of one sum never do.
#[inline(always)]
pub(crate) fn plain<T: Real>(a: ArrayView2<T>, b: ArrayView2<T>, beta: T, c: ArrayViewMut2<T>) {
    // Columns should be many and lie side by side.
    if c.ncols() == 1 || c.nrows() > 1 && c.strides()[1].abs() > c.strides()[0].abs() {
        along_rows(b.reversed_axes(), a.reversed_axes(), beta, c.reversed_axes());
    } else {
        along_rows(a, b, beta, c);
    }
}

#[inline(always)]
fn along_rows<T: Real>(a: ArrayView2<T>, b: ArrayView2<T>, beta: T, mut c: ArrayViewMut2<T>) {
    let rows: Option<Vec<&[T]>> = b.rows().into_iter().map(|row| row.to_slice()).collect();
    let n = c.ncols();
    for (a, mut c) in a.rows().into_iter().zip(c.rows_mut()) {
        let mut done = 0;
        while done < n {
            done += match (&rows, n - done) {
                (Some(rows), 64..) => {
                    let b = |k: usize| *rows[k][done..].first_chunk::<64>().expect("64 columns");
                    store(sums(a, b), beta, &mut c, done)
                }
                (_, 8..) => store(sums(a, |k| from_fn::<_, 8, _>(|j| b[[k, done + j]])), beta, &mut c, done),
                _ => store(sums(a, |k| [b[[k, done]]]), beta, &mut c, done),
            };
        }
    }
}

/// Σₖ aₖ·bₖ, of W columns at once: bₖ is `b(k)`.
#[inline(always)]
fn sums<T: Real, const W: usize>(a: ArrayView1<T>, b: impl Fn(usize) -> [T; W]) -> [T; W] {
    let mut sums = [T::ZERO; W];
    for (k, &a) in a.iter().enumerate() {
        sums.iter_mut().zip(b(k)).for_each(|(sum, b)| *sum = a.mul_add(b, *sum));
    }
    sums
}

/// β times the numbers of a row that begin at `start`, plus W sums. Returns W.
#[inline(always)]
fn store<T: Real, const W: usize>(sums: [T; W], beta: T, row: &mut ArrayViewMut1<T>, start: usize) -> usize {
    // With β = 0, whatever was there does not count, NaN included.
    let set = |(c, sum): (&mut T, T)| *c = if beta == T::ZERO { sum } else { beta * *c + sum };
    match row.as_slice_mut() {
        Some(row) => row[start..].iter_mut().zip(sums).for_each(set),
        None => row.iter_mut().skip(start).zip(sums).for_each(set),
    }
    W
}
