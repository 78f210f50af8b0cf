//! [`Framing`]: where frames sit in a recording, and what is heard beyond its ends.

use serde::{Deserialize, Serialize};

/// Where frame i sits in the recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// Frame i starts at sample i · hop; only whole frames count.
    #[default]
    Inside,
    /// Frame i is centered on sample i · hop; beyond its ends the recording is taken as zero
    /// (librosa's `center=True, pad_mode="constant"`).
    Centered,
    /// Frame i is centered on sample i · hop; beyond its ends the recording is mirrored, the sample at the end not said
    /// twice (`center=True, pad_mode="reflect"` of torch.stft, torchaudio and Vocos).
    Reflected,
    /// Frame i is centered on the middle of samples i · hop to (i + 1) · hop, so that a recording of k · hop samples has k
    /// frames: mirrored by ⌊(n_fft − hop) / 2⌋ samples at both ends (HiFi-GAN; Vocos' `padding="same"`).
    PerHop,
}

impl Framing {
    /// Samples before sample 0 that the first frame covers.
    pub(crate) fn padding(self, n_fft: usize, hop: usize) -> usize {
        match self {
            Self::Inside => 0,
            Self::Centered | Self::Reflected => n_fft / 2,
            Self::PerHop => (n_fft - hop) / 2,
        }
    }

    /// Whether the recording goes on as its mirror image.
    pub(crate) fn mirrors(self) -> bool {
        matches!(self, Self::Reflected | Self::PerHop)
    }
}

/// Which of `length` samples is heard at place `i` if the recording is mirrored at both ends as often as is needed:
///
/// ```text
/// … x₂ x₁ | x₀ x₁ … x_{L−1} | x_{L−2} … x₀ x₁ …      with the period 2(L − 1)
/// ```
///
/// So does NumPy's `pad(mode="reflect")`, also where the recording is shorter than the padding; torch refuses that.
pub(crate) fn mirrored(i: isize, length: usize) -> isize {
    let last = length.max(1) as isize - 1;
    if (0..=last).contains(&i) {
        return i;
    }
    let i = i.checked_rem_euclid(2 * last).unwrap_or(0);
    i.min(2 * last - i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_mirrored_as_numpy_does_however_short_it_is() {
        let padded = |length: usize, before: isize, after: isize| -> Vec<isize> {
            (-before..length as isize + after).map(|i| mirrored(i, length)).collect()
        };
        // np.pad(np.arange(n), (before, after), mode="reflect")
        assert_eq!(padded(5, 3, 2), [3, 2, 1, 0, 1, 2, 3, 4, 3, 2]);
        assert_eq!(padded(3, 5, 6), [1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0]);
        assert_eq!(padded(2, 3, 3), [1, 0, 1, 0, 1, 0, 1, 0]);
        assert_eq!(padded(1, 2, 2), [0; 5]);
    }

    #[test]
    fn a_frame_per_hop_needs_half_of_what_frames_overlap_at_each_end() {
        assert_eq!(Framing::PerHop.padding(1_024, 256), 384);
        assert_eq!(Framing::PerHop.padding(255, 64), 95);
        assert_eq!(Framing::PerHop.padding(64, 64), 0);
        assert_eq!([Framing::Reflected, Framing::Inside].map(|framing| framing.padding(255, 64)), [127, 0]);
    }
}
