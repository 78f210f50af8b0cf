//! From a log-mel spectrogram back to sound: multiplicative updates undo the mel bands, fast Griffin-Lim finds
//! phases. Good enough to hear what a model kept and what it lost.

use ndarray::{Array2, Axis};
use ndarray_rand::rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use realfft::num_complex::Complex;

use crate::log_mel::LogMel;
use crate::params::Spectrum;

/// Multiplicative updates per frame that undo the mel bands.
const UPDATES: usize = 20;
/// Momentum of fast Griffin-Lim (Perraudin, Balazs & Søndergaard 2013).
const MOMENTUM: f32 = 0.99;
/// Keeps divisions finite.
const TINY: f32 = 1e-12;

impl LogMel {
    /// Samples whose log-mel frames are close to `log_mel` `[frame, mel]`. The phases start at random from `seed`;
    /// 32 to 64 `iterations` are the custom.
    ///
    /// Griffin & Lim (1984) alternate two projections: keep the phases of the transform of the current signal,
    /// put back the wanted magnitudes. Perraudin, Balazs & Søndergaard (2013) add momentum, α = 0.99:
    ///
    /// ```text
    /// C_i = STFT(ISTFT(A · P_i)),   P_{i+1} = phase( C_i − α/(1+α) · C_{i−1} )
    /// ```
    ///
    /// # Panics
    /// When `log_mel` does not have the parameters' number of mel bands.
    #[track_caller]
    pub fn invert(&self, log_mel: &Array2<f32>, iterations: usize, seed: u64) -> Vec<f32> {
        let magnitude = self.magnitude(log_mel);
        let (frames, length) = (magnitude.nrows(), self.params.samples(magnitude.nrows()));
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut wanted =
            magnitude.mapv(|a| Complex::from_polar(a, rng.random_range(0.0..std::f32::consts::TAU)));
        let mut current = Array2::<Complex<f32>>::zeros(magnitude.dim());
        let mut previous = current.clone();
        for _ in 0..iterations {
            let samples = self.stft.synthesize(&wanted, length);
            std::mem::swap(&mut current, &mut previous);
            self.stft.analyze(&samples, frames, |t, spectrum| {
                current.row_mut(t).iter_mut().zip(spectrum).for_each(|(c, x)| *c = *x);
            });
            ndarray::azip!((w in &mut wanted, &a in &magnitude, &now in &current, &before in &previous) {
                let ahead = now - before * (MOMENTUM / (1.0 + MOMENTUM));
                *w = ahead * (a / ahead.norm().max(TINY));
            });
        }
        self.stft.synthesize(&wanted, length)
    }

    /// Fourier magnitudes `[frame, bin]` that explain the mel bands.
    #[track_caller]
    fn magnitude(&self, log_mel: &Array2<f32>) -> Array2<f32> {
        let (frames, mels) = log_mel.dim();
        assert_eq!(
            mels, self.params.mels,
            "invert: log_mel [{frames} frames, {mels} mels], mels expected on the right"
        );
        let mut energy = Array2::zeros((frames, self.params.bins()));
        for (row, mut energy) in log_mel.axis_iter(Axis(0)).zip(energy.rows_mut()) {
            let mel: Vec<f32> = row.iter().map(|v| (v.exp() - self.params.floor).max(0.0)).collect();
            self.undo_bands(&mel, energy.as_slice_mut().expect("rows of a standard array"));
        }
        match self.params.spectrum {
            Spectrum::Power => energy.mapv_into(f32::sqrt),
            Spectrum::Magnitude => energy,
        }
    }

    /// Non-negative s with F s ≈ mel, by Lee & Seung's (2001) updates for the generalized Kullback-Leibler divergence.
    /// It weighs relative errors, as the logarithm does: 10 updates give a nearer log-mel than 300 for least squares.
    ///
    /// ```text
    /// s ← s · Fᵀ(mel / F s) / Fᵀ1,   from s = Fᵀ mel / Fᵀ1
    /// ```
    fn undo_bands(&self, mel: &[f32], s: &mut [f32]) {
        let mut weight = vec![0.0; s.len()];
        self.bank.apply_transposed(&vec![1.0; mel.len()], &mut weight);
        self.bank.apply_transposed(mel, s);
        s.iter_mut().zip(&weight).for_each(|(s, w)| *s /= w.max(TINY));
        let (mut bands, mut slope) = (vec![0.0; mel.len()], vec![0.0; s.len()]);
        for _ in 0..UPDATES {
            self.bank.apply(s, &mut bands);
            bands.iter_mut().zip(mel).for_each(|(b, m)| *b = m / b.max(TINY));
            self.bank.apply_transposed(&bands, &mut slope);
            for ((s, g), w) in s.iter_mut().zip(&slope).zip(&weight) {
                *s *= g / w.max(TINY);
            }
        }
    }
}
