//! [`Compression`]: from the energy of a band to the number a model sees.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::params::MelParams;
use crate::pcen::Pcen;

/// How the energy x of a band is compressed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// ln(x + floor).
    #[default]
    Ln,
    /// ln(max(x, floor)): HiFi-GAN's mels with a floor of 1e-5, Vocos' with 1e-7.
    LnClamp,
    /// log₁₀(max(x, floor)): Whisper's mels with a floor of 1e-10, before it bounds them from below and scales them.
    Log10Clamp,
    /// Per-channel energy normalization: each band by its own recent level. Its frames do not become sound again.
    Pcen(Pcen),
}

impl MelParams {
    /// Compresses energies `[frame, mel]`, all frames of a recording.
    pub(crate) fn compress(&self, energies: &mut Array2<f32>) {
        match &self.compression {
            Compression::Pcen(pcen) => pcen.apply(energies, self.hop as f64 / f64::from(self.sample_rate)),
            _ => energies.mapv_inplace(|x| self.level(x)),
        }
    }

    /// Whether a number says by itself which energy it stands for. One of [PCEN](Compression::Pcen) does not: it depends on
    /// all frames before it.
    pub fn invertible(&self) -> bool {
        !matches!(self.compression, Compression::Pcen(_))
    }

    /// What the energy of a band is compressed to, x ≥ 0.
    ///
    /// ```
    /// use gradbook_audio::{Compression, MelParams};
    /// let clamp = MelParams { compression: Compression::Log10Clamp, floor: 1e-3, ..MelParams::default() };
    /// assert_eq!([0.0, 1e-3, 100.0].map(|x| clamp.level(x)), [-3.0, -3.0, 2.0]);
    /// assert_eq!([-3.0, 2.0].map(|level| clamp.energy(level)), [1e-3, 100.0]);
    /// ```
    ///
    /// # Panics
    /// Unless the compression is [invertible](Self::invertible).
    #[track_caller]
    pub fn level(&self, energy: f32) -> f32 {
        match self.compression {
            Compression::Ln => (energy + self.floor).ln(),
            Compression::LnClamp => energy.max(self.floor).ln(),
            Compression::Log10Clamp => energy.max(self.floor).log10(),
            Compression::Pcen(_) => panic!("level: a number of PCEN depends on the frames before it"),
        }
    }

    /// The energy that is compressed to `level`; for what lies at a clamp, the floor. It is a little below 0 where a
    /// `level` lies below that of silence.
    ///
    /// # Panics
    /// Unless the compression is [invertible](Self::invertible).
    #[track_caller]
    pub fn energy(&self, level: f32) -> f32 {
        match self.compression {
            Compression::Ln => level.exp() - self.floor,
            Compression::LnClamp => level.exp(),
            Compression::Log10Clamp => 10_f32.powf(level),
            Compression::Pcen(_) => panic!("energy: a number of PCEN depends on the frames before it"),
        }
    }

    /// What a band without any energy is compressed to.
    pub fn silence(&self) -> f32 {
        if self.invertible() { self.level(0.0) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_logarithm_has_its_floor_and_its_inverse() {
        let of = |compression| MelParams { compression, floor: 0.01, ..MelParams::default() };
        let (plus, clamp, log10) =
            (of(Compression::Ln), of(Compression::LnClamp), of(Compression::Log10Clamp));
        let e = 1_f32.exp();
        for (params, energy, level) in [
            (&plus, e - 0.01, 1.0),
            (&plus, 0.0, -4.605_17),
            (&clamp, e, 1.0),
            (&clamp, 0.0, -4.605_17),
            (&clamp, 0.009, -4.605_17),
            (&log10, 1_000.0, 3.0),
            (&log10, 0.0, -2.0),
        ] {
            assert!((params.level(energy) - level).abs() < 1e-6, "{:?} of {energy}", params.compression);
            let least = if *params == plus { 0.0 } else { 0.01 };
            let back = params.energy(level);
            assert!(
                (back - energy.max(least)).abs() < 1e-6 * back.max(1.0),
                "{:?}: {back}",
                params.compression
            );
        }
        assert_eq!([&plus, &clamp, &log10].map(MelParams::silence), [0.01_f32.ln(), 0.01_f32.ln(), -2.0]);
        let pcen = of(Compression::Pcen(Pcen::default()));
        assert_eq!((pcen.silence(), pcen.invertible(), plus.invertible()), (0.0, false, true));
    }
}
