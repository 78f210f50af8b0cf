//! [`Spectrum`]: what of a Fourier transform enters the mel bands.

use realfft::num_complex::Complex;
use serde::{Deserialize, Serialize};

/// What of the Fourier transform X enters the mel bands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spectrum {
    /// |X|.
    Magnitude,
    /// |X|².
    #[default]
    Power,
}

impl Spectrum {
    /// What X contributes to its bands.
    pub(crate) fn energy(self, x: Complex<f32>) -> f32 {
        match self {
            Self::Magnitude => x.norm(),
            Self::Power => x.norm_sqr(),
        }
    }

    /// |X| of that energy.
    pub(crate) fn magnitude(self, energy: f32) -> f32 {
        match self {
            Self::Magnitude => energy,
            Self::Power => energy.sqrt(),
        }
    }

    /// What the energy of a sound is multiplied by when the sound becomes `db` decibels louder.
    ///
    /// ```
    /// use gradbook_audio::Spectrum;
    /// assert_eq!((Spectrum::Power.factor(20.0), Spectrum::Magnitude.factor(20.0)), (100.0, 10.0));
    /// ```
    pub fn factor(self, db: f64) -> f64 {
        match self {
            Self::Magnitude => 10_f64.powf(db / 20.0),
            Self::Power => 10_f64.powf(db / 10.0),
        }
    }
}
