//! Recycled buffers: a big array freshly mapped by the system costs more than computing what goes into it, and a
//! training step asks for the same lengths again and again. So a dropped buffer waits here for the next request.

use std::{
    ops::{Deref, DerefMut},
    sync::Mutex,
};

use crate::Real;

/// Shorter buffers go straight to the allocator, which is quick for them.
const SMALLEST: usize = 1 << 10;
/// Four size classes to each doubling: at most a quarter of a buffer is idle.
const CLASSES: usize = 4 * 48;

/// The free buffers of one element type, by size class. Its size is bounded by the largest working set so far.
pub struct Pool<T> {
    free: [Mutex<Vec<Vec<T>>>; CLASSES],
}

impl<T> Pool<T> {
    /// A pool without buffers.
    pub const fn new() -> Self {
        Self { free: [const { Mutex::new(Vec::new()) }; CLASSES] }
    }

    /// Gives every waiting buffer back to the system.
    pub fn clear(&self) {
        for class in &self.free {
            class.lock().unwrap_or_else(|e| e.into_inner()).clear();
        }
    }
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// The class whose buffers hold at least `len` elements, and their capacity.
fn class_of(len: usize) -> (usize, usize) {
    let octave = (usize::BITS - 1 - (len - 1).leading_zeros()) as usize; // 2^octave < len ≤ 2^(octave+1)
    let quarter = (len - 1 - (1 << octave)) >> (octave - 2);
    (4 * octave + quarter, (1 << octave) + ((quarter + 1) << (octave - 2)))
}

/// A buffer of `len` elements that returns to its pool when dropped.
pub(crate) struct Buffer<T: Real> {
    /// At least `len` elements; what lies beyond is idle room of the size class.
    room: Vec<T>,
    len: usize,
}

impl<T: Real> Buffer<T> {
    /// A buffer with *unspecified* contents, for callers that overwrite all of it. Debug builds fill it with NaN.
    pub fn stale(len: usize) -> Self {
        let mut buffer = if len < SMALLEST {
            Self { room: vec![T::ZERO; len], len }
        } else {
            let (class, capacity) = class_of(len);
            let waiting = T::pool().free[class].lock().unwrap_or_else(|e| e.into_inner()).pop();
            Self { room: waiting.unwrap_or_else(|| vec![T::ZERO; capacity]), len }
        };
        if cfg!(debug_assertions) {
            buffer.fill(T::of(f64::NAN));
        }
        buffer
    }

    pub fn from_vec(room: Vec<T>) -> Self {
        Self { len: room.len(), room }
    }
}

impl<T: Real> Drop for Buffer<T> {
    fn drop(&mut self) {
        if self.room.len() >= SMALLEST {
            let (class, capacity) = class_of(self.room.len());
            if capacity == self.room.len() {
                let room = std::mem::take(&mut self.room);
                T::pool().free[class].lock().unwrap_or_else(|e| e.into_inner()).push(room);
            }
        }
    }
}

impl<T: Real> Deref for Buffer<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.room[..self.len]
    }
}

impl<T: Real> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.room[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_never_too_small_and_at_most_a_quarter_too_big() {
        for len in SMALLEST..SMALLEST * 9 {
            let (class, capacity) = class_of(len);
            assert!(capacity >= len && capacity * 4 <= len * 5 + 4, "{len} gets {capacity}");
            assert_eq!(
                class_of(capacity),
                (class, capacity),
                "a full buffer returns to the class it came from"
            );
        }
    }

    #[test]
    fn a_dropped_buffer_serves_the_next_request() {
        let len = 777_777;
        let first = Buffer::<f64>::stale(len);
        let address = first.as_ptr();
        drop(first);
        assert_eq!(Buffer::<f64>::stale(len - 1).as_ptr(), address, "same class, same memory");
    }
}
