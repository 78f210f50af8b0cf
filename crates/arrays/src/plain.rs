//! The matrix product as its definition says: what the kernels behind [`gemm`](crate::gemm) must give, to the bit. It also
//! computes what they would not: numbers of other types, and products too thin to fill their vectors.

use std::array::from_fn;

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, s};

use crate::Real;

/// Cᵢⱼ ← β·Cᵢⱼ + Σₖ Aᵢₖ·Bₖⱼ. The sum runs over k in order and rounds once for each term ([`Real::mul_add`]), so its bits
/// depend neither on the other rows and columns nor on the width of vectors: columns side by side share a vector, the
/// terms of one sum never do.
#[inline(always)]
pub(crate) fn plain<T: Real>(a: ArrayView2<T>, b: ArrayView2<T>, beta: T, mut c: ArrayViewMut2<T>) {
    // Columns should be many and lie side by side.
    if c.ncols() == 1 || c.nrows() > 1 && c.strides()[1].abs() > c.strides()[0].abs() {
        return along_rows(b.reversed_axes(), a.reversed_axes(), beta, c.reversed_axes());
    }
    along_rows(a, b, beta, c.view_mut());
}

#[inline(always)]
fn along_rows<T: Real>(a: ArrayView2<T>, b: ArrayView2<T>, beta: T, mut c: ArrayViewMut2<T>) {
    let rows: Option<Vec<&[T]>> = b.rows().into_iter().map(|row| row.to_slice()).collect();
    let n = c.ncols();
    for (a, mut c) in a.rows().into_iter().zip(c.rows_mut()) {
        let mut start = 0;
        while start < n {
            let c = c.slice_mut(s![start..]);
            start += match (&rows, n - start) {
                (Some(rows), 64..) => {
                    sum_into(c, beta, a, |k| *rows[k][start..].first_chunk::<64>().expect("64 columns"))
                }
                (_, 8..) => sum_into(c, beta, a, |k| from_fn::<_, 8, _>(|j| b[[k, start + j]])),
                _ => sum_into(c, beta, a, |k| [b[[k, start]]]),
            };
        }
    }
}

/// The first W columns of a row, W, which is returned, at once: bₖ are `b(k)`.
#[inline(always)]
fn sum_into<T: Real, const W: usize>(
    mut c: ArrayViewMut1<T>,
    beta: T,
    a: ArrayView1<T>,
    b: impl Fn(usize) -> [T; W],
) -> usize {
    let mut sums = [T::ZERO; W];
    for (k, &a) in a.iter().enumerate() {
        sums.iter_mut().zip(b(k)).for_each(|(sum, b)| *sum = a.mul_add(b, *sum));
    }
    // With β = 0, whatever C held does not count, NaN included.
    let put = |(c, sum): (&mut T, T)| *c = if beta == T::ZERO { sum } else { beta * *c + sum };
    match c.as_slice_mut() {
        Some(c) => c.iter_mut().zip(sums).for_each(put),
        None => c.iter_mut().zip(sums).for_each(put),
    }
    W
}
