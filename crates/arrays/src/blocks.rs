//! [`each_block`]: share a loop out to all threads, if it is long enough to be worth it.

use rayon::prelude::*;

/// Loops with fewer multiplications than twice this stay on one thread.
pub(crate) const WORTH_A_THREAD: usize = 1 << 20;

/// Calls `each` with the number and the elements of every block of `len` elements of `out`, on all threads if the `work`
/// of a block (in multiplications of a matrix product) makes that worth it. What is in a block never depends on the
/// threads.
///
/// ```
/// let mut squares = [0; 10];
/// gradbook_arrays::each_block(&mut squares, 4, 4, |i, block| {
///     block.iter_mut().zip(4 * i..).for_each(|(square, k)| *square = k * k);
/// });
/// assert_eq!(squares, [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
/// ```
pub fn each_block<T: Send>(
    out: &mut [T],
    len: usize,
    work: usize,
    each: impl Fn(usize, &mut [T]) + Send + Sync,
) {
    if len > 0 && work * (out.len() / len) >= 2 * WORTH_A_THREAD {
        out.par_chunks_mut(len).enumerate().for_each(|(i, block)| each(i, block));
    } else {
        out.chunks_mut(len.max(1)).enumerate().for_each(|(i, block)| each(i, block));
    }
}
