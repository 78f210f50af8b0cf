//! The one door to matrix multiplication, and the only file with `unsafe`: C ← β·C + A·B on strided views.
#![expect(unsafe_code, reason = "the kernels take raw pointers; the views guarantee they are in bounds")]
#![expect(clippy::needless_pass_by_value, reason = "views are pointers, and reborrowing them reads worse")]

#[cfg(feature = "openblas")]
use blas_src as _; // links the library
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, Slice};

use crate::{
    Real,
    blocks::{WORTH_A_THREAD, join},
    count::count_product,
    pairwise::{CHAIN, pairwise},
    plain::plain,
    simd,
};

/// Terms that are summed in one chunk. The kernels would choose by the sizes of caches; longer, they would cut in two.
const CHUNK: usize = 512;

/// C ← β·C + A·B, with A `[m, k]`, B `[k, n]`, C `[m, n]` of any strides (transposed or overlapping views are free).
/// With β = 0 the old contents of C are ignored, NaN included.
///
/// Each number has the bits of its definition, whatever is computed beside it, on any number of threads and with vectors
/// of any width: the k terms fall into ⌈k/512⌉ equal chunks, each summed term by term from zero, each term with one
/// rounding ([`Real::mul_add`]), and the sums are added to β·C one after the other. Of more than 16 chunks, every 16
/// make a block that is summed so from zero, the blocks are summed in pairs ([`pairwise`]), and the whole is added to β·C.
/// (OpenBLAS, and processors that cannot multiply and add in one rounding, group and round otherwise.)
///
/// ```
/// use gradbook_arrays::gemm::gemm;
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
    match largest_block([m, k, n], b.strides()[1]) {
        Some(most) => split(most, a, b, beta, c),
        None => serial(a, b, beta, c),
    }
}

/// The most rows and columns of a block of C, if the product is worth more than one thread. A block packs its own copy of its
/// columns of B, so it should be tall, the more so if that means to transpose them: if its columns do not lie a step of 1
/// apart.
fn largest_block([m, k, n]: [usize; 3], step: isize) -> Option<[usize; 2]> {
    if m * n * k < 2 * WORTH_A_THREAD {
        return None;
    }
    let tall = if step == 1 { 264 } else { 528 };
    Some(match n {
        _ if m > tall => [tall, 512],
        128.. => [m, 512.min(n.div_ceil(2).next_multiple_of(64))],
        _ => [m.div_ceil(2).next_multiple_of(12), n],
    })
}

/// Halves C until its parts have at most so many rows and columns, and computes them on all threads.
fn split<T: Real>(most: [usize; 2], a: ArrayView2<T>, b: ArrayView2<T>, beta: T, c: ArrayViewMut2<T>) {
    // The microkernels fill 6 to 12 rows and up to 64 columns at a time.
    if c.nrows() > most[0] {
        let half = (c.nrows() / 2).next_multiple_of(12);
        let ((a0, a1), (c0, c1)) = (a.split_at(Axis(0), half), c.split_at(Axis(0), half));
        join(|| split(most, a0, b, beta, c0), || split(most, a1, b, beta, c1));
    } else if c.ncols() > most[1] {
        let half = (c.ncols() / 2).next_multiple_of(64).min(c.ncols());
        let ((b0, b1), (c0, c1)) = (b.split_at(Axis(1), half), c.split_at(Axis(1), half));
        join(|| split(most, a, b0, beta, c0), || split(most, a, b1, beta, c1));
    } else {
        serial(a, b, beta, c);
    }
}

/// C ← β·C + A·B on one thread. The shapes fit.
pub(crate) fn serial<T: Real>(a: ArrayView2<T>, b: ArrayView2<T>, beta: T, mut c: ArrayViewMut2<T>) {
    let (k, dim) = (a.ncols(), c.dim());
    count_product(dim.0, k, dim.1);
    let terms = k.div_ceil(k.div_ceil(CHUNK).max(1)).max(1);
    if k <= CHAIN * terms {
        return chain(a, b, terms, beta, c);
    }
    let mut sum = Array2::from_elem(dim, T::ZERO);
    let elements = sum.as_slice_mut().expect("just made, row after row");
    let block = |i: usize, out: &mut [T]| {
        let block = Slice::from(i * CHAIN * terms..k.min((i + 1) * CHAIN * terms));
        let out = ArrayViewMut2::from_shape(dim, out).expect("as long as C");
        chain(a.slice_axis(Axis(1), block), b.slice_axis(Axis(0), block), terms, T::ZERO, out);
    };
    pairwise(k.div_ceil(CHAIN * terms), elements, block, |a, b| a + b);
    c.zip_mut_with(&sum, |c, &sum| *c = if beta == T::ZERO { sum } else { beta * *c + sum });
}

/// C ← β·C + A·B, chunks of so many terms added one after the other.
fn chain<T: Real>(a: ArrayView2<T>, b: ArrayView2<T>, terms: usize, mut beta: T, mut c: ArrayViewMut2<T>) {
    let (m, k, n) = (a.nrows(), a.ncols(), b.ncols());
    for start in (0..k.max(1)).step_by(terms) {
        let chunk = Slice::from(start..k.min(start + terms));
        let (a, b) = (a.slice_axis(Axis(1), chunk), b.slice_axis(Axis(0), chunk));
        // The kernels have ways of their own for these, which group and round otherwise.
        if m == 1 || n == 1 || a.ncols() <= 2 {
            simd!(plain(a, b, beta, c.view_mut()));
        } else {
            T::gemm_kernel(a, b, beta, c.view_mut());
        }
        beta = T::ONE;
    }
}

/// `f32` and `f64` by the microkernels of the `gemm` crates.
#[cfg(not(feature = "openblas"))]
macro_rules! kernel {
    ($name:ident, $float:ty, $kernel:path) => {
        pub(crate) fn $name<'v>(
            mut a: ArrayView2<'v, $float>,
            mut b: ArrayView2<'v, $float>,
            beta: $float,
            mut c: ArrayViewMut2<$float>,
        ) {
            // The kernels write columns: of a row-major C they compute the transpose, Cᵀ = Bᵀ·Aᵀ. And they walk forwards.
            if c.strides()[1].abs() < c.strides()[0].abs() {
                (a, b, c) = (b.reversed_axes(), a.reversed_axes(), c.reversed_axes());
            }
            if c.strides()[0] < 0 {
                a.invert_axis(Axis(0));
                c.invert_axis(Axis(0));
            }
            if c.strides()[1] < 0 {
                b.invert_axis(Axis(1));
                c.invert_axis(Axis(1));
            }
            // Where the terms of a sum lie side by side in both, small products would sum them in vectors.
            let rows = (a.strides()[1] == 1 && b.strides()[0] == 1 && c.len() <= 256)
                .then(|| b.as_standard_layout());
            let b = rows.as_ref().map_or(b, |rows| rows.view());
            let ((m, n), k) = (c.dim(), a.ncols());
            assert!(a.nrows() == m && b.dim() == (k, n), "gemm: the shapes do not fit");
            // SAFETY: pointers, lengths and strides come from live views whose shapes have just been matched, C is
            // uniquely borrowed, and A and B are only read.
            unsafe {
                $kernel()(
                    m,
                    n,
                    k,
                    c.as_mut_ptr(),
                    c.strides()[1],
                    c.strides()[0],
                    beta != 0.0,
                    a.as_ptr(),
                    a.strides()[1],
                    a.strides()[0],
                    b.as_ptr(),
                    b.strides()[1],
                    b.strides()[0],
                    beta,
                    1.0,
                    false,
                    false,
                    false,
                    gemm_common::Parallelism::None,
                );
            }
        }
    };
}

#[cfg(not(feature = "openblas"))]
kernel!(kernel_f32, f32, gemm_f32::gemm::f32::get_gemm_fn);
#[cfg(not(feature = "openblas"))]
kernel!(kernel_f64, f64, gemm_f64::gemm::f64::get_gemm_fn);

/// `f32` and `f64` by OpenBLAS, through ndarray, one thread to a block.
#[cfg(feature = "openblas")]
pub(crate) fn blas<T: Real + ndarray::LinalgScalar>(
    a: ArrayView2<T>,
    b: ArrayView2<T>,
    beta: T,
    mut c: ArrayViewMut2<T>,
) {
    unsafe extern "C" {
        safe fn openblas_set_num_threads(threads: std::ffi::c_int);
    }
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| openblas_set_num_threads(1));
    if beta == T::ZERO {
        c.fill(T::ZERO); // BLAS may multiply old NaNs by β
    }
    ndarray::linalg::general_mat_mul(T::ONE, &apart(a), &apart(b), beta, &mut c);
}

/// The view, or a copy if its rows or columns overlap, which BLAS does not know.
#[cfg(feature = "openblas")]
fn apart<T: Real>(x: ArrayView2<T>) -> ndarray::CowArray<T, ndarray::Ix2> {
    let overlap = match (x.strides()[0], x.strides()[1]) {
        (step, 1) => step < x.ncols() as isize,
        (1, step) => step < x.nrows() as isize,
        _ => false,
    };
    if overlap { x.to_owned().into() } else { x.into() }
}

#[cfg(feature = "openblas")]
pub(crate) use {blas as kernel_f32, blas as kernel_f64};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_of_two_million_multiplications_falls_into_blocks_for_all_threads() {
        assert_eq!(largest_block([128, 128, 127], 1), None);
        assert_eq!(largest_block([128, 128, 128], 1), Some([128, 64])); // 2²¹: two halves of its columns
        assert_eq!(largest_block([3, 700, 1500], 1), Some([3, 512]));
        assert_eq!(largest_block([264, 300, 250], 1), Some([264, 128]));
        assert_eq!(largest_block([265, 300, 250], 1), Some([264, 512])); // tall: rows first
        assert_eq!(largest_block([528, 300, 250], 300), Some([528, 128])); // transposed, it should be taller
        assert_eq!(largest_block([529, 300, 250], 300), Some([528, 512]));
        assert_eq!(largest_block([200, 4000, 127], 1), Some([108, 127])); // narrow: two halves of its rows
    }
}
