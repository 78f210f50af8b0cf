//! Random numbers that depend on *where* they are used, never on who ran first: a counter-based stream keyed by
//! (seed, step, shard), from which every use draws a generator of its own.

use std::cell::Cell;

use ndarray_rand::rand::SeedableRng;
pub use rand_chacha::ChaCha8Rng as Rng;

/// The source of randomness of one shard of one training step.
///
/// ```
/// use gradbook_autograd::Stream;
/// use gradbook_autograd::rand::Rng;
/// let draw = |seed, step, shard| Stream::new(seed, step, shard).next_use().random::<u64>();
/// assert_eq!(draw(1, 5, 0), draw(1, 5, 0));
/// assert_ne!(draw(1, 5, 0), draw(1, 5, 1));
/// ```
#[derive(Debug)]
pub struct Stream {
    key: [u64; 3],
    uses: Cell<u64>,
}

impl Stream {
    /// The stream of a shard in a step of a run.
    pub fn new(seed: u64, step: u64, shard: u64) -> Self {
        Self { key: [seed, step, shard], uses: Cell::new(0) }
    }

    /// The step of the run: schedules of loss weights and temperatures look at it.
    pub fn step(&self) -> u64 {
        self.key[1]
    }

    /// The stream of another shard in the same step, at its start.
    pub fn of_shard(&self, shard: u64) -> Self {
        Self::new(self.key[0], self.key[1], shard)
    }

    /// A generator for the next use within this shard and step.
    pub fn next_use(&self) -> Rng {
        let n = self.uses.replace(self.uses.get() + 1);
        let mut key = [0; 32];
        for (bytes, word) in key.chunks_exact_mut(8).zip([self.key[0], self.key[1], self.key[2], n]) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Rng::from_seed(key)
    }
}
