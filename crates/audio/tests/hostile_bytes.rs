//! Mutated WAV bytes never panic the decoder and never make it allocate more than the bytes can hold.

use gradbook_audio::{Audio, Encoding, wav};
use peak_alloc::PeakAlloc;
use proptest::prelude::*;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The most a byte can become: one 8-bit sample as an f32, in a vector that has just doubled while the old half is
/// still there, with room to spare; and something for the reader itself.
fn allowance(bytes: usize) -> usize {
    16 * bytes + (64 << 10)
}

/// A single test, because the peak is that of the whole process.
#[test]
fn mutated_files_neither_panic_nor_allocate_beyond_their_size() {
    let mutations = prop::collection::vec((0_usize..60, any::<u8>()), 0..6);
    let words = prop::collection::vec(
        (prop::sample::select(vec![4_usize, 16, 20, 24, 28, 32, 34, 40]), any::<u32>()),
        0..3,
    );
    let encodings = prop::sample::select(vec![
        Encoding::Pcm8,
        Encoding::Pcm16,
        Encoding::Pcm24,
        Encoding::Pcm32,
        Encoding::Float,
    ]);
    let cases = (encodings, 0_usize..200, mutations, words, 0_usize..900);
    proptest!(ProptestConfig::with_cases(4_000), |((encoding, length, mutations, words, cut) in cases)| {
        let audio = Audio { samples: vec![0.1; length], sample_rate: 8_000 };
        let mut bytes = wav::encode(&audio, encoding).unwrap();
        for (at, byte) in mutations {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        for (at, word) in words {
            bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        bytes.truncate(cut.max(1));
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let _ = wav::decode(&bytes[..]);
        let used = MEMORY.peak_usage().saturating_sub(before);
        prop_assert!(used <= allowance(bytes.len()), "{used} bytes allocated for a file of {}", bytes.len());
    });
}
