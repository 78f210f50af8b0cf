//! The short-time Fourier transform and its least-squares inverse, on which mel features and Griffin-Lim stand.

use std::sync::Arc;

use ndarray::Array2;
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use crate::framing::mirrored;
use crate::params::MelParams;

/// Overlap-add divides by Σ w²; where that falls below this share of its peak, the edge fades instead of blowing up.
const LEAST_COVER: f32 = 0.05;

/// Plans and window for one choice of parameters.
#[derive(Clone)]
pub(crate) struct Stft {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    /// As long as a frame: zero where the window does not reach.
    window: Vec<f32>,
    hop: usize,
    padding: usize,
    mirrors: bool,
}

impl Stft {
    pub(crate) fn new(params: &MelParams) -> Self {
        let mut planner = RealFftPlanner::new();
        Self {
            forward: planner.plan_fft_forward(params.n_fft),
            inverse: planner.plan_fft_inverse(params.n_fft),
            window: centered(&params.window.coefficients(params.window_length()), params.n_fft),
            hop: params.hop,
            padding: params.padding(),
            mirrors: params.framing.mirrors(),
        }
    }

    /// Calls `each(t, rfft(window · frame_t))` for `frames` frames. Beyond its ends the signal is zero, or
    /// its mirror image; a signal that is too short for the frames is lengthened by zeros before it is mirrored.
    pub(crate) fn analyze(
        &self,
        samples: &[f32],
        frames: usize,
        mut each: impl FnMut(usize, &[Complex<f32>]),
    ) {
        let (mut frame, mut spectrum) = (self.forward.make_input_vec(), self.forward.make_output_vec());
        let mut scratch = self.forward.make_scratch_vec();
        let covered = frames.saturating_sub(1) * self.hop + self.window.len();
        let length = samples.len().max(covered.saturating_sub(2 * self.padding));
        for t in 0..frames {
            let start = (t * self.hop) as isize - self.padding as isize;
            for (n, (x, w)) in frame.iter_mut().zip(&self.window).enumerate() {
                let place = start + n as isize;
                let place = if self.mirrors { mirrored(place, length) } else { place };
                let sample = usize::try_from(place).ok().and_then(|i| samples.get(i));
                *x = sample.map_or(0.0, |s| s * w);
            }
            self.forward
                .process_with_scratch(&mut frame, &mut spectrum, &mut scratch)
                .expect("buffers made by the plan");
            each(t, &spectrum);
        }
    }

    /// The signal of `length` samples whose transform is nearest to `spectrogram` `[frame, bin]` in least squares:
    ///
    /// ```text
    /// x[n] = Σ_t w[n − t·hop] · irfft(X_t)[n − t·hop] / Σ_t w²[n − t·hop]
    /// ```
    pub(crate) fn synthesize(&self, spectrogram: &Array2<Complex<f32>>, length: usize) -> Vec<f32> {
        let n_fft = self.window.len();
        let mut spectrum = self.inverse.make_input_vec();
        let (mut frame, mut scratch) = (self.inverse.make_output_vec(), self.inverse.make_scratch_vec());
        let (mut sum, mut cover) = (vec![0.0; length], vec![0.0_f32; length]);
        for (t, row) in spectrogram.rows().into_iter().enumerate() {
            spectrum.iter_mut().zip(row).for_each(|(s, &x)| *s = x);
            // A real signal has a real mean and (for even lengths) a real Nyquist bin.
            spectrum[0].im = 0.0;
            if n_fft.is_multiple_of(2) {
                spectrum[n_fft / 2].im = 0.0;
            }
            self.inverse
                .process_with_scratch(&mut spectrum, &mut frame, &mut scratch)
                .expect("buffers made by the plan, real ends");
            for (n, (&x, &w)) in frame.iter().zip(&self.window).enumerate() {
                if let Some(i) = (t * self.hop + n).checked_sub(self.padding).filter(|&i| i < length) {
                    sum[i] += x * w / n_fft as f32;
                    cover[i] += w * w;
                }
            }
        }
        let least = LEAST_COVER * cover.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        sum.iter().zip(cover).map(|(s, c)| s / c.max(least)).collect()
    }
}

/// A window in the middle of `n_fft` samples, as librosa and torch.stft place it: ⌊(n_fft − length) / 2⌋ zeros before it.
fn centered(window: &[f32], n_fft: usize) -> Vec<f32> {
    let before = (n_fft - window.len()) / 2;
    let mut frame = vec![0.0; n_fft];
    frame[before..before + window.len()].copy_from_slice(window);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::Framing;

    #[test]
    fn synthesis_undoes_analysis() {
        for (framing, n_fft, win_length, hop) in [
            (Framing::Inside, 256, 0, 64),
            (Framing::Centered, 255, 0, 50),
            (Framing::Reflected, 256, 200, 50),
            (Framing::PerHop, 256, 0, 64),
            (Framing::PerHop, 256, 199, 49),
        ] {
            let params = MelParams { n_fft, win_length, hop, framing, ..MelParams::default() };
            let frames = 40;
            let length = params.samples(frames);
            let signal: Vec<f32> =
                (0..length).map(|i| (i as f32 * 0.37).sin() + (i % 7) as f32 * 0.1).collect();
            let stft = Stft::new(&params);
            let mut spectrogram = Array2::zeros((frames, params.bins()));
            stft.analyze(&signal, frames, |t, x| {
                spectrogram.row_mut(t).iter_mut().zip(x).for_each(|(s, x)| *s = *x);
            });
            let back = stft.synthesize(&spectrogram, length);
            let inner = 60..length - 60;
            let worst = inner.map(|i| (signal[i] - back[i]).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-5, "worst error {worst} with {framing:?}");
        }
    }

    #[test]
    fn a_short_window_sits_in_the_middle_of_its_frame() {
        assert_eq!(centered(&[1.0, 2.0, 3.0], 8), [0.0, 0.0, 1.0, 2.0, 3.0, 0.0, 0.0, 0.0]);
        assert_eq!(centered(&[1.0, 2.0], 2), [1.0, 2.0]);
    }

    #[test]
    fn an_edge_that_windows_hardly_cover_fades() {
        // A signal of ones: a frame is the window w, and x[1] = w[1]² over Σw², or over a twentieth of its peak where
        // that is more. Windows of 256 a quarter apart sum up to Σw² = 3/2 inside.
        let params = MelParams { n_fft: 256, hop: 64, framing: Framing::Inside, ..MelParams::default() };
        let (frames, stft) = (20, Stft::new(&params));
        let length = params.samples(frames);
        let mut spectrogram = Array2::zeros((frames, params.bins()));
        stft.analyze(&vec![1.0; length], frames, |t, x| {
            spectrogram.row_mut(t).iter_mut().zip(x).for_each(|(s, x)| *s = *x);
        });
        let back = stft.synthesize(&spectrogram, length);
        let w = 0.5 - 0.5 * (std::f64::consts::TAU / 255.0).cos();
        assert!((f64::from(back[1]) / (w * w / (0.05 * 1.5)) - 1.0).abs() < 0.02, "{}", back[1]);
    }

    #[test]
    fn the_highest_bin_of_an_even_length_is_real_whatever_it_is_given() {
        let params = MelParams { n_fft: 16, hop: 4, ..MelParams::default() };
        let stft = Stft::new(&params);
        let spectrogram = |imaginary| {
            Array2::from_shape_fn((6, 9), |(t, k)| match k {
                0 | 8 => Complex::new(t as f32, imaginary),
                _ => Complex::new(1.0, k as f32),
            })
        };
        let length = params.samples(6);
        assert_eq!(stft.synthesize(&spectrogram(3.0), length), stft.synthesize(&spectrogram(0.0), length));
    }
}
