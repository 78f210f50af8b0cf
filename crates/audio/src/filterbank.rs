//! The mel filter bank: overlapping triangles, evenly spaced on a scale of perceived pitch, stored as runs of
//! non-zero weights.

use ndarray::{Array2, s};

use crate::params::{MelNorm, MelParams, MelScale};

/// Slaney's scale is linear to this frequency, at this many Hz per mel, and logarithmic beyond.
const SLANEY_KNEE_HZ: f64 = 1_000.0;
const SLANEY_HZ_PER_MEL: f64 = 200.0 / 3.0;
/// 27 mel per factor 6.4.
fn slaney_log_step() -> f64 {
    6.4_f64.ln() / 27.0
}

impl MelScale {
    /// Perceived pitch of a frequency in Hz.
    ///
    /// ```
    /// use gradbook_audio::MelScale;
    /// assert!((MelScale::Htk.mel(1_000.0) - 999.9855).abs() < 1e-4);
    /// assert!((MelScale::Slaney.mel(1_000.0) - 15.0).abs() < 1e-9);
    /// ```
    pub fn mel(self, hz: f64) -> f64 {
        match self {
            Self::Htk => 2_595.0 * (1.0 + hz / 700.0).log10(),
            Self::Slaney if hz <= SLANEY_KNEE_HZ => hz / SLANEY_HZ_PER_MEL,
            Self::Slaney => {
                SLANEY_KNEE_HZ / SLANEY_HZ_PER_MEL + (hz / SLANEY_KNEE_HZ).ln() / slaney_log_step()
            }
        }
    }

    /// The frequency in Hz of a pitch: the inverse of [`MelScale::mel`].
    pub fn hz(self, mel: f64) -> f64 {
        let knee = SLANEY_KNEE_HZ / SLANEY_HZ_PER_MEL;
        match self {
            Self::Htk => 700.0 * (10_f64.powf(mel / 2_595.0) - 1.0),
            Self::Slaney if mel <= knee => mel * SLANEY_HZ_PER_MEL,
            Self::Slaney => SLANEY_KNEE_HZ * ((mel - knee) * slaney_log_step()).exp(),
        }
    }
}

/// A bank of triangular filters over the bins of a Fourier transform.
#[derive(Clone, Debug)]
pub struct FilterBank {
    bins: usize,
    /// First bin and weights of each band's non-zero run.
    filters: Vec<(usize, Vec<f32>)>,
}

impl FilterBank {
    /// Builds the bank: band m rises from edge m to edge m + 1 and falls to edge m + 2, with the `mels` + 2 edges
    /// evenly spaced in mel between `f_min` and `f_max`. A band narrower than the spacing of the bins may hold no
    /// bin; it then stays at the floor.
    pub fn new(params: &MelParams) -> Self {
        let (scale, n) = (params.scale, params.mels);
        let (low, high) = (scale.mel(f64::from(params.f_min)), scale.mel(f64::from(params.f_max)));
        let edges: Vec<f64> =
            (0..n + 2).map(|i| scale.hz(low + (high - low) * i as f64 / (n + 1) as f64)).collect();
        let bin_hz = f64::from(params.sample_rate) / params.n_fft as f64;
        let band = |edge: &[f64]| {
            let (left, center, right) = (edge[0], edge[1], edge[2]);
            let peak = match params.norm {
                MelNorm::Peak => 1.0,
                MelNorm::Area => 2.0 / (right - left),
            };
            let weights = (0..params.bins())
                .map(|k| k as f64 * bin_hz)
                .map(|f| peak * ((f - left) / (center - left)).min((right - f) / (right - center)).max(0.0));
            let run: Vec<(usize, f64)> = weights.enumerate().filter(|(_, w)| *w > 0.0).collect();
            (run.first().map_or(0, |first| first.0), run.iter().map(|(_, w)| *w as f32).collect())
        };
        Self { bins: params.bins(), filters: edges.windows(3).map(band).collect() }
    }

    /// Band energies of one spectrum: `mel[m] = Σ_k filter[m, k] · spectrum[k]`.
    pub fn apply(&self, spectrum: &[f32], mel: &mut [f32]) {
        for (out, (start, weights)) in mel.iter_mut().zip(&self.filters) {
            *out = weights.iter().zip(&spectrum[*start..]).map(|(w, s)| w * s).sum();
        }
    }

    /// The transpose: `spectrum[k] = Σ_m filter[m, k] · mel[m]`.
    pub fn apply_transposed(&self, mel: &[f32], spectrum: &mut [f32]) {
        spectrum.fill(0.0);
        for (x, (start, weights)) in mel.iter().zip(&self.filters) {
            for (w, s) in weights.iter().zip(&mut spectrum[*start..]) {
                *s += w * x;
            }
        }
    }

    /// The bank as a matrix `[mel, bin]`.
    pub fn matrix(&self) -> Array2<f32> {
        let mut matrix = Array2::zeros((self.filters.len(), self.bins));
        for (m, (start, weights)) in self.filters.iter().enumerate() {
            matrix.slice_mut(s![m, *start..*start + weights.len()]).assign(&ndarray::aview1(weights));
        }
        matrix
    }
}
