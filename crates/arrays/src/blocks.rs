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
    let blocks = out.len().checked_div(len).unwrap_or(0);
    share(out, len, work.saturating_mul(blocks), each);
}

/// [`each_block`] for products of matrices, `[m, k] · [k, n]`: so many altogether make up the blocks, of m·n elements.
pub(crate) fn each_product<T: Send>(
    out: &mut [T],
    [m, k, n]: [usize; 3],
    products: usize,
    each: impl Fn(usize, &mut [T]) + Send + Sync,
) {
    share(out, m * n, [m, k, n, products].iter().product(), each);
}

/// [`each_block`] for copies: moving an element takes as long as about 32 multiplications.
pub(crate) fn each_copy<T: Send>(out: &mut [T], len: usize, each: impl Fn(usize, &mut [T]) + Send + Sync) {
    share(out, len, 32 * out.len(), each);
}

/// Blocks of `len` elements, on all threads if the work of all together is worth it.
fn share<T: Send>(out: &mut [T], len: usize, work: usize, each: impl Fn(usize, &mut [T]) + Send + Sync) {
    let len = len.max(1);
    if work >= 2 * WORTH_A_THREAD && !ALONE.get() {
        out.par_chunks_mut(len).enumerate().for_each(|(i, block)| each(i, block));
    } else {
        out.chunks_mut(len).enumerate().for_each(|(i, block)| each(i, block));
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::HashSet,
        sync::Mutex,
        thread,
        time::{Duration, Instant},
    };

    use super::*;

    /// The lengths of the blocks, if they ran on so many threads of two that have nothing else to do. Where both are wanted,
    /// a block waits for the other thread: on a busy machine it may take long to come.
    fn ran_on(wanted: usize, work: impl FnOnce(&(dyn Fn(usize, &mut [u8]) + Sync)) + Send) -> HashSet<usize> {
        let seen = Mutex::new(HashSet::new());
        let count =
            || seen.lock().expect("unspoiled").iter().map(|(id, _)| *id).collect::<HashSet<_>>().len();
        let each = |_: usize, block: &mut [u8]| {
            seen.lock().expect("unspoiled").insert((thread::current().id(), block.len()));
            let begun = Instant::now();
            thread::sleep(Duration::from_millis(1));
            while count() < wanted && begun.elapsed() < Duration::from_secs(20) {
                thread::sleep(Duration::from_millis(1));
            }
        };
        rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("a pool").install(|| work(&each));
        assert_eq!(count(), wanted, "threads");
        seen.into_inner().expect("unspoiled").into_iter().map(|(_, len)| len).collect()
    }

    /// 2²¹ multiplications are worth two threads.
    #[test]
    fn products_are_shared_out_by_their_multiplications() {
        let products = |wanted: usize, count: usize| {
            ran_on(wanted, |each| each_product(&mut vec![0; 40 * count], [8, 1024, 5], count, each))
        };
        assert_eq!(products(1, 51), [40].into()); // 2,088,960
        assert_eq!(products(2, 52), [40].into()); // 2,129,920
        // Many products may make up few blocks.
        assert_eq!(ran_on(2, |each| each_product(&mut [0; 80], [8, 1024, 5], 52, each)), [40].into());
        each_product(&mut [0; 0], [0, 1 << 30, 1], 4, |_, _| panic!("no block"));
    }

    #[test]
    fn copies_are_shared_out_by_their_elements() {
        let copies = |wanted: usize, blocks: usize| {
            ran_on(wanted, |each| each_copy(&mut vec![0; 1000 * blocks], 1000, each))
        };
        assert_eq!(copies(1, 65), [1000].into()); // 32 · 65,000 = 2,080,000
        assert_eq!(copies(2, 66), [1000].into()); // 2,112,000
    }

    #[test]
    fn blocks_are_shared_out_by_the_work_of_all() {
        let blocks =
            |wanted: usize, work: usize| ran_on(wanted, |each| each_block(&mut [0; 320], 10, work, each));
        assert_eq!(blocks(1, (1 << 16) - 1), [10].into()); // 32 blocks
        assert_eq!(blocks(2, 1 << 16), [10].into());
        each_block(&mut [0; 0], 0, usize::MAX, |_, _| panic!("no block"));
    }
}
