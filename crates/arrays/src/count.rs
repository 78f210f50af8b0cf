//! [`flops`]: how much arithmetic the matrix products of a thread have done.

use std::cell::Cell;

thread_local! {
    static DONE: Cell<u64> = const { Cell::new(0) };
}

/// Floating-point operations of all matrix products, convolutions included, that this thread has computed so far: 2·m·k·n
/// for `[m, k] · [k, n]`. What goes over elements one by one is not counted, as is usual. Two readings on every thread of
/// a pool, by `rayon::broadcast`, tell what some work on that pool took, to the operation and in any load.
///
/// ```
/// use gradbook_arrays::{flops, gemm::gemm};
/// use ndarray::Array2;
/// let (a, b, mut c) = (Array2::zeros((3, 4)), Array2::zeros((4, 5)), Array2::<f32>::zeros((3, 5)));
/// let before = flops();
/// gemm(a.view(), b.view(), 0.0, c.view_mut());
/// assert_eq!(flops() - before, 2 * 3 * 4 * 5);
/// ```
pub fn flops() -> u64 {
    DONE.get()
}

/// Counts a product `[m, k] · [k, n]` that is computed elsewhere than in [`gemm`](crate::gemm).
pub fn count_product(m: usize, k: usize, n: usize) {
    DONE.set(DONE.get().wrapping_add(2 * (m * k * n) as u64));
}
