//! Sample-rate conversion by a band-limited FFT resampler (the rubato crate).

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler, WindowFunction};

/// Input samples per FFT block, about: long enough for a sharp anti-aliasing filter.
const BLOCK: usize = 1024;

/// Converts `samples` from one rate to another; ⌈n · to / from⌉ samples come back, and what lies above the lower
/// of the two Nyquist frequencies is removed. The same input gives the same bits.
///
/// ```
/// let second = vec![0.0; 44_100];
/// assert_eq!(gradbook_audio::resample(&second, 44_100, 8_000).len(), 8_000);
/// ```
///
/// # Panics
/// When a rate is zero.
#[track_caller]
pub fn resample(samples: &[f32], from: u32, to: u32) -> Vec<f32> {
    assert!(from > 0 && to > 0, "resample: rates {from} Hz and {to} Hz, both must be positive");
    if from == to || samples.is_empty() {
        return samples.to_vec();
    }
    let input = InterleavedSlice::new(samples, 1, samples.len()).expect("one channel of that length");
    // Blocks hold a whole number of periods of both rates, and an even one: the filter's center, half a block in, then
    // falls on a sample, and the output is not shifted by half of one.
    let period = (from / gcd(from, to)) as usize;
    let block = period * BLOCK.div_ceil(period).next_multiple_of(2);
    let window = WindowFunction::BlackmanHarris2;
    Fft::new_custom(from as usize, to as usize, block, 1, 1, window, FixedSync::Input)
        .expect("positive rates and block length")
        .process_all(&input, samples.len(), None)
        .expect("buffers of the lengths the resampler asks for")
        .take_data()
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
