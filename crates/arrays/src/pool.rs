//! Recycled memory: pages freshly mapped by the system cost more than computing what goes into them, and a training
//! step asks for the same lengths again and again. So what a dropped tensor occupied waits here for the next.

use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use crate::{Real, tensor::Buffer};

/// Up to this many elements share the smallest size class.
const SMALLEST: usize = 4;
/// Four size classes to each doubling: at most a quarter of a buffer is idle.
const CLASSES: usize = 4 * 48;
/// Requests after which a working set that has not come back is forgotten, or after twice as many.
const PERIOD: usize = 1 << 14;

/// The free memory of one element type, by size class.
///
/// All together, in use and waiting, is at most one and a half times what was in use at once in the last 2¹⁴ requests or
/// somewhat more. What exceeds it goes back to the system, first what has not been asked for the longest.
///
/// ```
/// use gradbook_arrays::{Real, Tensor};
/// let address = Tensor::<f32>::zeros([1000]).as_slice().as_ptr(); // dropped at once
/// assert_eq!(Tensor::<f32>::zeros([10, 100]).as_slice().as_ptr(), address);
/// f32::pool().clear(); // what waits goes back to the system
/// ```
pub struct Pool<T: Real> {
    classes: [Mutex<Vec<Arc<Buffer<T>>>>; CLASSES],
    /// The number of the last request for each class.
    asked: [AtomicUsize; CLASSES],
    requests: AtomicUsize,
    /// Elements in all buffers, in use or waiting.
    held: AtomicUsize,
    waiting: AtomicUsize,
    /// The most elements in use in this period, and in the one before.
    peaks: [AtomicUsize; 2],
}

impl<T: Real> Pool<T> {
    /// A pool without memory.
    pub const fn new() -> Self {
        Self {
            classes: [const { Mutex::new(Vec::new()) }; CLASSES],
            asked: [const { AtomicUsize::new(0) }; CLASSES],
            requests: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            peaks: [const { AtomicUsize::new(0) }; 2],
        }
    }

    /// Gives everything that waits back to the system.
    pub fn clear(&self) {
        (0..CLASSES).for_each(|class| while self.pop(class).is_some() {});
    }

    /// Memory of `len` elements, shared by nobody.
    pub(crate) fn buffer(&'static self, len: usize) -> Arc<Buffer<T>> {
        let (class, capacity) = class_of(len);
        let request = self.requests.fetch_add(1, Relaxed);
        self.asked[class].store(request, Relaxed);
        let found = self.pop(class);
        let missing = found.is_none();
        let mut buffer = found.unwrap_or_else(|| {
            self.held.fetch_add(capacity, Relaxed);
            Arc::new(Buffer::Pooled(Vec::with_capacity(capacity), self))
        });
        let used = self.held.load(Relaxed).saturating_sub(self.waiting.load(Relaxed));
        self.peaks[0].fetch_max(used, Relaxed);
        let period_ends = request % PERIOD == PERIOD - 1;
        if period_ends {
            self.peaks[1].store(self.peaks[0].swap(used, Relaxed), Relaxed);
        }
        if missing || period_ends {
            self.trim();
        }
        if let Some(Buffer::Pooled(elements, _)) = Arc::get_mut(&mut buffer) {
            elements.resize(len, T::ZERO);
        }
        buffer
    }

    /// Takes back what [`buffer`](Self::buffer) gave.
    pub(crate) fn recycle(&self, buffer: Arc<Buffer<T>>, capacity: usize) {
        self.waiting.fetch_add(capacity, Relaxed);
        open(&self.classes[class_of(capacity).0]).push(buffer);
    }

    /// A buffer of this many elements is no more.
    pub(crate) fn gone(&self, capacity: usize) {
        self.held.fetch_sub(capacity, Relaxed);
    }

    fn pop(&self, class: usize) -> Option<Arc<Buffer<T>>> {
        let buffer = open(&self.classes[class]).pop()?;
        if let Buffer::Pooled(elements, _) = &*buffer {
            self.waiting.fetch_sub(elements.capacity(), Relaxed);
        }
        Some(buffer)
    }

    /// Keeps to the bound, as far as there is anything that waits.
    fn trim(&self) {
        let most = self.peaks.iter().map(|peak| peak.load(Relaxed)).max().unwrap_or(0);
        let over = || self.held.load(Relaxed) > most + most / 2;
        if !over() {
            return;
        }
        let mut oldest: Vec<usize> = (0..CLASSES).collect();
        oldest.sort_by_cached_key(|&class| self.asked[class].load(Relaxed)); // others go on asking
        for class in oldest {
            while over() && self.pop(class).is_some() {}
        }
    }
}

impl<T: Real> Default for Pool<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// A lock that a panic elsewhere does not spoil: the lists it guards are whole at any time.
fn open<M>(mutex: &Mutex<M>) -> MutexGuard<'_, M> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The class whose buffers hold at least `len` elements, and their capacity.
fn class_of(len: usize) -> (usize, usize) {
    if len <= SMALLEST {
        return (0, SMALLEST);
    }
    let octave = (len - 1).ilog2() as usize; // 2^octave < len ≤ 2^(octave+1)
    let quarter = (len - 1 - (1 << octave)) >> (octave - 2);
    (4 * octave + quarter, (1 << octave) + ((quarter + 1) << (octave - 2)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;

    #[test]
    fn a_class_is_never_too_small_and_at_most_a_quarter_too_big() {
        for len in SMALLEST + 1..10_000 {
            let (class, capacity) = class_of(len);
            assert!(capacity >= len && capacity * 4 <= len * 5 + 4, "{len} gets {capacity}");
            assert!(class >= class_of(len - 1).0, "longer buffers have later classes");
            assert_eq!(class_of(capacity), (class, capacity), "a full buffer returns to its class");
        }
        assert_eq!(class_of(0), class_of(SMALLEST));
    }

    /// A pool of its own: tests run beside each other.
    fn pool() -> &'static Pool<f64> {
        Box::leak(Box::default())
    }

    fn held(pool: &Pool<f64>) -> usize {
        pool.held.load(Relaxed)
    }

    /// A tensor's life: its memory is asked for and given back.
    fn lives(pool: &'static Pool<f64>, len: usize) -> *const f64 {
        let buffer = pool.buffer(len);
        let Buffer::Pooled(elements, _) = &*buffer else { panic!("of the pool") };
        let address = elements.as_ptr();
        pool.recycle(buffer, class_of(len).1);
        address
    }

    #[test]
    fn what_is_dropped_serves_the_next_request() {
        let pool = pool();
        assert_eq!(lives(pool, 777_777), lives(pool, 777_776), "same class, same memory");
        assert_ne!(lives(pool, 7_777), lives(pool, 777_776));
        assert_eq!(held(pool), class_of(777_777).1 + class_of(7_777).1);
        pool.clear();
        assert_eq!((held(pool), pool.waiting.load(Relaxed)), (0, 0));
    }

    #[test]
    fn lengths_that_ever_change_do_not_pile_up() {
        let pool = pool();
        for len in (100_000..2_000_000).step_by(50_000) {
            lives(pool, len);
            assert!(held(pool) <= class_of(len).1 * 3 / 2, "{} elements for {len}", held(pool));
        }
    }

    #[test]
    fn a_working_set_is_kept_and_one_that_does_not_come_back_is_forgotten() {
        let pool = pool();
        let step = |lengths: &[usize]| {
            let all: Vec<_> = lengths.iter().map(|&len| (pool.buffer(len), class_of(len).1)).collect();
            all.into_iter().for_each(|(buffer, capacity)| pool.recycle(buffer, capacity));
        };
        let large: Vec<usize> = (1..60).map(|k| 1000 * k).collect();
        step(&large);
        let all = held(pool);
        for _ in 0..1000 {
            step(&large);
            assert_eq!(held(pool), all, "the same step asks for nothing new");
        }
        let small = class_of(5000).1;
        (0..PERIOD).for_each(|_| step(&[5000]));
        assert_eq!(held(pool), all, "it may come back");
        (0..PERIOD).for_each(|_| step(&[5000]));
        assert!((small..=small * 3 / 2).contains(&held(pool)), "{} elements for {small}", held(pool));
    }

    #[test]
    fn half_as_much_again_may_wait_and_no_more() {
        let pool = pool();
        lives(pool, 1024);
        lives(pool, 512);
        assert_eq!(held(pool), 1536, "one and a half times the 1024 that were in use");
        lives(pool, 256);
        assert_eq!(held(pool), 768, "what has not been asked for the longest is gone");
    }

    #[test]
    fn memory_that_dies_elsewhere_is_not_counted() {
        let pool = pool();
        let (one, other) = (pool.buffer(1000), pool.buffer(1000));
        drop(one);
        assert_eq!(held(pool), class_of(1000).1);
        drop(other);
        assert_eq!(held(pool), 0);
    }

    #[test]
    fn a_dropped_tensor_leaves_its_memory_to_the_next_of_its_size() {
        let address = || Tensor::<f32>::zeros([654_321]).as_slice().as_ptr();
        assert_eq!(address(), address());
    }

    #[test]
    fn memory_that_a_caller_brought_does_not_pile_up() {
        let len = 555_555;
        let capacity = class_of(len).1;
        drop(Tensor::new([capacity], vec![0f64; capacity]));
        assert!(open(&f64::pool().classes[class_of(len).0]).is_empty());
    }
}
