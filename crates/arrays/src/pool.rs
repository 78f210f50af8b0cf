//! Recycled memory: pages freshly mapped by the system cost more than computing what goes into them, and a training
//! step asks for the same lengths again and again. So what a dropped tensor occupied waits here for the next.

use std::sync::{Arc, Mutex, MutexGuard};

use crate::{Real, tensor::Buffer};

/// Up to this many elements share the smallest size class.
const SMALLEST: usize = 4;
/// Four size classes to each doubling: at most a quarter of a buffer is idle.
const CLASSES: usize = 4 * 48;

/// The free memory of one element type, by size class. Bounded by the largest working set so far.
///
/// ```
/// use gradbook_arrays::{Real, Tensor};
/// let address = Tensor::<f32>::zeros([1000]).as_slice().as_ptr(); // dropped at once
/// assert_eq!(Tensor::<f32>::zeros([10, 100]).as_slice().as_ptr(), address);
/// f32::pool().clear(); // what waits goes back to the system
/// ```
pub struct Pool<T: Real> {
    classes: [Mutex<Vec<Arc<Buffer<T>>>>; CLASSES],
}

impl<T: Real> Pool<T> {
    /// A pool without memory.
    pub const fn new() -> Self {
        Self { classes: [const { Mutex::new(Vec::new()) }; CLASSES] }
    }

    /// Gives everything that waits back to the system.
    pub fn clear(&self) {
        self.classes.iter().for_each(|class| *open(class) = Vec::new());
    }

    /// Memory of `len` elements, shared by nobody.
    pub(crate) fn buffer(&self, len: usize) -> Arc<Buffer<T>> {
        let (class, capacity) = class_of(len);
        let waiting = open(&self.classes[class]).pop();
        let mut buffer = waiting.unwrap_or_else(|| Arc::new(Buffer::Pooled(Vec::with_capacity(capacity))));
        if let Some(Buffer::Pooled(elements)) = Arc::get_mut(&mut buffer) {
            elements.resize(len, T::ZERO);
        }
        buffer
    }

    /// Takes back what [`buffer`](Self::buffer) gave.
    pub(crate) fn recycle(&self, buffer: Arc<Buffer<T>>, capacity: usize) {
        open(&self.classes[class_of(capacity).0]).push(buffer);
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
            assert_eq!(
                class_of(capacity),
                (class, capacity),
                "a full buffer returns to the class it came from"
            );
        }
        assert_eq!(class_of(0), class_of(SMALLEST));
    }

    #[test]
    fn a_dropped_tensor_serves_the_next_request() {
        let len = 777_777;
        let first = Tensor::<f64>::zeros([len]);
        let address = first.as_slice().as_ptr();
        drop(first);
        let second = Tensor::<f64>::zeros([len - 1]);
        assert_eq!(second.as_slice().as_ptr(), address, "same class, same memory");
    }

    #[test]
    fn memory_that_a_caller_brought_does_not_pile_up() {
        let len = 555_555;
        let capacity = class_of(len).1;
        drop(Tensor::new([capacity], vec![0f64; capacity]));
        assert!(open(&f64::pool().classes[class_of(len).0]).is_empty());
    }
}
