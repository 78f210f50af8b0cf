//! [`Pcen`]: each band by its own recent level, which takes away how loud a voice or a room is (Wang et al. 2017,
//! arXiv:1607.05666).

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Per-channel energy normalization of the energies E of a band:
///
/// ```text
/// y_t = (E_t / (eps + M_t)^gain + bias)^power − bias^power
/// M_t = s E_t + (1 − s) M_{t−1},   M_0 = E_0,   s = (√(1 + 4τ²) − 1) / (2τ²),   τ = time_constant / seconds per frame
/// ```
///
/// The defaults are those of `librosa.pcen`, and so is s. There, however, M starts from 1: the first frames of a short
/// recording, half a second of them, are not at their level. Here M starts at the first frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pcen {
    /// How much of the level is taken away: 0 nothing, 1 all of it.
    pub gain: f32,
    /// Softens the root for quiet frames.
    pub bias: f32,
    /// The exponent of the compression.
    pub power: f32,
    /// Seconds over which the level is smoothed.
    pub time_constant: f32,
    /// Keeps silence from a division by zero.
    pub eps: f32,
    /// What energies are multiplied by first. `bias` and `eps` are meant for samples of 32 bits: 2³¹, as librosa says.
    pub scale: f32,
}

impl Default for Pcen {
    fn default() -> Self {
        Self { gain: 0.98, bias: 2.0, power: 0.5, time_constant: 0.4, eps: 1e-6, scale: 2_147_483_648.0 }
    }
}

impl Pcen {
    /// Whether each number keeps its rule.
    pub(crate) fn check(&self) -> Result<()> {
        let share = "0 to 1";
        let positive =
            |field, x: f32| Error::unless(x > 0.0 && x.is_finite(), field, x, "positive and finite");
        Error::unless((0.0..=1.0).contains(&self.gain), "gain", self.gain, share)?;
        let bias = "0 or more, and finite";
        Error::unless(self.bias >= 0.0 && self.bias.is_finite(), "bias", self.bias, bias)?;
        Error::unless(self.power > 0.0 && self.power <= 1.0, "power", self.power, "above 0 and at most 1")?;
        let seconds = "0.001 to 3,600 seconds";
        let time = self.time_constant;
        Error::unless((0.001..=3_600.0).contains(&time), "time_constant", time, seconds)?;
        positive("eps", self.eps)?;
        positive("scale", self.scale)
    }

    /// The share s of the newest frame in the level.
    fn share(&self, seconds_per_frame: f64) -> f64 {
        let frames = f64::from(self.time_constant) / seconds_per_frame;
        // (√(1 + 4τ²) − 1) / (2τ²) without a difference of two numbers that are nearly the same
        2.0 / ((1.0 + 4.0 * frames * frames).sqrt() + 1.0)
    }

    /// Energies `[frame, mel]` to what is seen of them.
    pub(crate) fn apply(&self, energies: &mut Array2<f32>, seconds_per_frame: f64) {
        let s = self.share(seconds_per_frame);
        let [gain, bias, power, eps, scale] =
            [self.gain, self.bias, self.power, self.eps, self.scale].map(f64::from);
        for mut band in energies.columns_mut() {
            let mut level = band.first().map_or(0.0, |first| scale * f64::from(*first));
            for e in &mut band {
                let energy = scale * f64::from(*e);
                level = s * energy + (1.0 - s) * level;
                let relative = energy / (eps + level).powf(gain);
                *e = ((relative + bias).powf(power) - bias.powf(power)) as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_band_by_hand() {
        // τ = 0.75 s / 0.5 s = 1.5, so s = (√10 − 1) / 4.5 = 0.480506; all of the level is taken away, without a root.
        let pcen = Pcen { gain: 1.0, bias: 0.0, power: 1.0, time_constant: 0.75, eps: 1e-9, scale: 1.0 };
        let mut found = ndarray::array![[4.0], [4.0], [12.0], [0.0]];
        pcen.apply(&mut found, 0.5);
        // M = 4, 4, 4 + 8s = 7.844048: 12 / M = 1.529822
        for (found, wanted) in found.iter().zip([1.0, 1.0, 1.529_822, 0.0]) {
            assert!((found - wanted).abs() < 1e-6, "{found} is not {wanted}");
        }
        // With bias 2 and a root: √(1 + 2) − √2
        let mut steady = ndarray::array![[7.0], [7.0]];
        Pcen { gain: 1.0, eps: 1e-9, ..Pcen::default() }.apply(&mut steady, 0.01);
        assert!(steady.iter().all(|y| (y - 0.317_837_2).abs() < 1e-6), "{steady}");
    }

    #[test]
    fn silence_is_zero_and_loudness_hardly_counts() {
        let shown = |loudness: f32| {
            let mut energies = ndarray::array![[1e-3 * loudness], [2e-3 * loudness], [1e-3 * loudness]];
            Pcen::default().apply(&mut energies, 0.008);
            energies
        };
        assert_eq!(shown(0.0), Array2::<f32>::zeros((3, 1)));
        // A hundred times the energy is 100^0.02 = 1.096 times what is under the root.
        let (soft, loud) = (shown(1.0)[[1, 0]], shown(100.0)[[1, 0]]);
        let under = |y: f32| (y + 2_f32.sqrt()).powi(2) - 2.0;
        assert!((under(loud) / under(soft) - 1.096_478).abs() < 1e-4, "{soft} and {loud}");
    }
}
