//! The one door to matrix multiplication, and the only file with `unsafe`: C ← β·C + A·B on strided views.
#![expect(
    unsafe_code,
    reason = "the `gemm` crate takes raw pointers; the views guarantee they are in bounds"
)]
#![expect(clippy::needless_pass_by_value, reason = "views are pointers, and reborrowing them reads worse")]

use ndarray::{ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;

use crate::{Real, Shape, Tensor, shape::broadcast_or_panic, strided::runs};

/// Products with fewer multiplications than this stay on one thread.
const WORTH_A_THREAD: usize = 1 << 20;

/// C ← β·C + A·B, with A `[m, k]`, B `[k, n]`, C `[m, n]` of any strides (transposed or overlapping views are free).
///
/// Work is cut into row blocks *by shape alone*, never by thread count, so the bits do not depend on the machine.
/// With β = 0 the old contents of C are ignored, NaN included.
///
/// ```
/// use gradbook_autograd::gemm::gemm;
/// use ndarray::array;
/// let (a, b) = (array![[1.0, 2.0], [3.0, 4.0]], array![[5.0], [6.0]]);
/// let mut c = array![[0.0], [0.0]];
/// gemm(a.view(), b.view(), 0.0, c.view_mut());
/// assert_eq!(c, array![[17.0], [39.0]]);
/// ```
///
/// # Panics
/// If the inner or outer lengths do not fit.
#[track_caller]
pub fn gemm<T: Real>(a: ArrayView2<T>, b: ArrayView2<T>, beta: T, c: ArrayViewMut2<T>) {
    let (m, k, n) = (a.nrows(), a.ncols(), b.ncols());
    assert!(
        b.nrows() == k && c.dim() == (m, n),
        "gemm: A {:?} · B {:?} does not fit C {:?}\n  rule: [m, k] · [k, n] = [m, n]",
        a.shape(),
        b.shape(),
        c.shape()
    );
    let work = m * n * k;
    if work < 2 * WORTH_A_THREAD {
        return T::gemm_serial(a, b, beta, c);
    }
    if m >= n { split(Axis(0), a, b, beta, c) } else { split(Axis(1), a, b, beta, c) }
}

/// Halves the rows (axis 0) or the columns (axis 1) of C and computes both halves at once.
fn split<T: Real>(axis: Axis, a: ArrayView2<T>, b: ArrayView2<T>, beta: T, c: ArrayViewMut2<T>) {
    // A multiple of 48 rows keeps the microkernels of all vector widths full.
    let half = (c.len_of(axis) / 2).next_multiple_of(48).min(c.len_of(axis));
    let (c0, c1) = c.split_at(axis, half);
    if axis == Axis(0) {
        let (a0, a1) = a.split_at(axis, half);
        rayon::join(|| T::gemm_serial(a0, b, beta, c0), || T::gemm_serial(a1, b, beta, c1));
    } else {
        let (b0, b1) = b.split_at(axis, half);
        rayon::join(|| T::gemm_serial(a, b0, beta, c0), || T::gemm_serial(a, b1, beta, c1));
    }
}

/// C = A·B over the last two axes, each operand read transposed if its flag says so. Leading axes broadcast; where
/// `shape`, that of C, lacks an axis of the batch, the products along it add up (the transpose of broadcasting).
pub(crate) fn batched<T: Real>(a: (&Tensor<T>, bool), b: (&Tensor<T>, bool), shape: Shape) -> Tensor<T> {
    let batch_of = |shape: &Shape| Shape::new(&shape[..shape.len() - 2]);
    let batches = [a.0.shape(), b.0.shape(), &shape].map(batch_of);
    let whole = batches[1..].iter().fold(batches[0], |all, s| broadcast_or_panic("matmul", &all, s));
    // The pairs of matrices whose products make up each matrix of C.
    let mut terms: Vec<Vec<(usize, usize)>> = vec![Vec::new(); batches[2].size()];
    runs(&whole, batches.map(|s| s.strides_as(&whole)), |run| {
        for i in 0..run.len {
            let [a, b, c] = std::array::from_fn(|k| run.start[k] + i * run.step[k]);
            terms[c].push((a, b));
        }
    });
    let (m, n) = (shape[shape.len() - 2], shape[shape.len() - 1]);
    let product = |(c, terms): (&mut [T], &Vec<(usize, usize)>)| {
        if terms.is_empty() {
            c.fill(T::ZERO);
        }
        for (i, &(item_a, item_b)) in terms.iter().enumerate() {
            let beta = if i == 0 { T::ZERO } else { T::ONE };
            let c = ArrayViewMut2::from_shape((m, n), &mut *c).expect("a tensor is row-major");
            gemm(matrix(a, item_a), matrix(b, item_b), beta, c);
        }
    };
    let k = a.0.shape()[a.0.shape().len() - if a.1 { 2 } else { 1 }];
    Tensor::build(shape, |c| {
        let size = (m * n).max(1);
        if whole.size() * m * n * k < 2 * WORTH_A_THREAD {
            c.chunks_mut(size).zip(&terms).for_each(product);
        } else {
            c.par_chunks_mut(size).zip(&terms).for_each(product);
        }
    })
}

/// One matrix of a batch, read transposed if the flag says so.
fn matrix<T: Real>((x, transposed): (&Tensor<T>, bool), item: usize) -> ArrayView2<'_, T> {
    let [.., rows, columns] = x.shape()[..] else { unreachable!("a matrix has two axes") };
    let elements = &x.as_slice()[item * rows * columns..][..rows * columns];
    let view = ArrayView2::from_shape((rows, columns), elements).expect("a tensor is row-major");
    if transposed { view.reversed_axes() } else { view }
}

/// `f32` and `f64` by the `gemm` crate's microkernels.
#[cfg(not(feature = "openblas"))]
pub(crate) fn serial<T: Real>(a: ArrayView2<T>, b: ArrayView2<T>, beta: T, mut c: ArrayViewMut2<T>) {
    let (m, k, n) = (a.nrows(), a.ncols(), b.ncols());
    if m == 0 || n == 0 {
        return;
    }
    // SAFETY: pointers, lengths and strides come from live views whose shapes the caller has matched, C is
    // uniquely borrowed, and A and B are only read.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            c.strides()[1],
            c.strides()[0],
            beta != T::ZERO,
            a.as_ptr(),
            a.strides()[1],
            a.strides()[0],
            b.as_ptr(),
            b.strides()[1],
            b.strides()[0],
            beta,
            T::ONE,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// `f32` and `f64` by OpenBLAS, through ndarray.
#[cfg(feature = "openblas")]
pub(crate) fn serial<T: Real + ndarray::LinalgScalar>(
    a: ArrayView2<T>,
    b: ArrayView2<T>,
    beta: T,
    mut c: ArrayViewMut2<T>,
) {
    if beta == T::ZERO {
        c.fill(T::ZERO); // BLAS may multiply old NaNs by β
    }
    ndarray::linalg::general_mat_mul(T::ONE, &a, &b, beta, &mut c);
}
