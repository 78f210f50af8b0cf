//! [`each_block`] and [`join`]: share work out to all threads, if it is enough to be worth it and they are free.

use std::cell::Cell;

use rayon::prelude::*;

/// Loops with fewer multiplications than twice this stay on one thread.
pub(crate) const WORTH_A_THREAD: usize = 1 << 20;

thread_local! {
    /// Whether this thread keeps its work to itself.
    static ALONE: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` on this thread alone: nothing in it is shared out. For one of at least as many tasks as there are threads:
/// where all are busy, each part handed over is one more to wait for, and long where other programs run.
///
/// No bit depends on it, since work is cut by shape.
///
/// ```
/// use gradbook_arrays::{alone, join};
/// let thread = || std::thread::current().id();
/// assert_eq!(alone(|| join(thread, thread)), (thread(), thread()));
/// ```
pub fn alone<R>(work: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            ALONE.set(self.0);
        }
    }
    let _restore = Restore(ALONE.replace(true));
    work()
}

/// Both of two tasks, on two threads if another has nothing to do, and [`alone`] if told so.
pub fn join<A: Send, B: Send>(a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
    if ALONE.get() { (a(), b()) } else { rayon::join(a, b) }
}

/// How many items of a parallel loop to hand over together, `len` or more: all of them if this thread is [`alone`].
///
/// ```
/// use gradbook_arrays::{alone, at_least};
/// assert_eq!((at_least(64), alone(|| at_least(64))), (64, usize::MAX)); // for rayon's `with_min_len`
/// ```
pub fn at_least(len: usize) -> usize {
    if ALONE.get() { usize::MAX } else { len }
}

/// Calls `each` with the number and the elements of every block of `len` elements of `out`, on all threads if the `work`
/// of a block (in multiplications of a matrix product) makes that worth it, and if this one is not [`alone`]. What is in a
/// block never depends on the threads.
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
    if len > 0 && work.saturating_mul(out.len() / len) >= 2 * WORTH_A_THREAD && !ALONE.get() {
        out.par_chunks_mut(len).enumerate().for_each(|(i, block)| each(i, block));
    } else {
        out.chunks_mut(len.max(1)).enumerate().for_each(|(i, block)| each(i, block));
    }
}
