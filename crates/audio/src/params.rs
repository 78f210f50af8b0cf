//! The parameters of a log-mel spectrogram, with the defaults of the speech experiment, and their rules.

use serde::{Deserialize, Serialize};

use crate::compression::Compression;
use crate::error::{Error, Result};
use crate::framing::Framing;
use crate::spectrum::Spectrum;
use crate::wav::SAMPLE_RATES;
use crate::window::Window;

/// Which formula places the mel bands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MelScale {
    /// mel(f) = 2595 · log₁₀(1 + f/700) (the HTK toolkit).
    #[default]
    Htk,
    /// Linear to 1 kHz (3 mel per 200 Hz), logarithmic above (27 mel per factor 6.4): Slaney's Auditory Toolbox.
    Slaney,
}

/// How the triangular filters are scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MelNorm {
    /// Every triangle peaks at 1.
    #[default]
    Peak,
    /// Every triangle has area 1 over Hz: peak 2 / (right − left) (librosa's `norm="slaney"`).
    Area,
}

/// Parameters of a log-mel spectrogram. In a configuration file every field may be left out; what depends on the sample
/// rate then fits the recordings, see [`fitted`](Self::fitted).
///
/// ```text
/// logmel[t, m] = ln( Σ_k filter[m, k] · S(X_t[k]) + floor ),   X_t = rfft(window · frame_t),   S(X) = |X|² or |X|
/// ```
///
/// [`Compression`] has other logarithms. The front ends of two vocoders:
///
/// ```
/// use gradbook_audio::{Compression, Framing, MelNorm, MelParams, MelScale, Spectrum, Window};
/// let vocos = MelParams {
///     sample_rate: 24_000,
///     n_fft: 1_024,
///     hop: 256,
///     mels: 100,
///     f_max: 12_000.0,
///     window: Window::PeriodicHann,
///     spectrum: Spectrum::Magnitude,
///     framing: Framing::Reflected,
///     compression: Compression::LnClamp,
///     floor: 1e-7,
///     ..MelParams::default()
/// };
/// let hifi_gan = MelParams {
///     sample_rate: 22_050,
///     mels: 80,
///     f_max: 8_000.0,
///     scale: MelScale::Slaney,
///     norm: MelNorm::Area,
///     framing: Framing::PerHop,
///     floor: 1e-5,
///     ..vocos.clone()
/// };
/// assert!(vocos.validate().is_ok() && hifi_gan.validate().is_ok());
/// assert_eq!((vocos.frames(25_600), hifi_gan.frames(25_600)), (101, 100));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default = "MelParams::open", deny_unknown_fields)]
pub struct MelParams {
    /// Samples per second; recordings at other rates are resampled. 0: that of most recordings.
    #[serde(skip_serializing_if = "is_zero")]
    pub sample_rate: u32,
    /// Samples per frame: the length of the Fourier transform. 0: the largest power of two in 32 ms,
    /// or a larger one that has a bin for each band.
    #[serde(skip_serializing_if = "is_zero")]
    pub n_fft: usize,
    /// Samples under the window, which sits in the middle of the frame with zeros around it (librosa's and torch's
    /// `win_length`). 0: all of them.
    #[serde(skip_serializing_if = "is_zero")]
    pub win_length: usize,
    /// Samples from one frame to the next. 0: a quarter of the window.
    #[serde(skip_serializing_if = "is_zero")]
    pub hop: usize,
    /// Number of mel bands.
    pub mels: usize,
    /// Lower edge of the first band, in Hz.
    pub f_min: f32,
    /// Upper edge of the last band, in Hz. 0: half the sample rate.
    #[serde(skip_serializing_if = "is_zero")]
    pub f_max: f32,
    /// The formula that places the bands.
    pub scale: MelScale,
    /// The scaling of the filters.
    pub norm: MelNorm,
    /// The taper of a frame.
    pub window: Window,
    /// Magnitude or power.
    pub spectrum: Spectrum,
    /// Where frames sit.
    pub framing: Framing,
    /// How energies are compressed.
    pub compression: Compression,
    /// Added before the logarithm, or the least that it sees, so that silence is a finite number.
    pub floor: f32,
    /// Shorter recordings are padded with zeros to this many frames.
    pub min_frames: usize,
}

impl Default for MelParams {
    fn default() -> Self {
        Self {
            sample_rate: 8_000,
            n_fft: 256,
            win_length: 0,
            hop: 64,
            mels: 80,
            f_min: 0.0,
            f_max: 4_000.0,
            scale: MelScale::default(),
            norm: MelNorm::default(),
            window: Window::default(),
            spectrum: Spectrum::default(),
            framing: Framing::default(),
            compression: Compression::default(),
            floor: 1e-5,
            min_frames: 32,
        }
    }
}

/// How long a frame may be.
const FRAME: std::ops::RangeInclusive<usize> = 2..=1 << 16;

fn is_zero<T: Default + PartialEq>(x: &T) -> bool {
    *x == T::default()
}

impl MelParams {
    /// The defaults of a configuration file: what depends on the sample rate is 0, to be fitted to the recordings.
    pub fn open() -> Self {
        Self { sample_rate: 0, n_fft: 0, hop: 0, f_max: 0.0, ..Self::default() }
    }

    /// The parameters for recordings at `rate` samples per second: what is 0 gets a value that fits.
    ///
    /// ```
    /// use gradbook_audio::MelParams;
    /// assert_eq!(MelParams::open().fitted(8_000), MelParams::default());
    /// let bird = MelParams::open().fitted(44_100); // frames of 23 ms
    /// assert_eq!((bird.n_fft, bird.hop, bird.f_max), (1_024, 256, 22_050.0));
    /// ```
    #[must_use]
    pub fn fitted(&self, rate: u32) -> Self {
        let or = |value: usize, fit: usize| if value == 0 { fit } else { value };
        let sample_rate = or(self.sample_rate as usize, rate as usize) as u32;
        let longest = 1 << (sample_rate as usize * 32 / 1000).max(2).ilog2();
        let shortest = (2 * self.mels.clamp(2, 4_096) - 2).next_power_of_two(); // a bin for each band
        let covered = self.win_length.min(*FRAME.end()).next_power_of_two();
        let n_fft = or(self.n_fft, longest.max(shortest).max(covered));
        let hop = or(self.hop, (or(self.win_length, n_fft) / 4).max(1));
        let f_max = if self.f_max == 0.0 { sample_rate as f32 / 2.0 } else { self.f_max };
        Self { sample_rate, n_fft, hop, f_max, ..self.clone() }
    }

    /// Checks every field against its rule.
    ///
    /// # Errors
    /// [`Error::Parameter`] with the field, its value and the rule.
    pub fn validate(&self) -> Result<()> {
        let nyquist = self.sample_rate as f32 / 2.0;
        Error::unless(
            SAMPLE_RATES.contains(&self.sample_rate),
            "sample_rate",
            self.sample_rate,
            "1,000 to 768,000 Hz",
        )?;
        Error::unless(FRAME.contains(&self.n_fft), "n_fft", self.n_fft, "2 to 65,536 samples")?;
        Error::unless((1..=self.n_fft).contains(&self.hop), "hop", self.hop, "1 to n_fft samples")?;
        // A window shorter than a hop would leave samples out.
        let fits = self.win_length == 0 || (self.hop..=self.n_fft).contains(&self.win_length);
        Error::unless(fits, "win_length", self.win_length, "hop to n_fft samples, or 0 for all of n_fft")?;
        Error::unless((1..=4_096).contains(&self.mels), "mels", self.mels, "1 to 4,096 bands")?;
        let bins = self.bins();
        let few = format!("at most the {bins} bins of n_fft = {}: fewer bands or a longer n_fft", self.n_fft);
        Error::unless(self.mels <= bins, "mels", self.mels, few)?;
        Error::unless(
            (0.0..self.f_max).contains(&self.f_min),
            "f_min",
            self.f_min,
            "0 Hz or more and below f_max",
        )?;
        Error::unless(self.f_max <= nyquist, "f_max", self.f_max, "at most half the sample rate")?;
        let positive = self.floor > 0.0 && self.floor.is_finite();
        Error::unless(positive, "floor", self.floor, "positive and finite")?;
        if let Compression::Pcen(pcen) = &self.compression {
            pcen.check().map_err(|error| error.at("compression.pcen"))?;
        }
        let frames = "1 to 65,536 frames";
        Error::unless((1..=1 << 16).contains(&self.min_frames), "min_frames", self.min_frames, frames)
    }

    /// As [`validate`](Self::validate) for parameters that are not fitted yet: what holds at no sample rate is an error.
    ///
    /// # Errors
    /// See there.
    pub fn check(&self) -> Result<()> {
        self.fitted(*SAMPLE_RATES.end()).validate()
    }

    /// Fourier bins per frame: ⌊n_fft / 2⌋ + 1.
    pub fn bins(&self) -> usize {
        self.n_fft / 2 + 1
    }

    /// Samples under the window.
    pub fn window_length(&self) -> usize {
        if self.win_length == 0 { self.n_fft } else { self.win_length }
    }

    /// Samples before sample 0 that the first frame covers.
    pub(crate) fn padding(&self) -> usize {
        self.framing.padding(self.n_fft, self.hop)
    }

    /// How many frames a recording of `samples` samples has, padding of short ones included.
    ///
    /// ```
    /// let mel = gradbook_audio::MelParams::default();
    /// assert_eq!(mel.frames(0), 32);
    /// assert_eq!(mel.frames(8_000), 1 + (8_000 - 256) / 64);
    /// ```
    pub fn frames(&self, samples: usize) -> usize {
        let padded = samples + 2 * self.padding();
        (1 + padded.saturating_sub(self.n_fft) / self.hop).max(self.min_frames)
    }

    /// How many samples `frames` frames resynthesize to.
    pub fn samples(&self, frames: usize) -> usize {
        let covered = frames.checked_sub(1).map_or(0, |more| self.n_fft + more * self.hop);
        covered.saturating_sub(2 * self.padding())
    }
}
