//! Sample-rate conversion by a band-limited FFT resampler (the rubato crate).

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler};

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
    Fft::new_custom(
        from as usize,
        to as usize,
        BLOCK,
        1,
        1,
        rubato::WindowFunction::BlackmanHarris2,
        FixedSync::Input,
    )
    .expect("positive rates and block length")
    .process_all(&input, samples.len(), None)
    .expect("buffers of the lengths the resampler asks for")
    .take_data()
}
