//! From a log-mel spectrogram back to sound: multiplicative updates undo the mel bands, fast Griffin-Lim finds
//! phases. Good enough to hear what a model kept and what it lost.

use ndarray::{Array2, Axis};
use ndarray_rand::rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use realfft::num_complex::Complex;

use crate::log_mel::LogMel;

/// Multiplicative updates per frame that undo the mel bands.
const UPDATES: usize = 20;
/// Momentum of fast Griffin-Lim (Perraudin, Balazs & Søndergaard 2013).
const MOMENTUM: f32 = 0.99;
/// Keeps divisions finite, and lets a silent bin become a sounding one.
const TINY: f32 = 1e-12;

impl LogMel {
    /// Samples whose log-mel frames are close to `log_mel` `[frame, mel]`. The phases start at random from `seed`;
    /// 32 to 100 `iterations` are the custom.
    ///
    /// Griffin & Lim (1984) alternate two projections: keep the phases of the transform of the current signal,
    /// put back the wanted magnitudes. Perraudin, Balazs & Søndergaard (2013) add momentum, α = 0.99:
    ///
    /// ```text
    /// C_i = STFT(ISTFT(A_i · P_i)),   P_{i+1} = phase( C_i − α/(1+α) · C_{i−1} )
    /// ```
    ///
    /// Here only the mel bands are wanted. So the magnitudes A_{i+1} are not fixed: they are those of C_i, moved toward the
    /// bands.
    ///
    /// # Panics
    /// When `log_mel` does not have the parameters' number of mel bands; when its compression is not
    /// [invertible](crate::MelParams::invertible).
    #[track_caller]
    pub fn invert(&self, log_mel: &Array2<f32>, iterations: usize, seed: u64) -> Vec<f32> {
        let (frames, mels) = log_mel.dim();
        assert_eq!(
            mels, self.params.mels,
            "invert: log_mel [{frames} frames, {mels} mels], mels expected on the right"
        );
        let length = self.params.samples(frames);
        let spectrum = self.params.spectrum;
        let bands = log_mel.as_standard_layout().mapv(|v| self.params.energy(v).max(TINY));
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut wanted = self.undo_bands(&bands).mapv(|s| {
            Complex::from_polar(spectrum.magnitude(s), rng.random_range(0.0..std::f32::consts::TAU))
        });
        let mut current = Array2::<Complex<f32>>::zeros(wanted.dim());
        let mut previous = current.clone();
        let mut s = Array2::zeros(wanted.dim());
        for _ in 0..iterations {
            let samples = self.stft.synthesize(&wanted, length);
            std::mem::swap(&mut current, &mut previous);
            self.stft.analyze(&samples, frames, |t, x| {
                current.row_mut(t).iter_mut().zip(x).for_each(|(c, x)| *c = *x);
            });
            s.zip_mut_with(&current, |s, c| *s = spectrum.energy(*c).max(TINY));
            self.approach(&bands, &mut s, 1);
            ndarray::azip!((w in &mut wanted, &s in &s, &now in &current, &before in &previous) {
                let ahead = now - before * (MOMENTUM / (1.0 + MOMENTUM));
                *w = ahead * (spectrum.magnitude(s) / ahead.norm().max(TINY));
            });
        }
        self.stft.synthesize(&wanted, length)
    }

    /// Energies `[frame, bin]` that explain the mel bands `[frame, mel]`.
    fn undo_bands(&self, bands: &Array2<f32>) -> Array2<f32> {
        let mut s = Array2::zeros((bands.nrows(), self.params.bins()));
        for (mel, mut s) in bands.rows().into_iter().zip(s.rows_mut()) {
            let rows = "rows of a standard array";
            self.bank.apply_transposed(mel.as_slice().expect(rows), s.as_slice_mut().expect(rows));
        }
        self.approach(bands, &mut s, UPDATES);
        s
    }

    /// Moves energies s `[frame, bin]` toward those that explain the mel bands, F s = mel, by so many updates: a bin grows by
    /// the mean, in logarithms, of what its bands lack, and stays as it is if it is in none. (Byrne 1993, "SMART"; it
    /// minimizes KL(F s ‖ mel).)
    ///
    /// ```text
    /// s ← s · exp( Fᵀ ln(mel / F s) / Fᵀ1 )
    /// ```
    fn approach(&self, bands: &Array2<f32>, s: &mut Array2<f32>, updates: usize) {
        let mut weight = vec![0.0; s.ncols()];
        self.bank.apply_transposed(&vec![1.0; bands.ncols()], &mut weight);
        let (mut lack, mut growth) = (vec![0.0; bands.ncols()], vec![0.0; s.ncols()]);
        for (mel, mut s) in bands.axis_iter(Axis(0)).zip(s.rows_mut()) {
            let s = s.as_slice_mut().expect("rows of a standard array");
            for _ in 0..updates {
                self.bank.apply(s, &mut lack);
                lack.iter_mut().zip(mel).for_each(|(b, m)| *b = (m / b.max(TINY)).ln());
                self.bank.apply_transposed(&lack, &mut growth);
                for ((s, g), w) in s.iter_mut().zip(&growth).zip(&weight) {
                    *s *= (g / w.max(TINY)).exp();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MelNorm, MelParams};

    #[test]
    fn an_update_is_the_weighted_geometric_mean_of_what_its_bands_lack() {
        // Where every band lacks the same factor 3, that mean is 3, whatever the weights: one update is exact. Filters
        // of area 1 weigh about 0.01, so a forgotten denominator would show.
        let mel = LogMel::new(MelParams { norm: MelNorm::Area, ..MelParams::default() }).unwrap();
        let bins = mel.params().bins();
        let flat = vec![2.0; bins];
        let mut bands = Array2::zeros((1, mel.params().mels));
        mel.bank.apply(&flat, bands.as_slice_mut().unwrap());
        let wanted = bands.map(|b| 3.0 * b);
        let mut s = Array2::from_elem((1, bins), 2.0);
        mel.approach(&wanted, &mut s, 1);
        let seen = s.iter().filter(|x| (**x - 6.0).abs() < 1e-3).count();
        let unseen = s.iter().filter(|x| **x == 2.0).count(); // outside all bands
        assert!(seen > bins / 2 && seen + unseen == bins, "{seen} of {bins} became 6, {unseen} stayed: {s}");
    }

    /// s ← s · exp( Fᵀ ln(mel / F s) / Fᵀ1 ), by the matrix F.
    #[test]
    fn an_update_moves_each_bin_by_what_its_bands_lack() {
        let params = MelParams { n_fft: 8, hop: 2, mels: 3, min_frames: 1, ..MelParams::default() };
        let mel = LogMel::new(params).unwrap();
        let (f, bands, s) =
            (mel.bank.matrix(), ndarray::array![[0.5, 2.0, 1.5]], ndarray::array![[1.0, 0.5, 2.0, 1.0, 3.0]]);
        let lack = (&bands / &s.dot(&f.t())).ln();
        let growth = lack.dot(&f) / f.sum_axis(Axis(0)).insert_axis(Axis(0)).mapv(|w| w.max(TINY));
        let wanted = &s * &growth.exp();
        let mut found = s.clone();
        mel.approach(&bands, &mut found, 1);
        assert!((&found - &wanted).iter().all(|d| d.abs() < 1e-5), "{found} against {wanted}");
        assert_eq!((found[[0, 0]], found[[0, 4]]), (1.0, 3.0), "bins in no band stay");
        let mut settled = s.clone();
        mel.approach(&s.dot(&f.t()), &mut settled, 5);
        assert!((&settled - &s).iter().all(|d| d.abs() < 1e-5), "what explains its bands stays: {settled}");
    }
}
