//! [`simd!`](crate::simd!): compile one loop for every vector width and pick at run time. For the few loops that decide a
//! step's time; elsewhere the baseline width is within a percent and compiles three times as fast.

/// Computes an expression compiled for the widest vectors this machine has (AVX-512, AVX2 or the baseline). What it calls
/// must be inlined into it to profit. The bits do not depend on the choice: Rust never reorders or fuses float arithmetic.
///
/// ```
/// use gradbook_arrays::simd;
/// let (x, mut y) = (vec![1.0f32; 1000], vec![2.0f32; 1000]);
/// simd!(y.iter_mut().zip(&x).for_each(|(y, x)| *y += 0.5 * x));
/// assert_eq!(y[999], 2.5);
/// ```
#[macro_export]
macro_rules! simd {
    ($work:expr) => {
        $crate::simd(
            #[inline(always)] // or the compiler may leave the work outside, compiled for the baseline
            || $work,
        )
    };
}

/// What [`simd!`](crate::simd!) stands for, given a closure that is always inlined.
pub fn simd<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}
