//! Log-mel spectrograms: what the models of this framework see of a sound.

use ndarray::Array2;

use crate::error::Result;
use crate::filterbank::FilterBank;
use crate::params::MelParams;
use crate::stft::Stft;

/// Turns samples into log-mel frames, and back (see [`LogMel::invert`]).
///
/// A pure 1 kHz tone is loudest in the band around 1 kHz:
///
/// ```
/// use gradbook_audio::{LogMel, MelParams};
/// let mel = LogMel::new(MelParams::default())?;
/// let tone: Vec<f32> = (0..8_000).map(|n| (std::f32::consts::TAU * 0.125 * n as f32).sin()).collect();
/// let frames = mel.compute(&tone);
/// assert_eq!(frames.dim(), (122, 80));
/// let loudest = (0..80).max_by(|&a, &b| frames[[60, a]].total_cmp(&frames[[60, b]])).unwrap();
/// assert_eq!(loudest, 37); // centered on 1,012 Hz
/// # Ok::<(), gradbook_audio::Error>(())
/// ```
#[derive(Clone)]
pub struct LogMel {
    pub(crate) params: MelParams,
    pub(crate) stft: Stft,
    pub(crate) bank: FilterBank,
}

impl LogMel {
    /// Plans the transforms and builds the filters.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] when a parameter is out of range.
    pub fn new(params: MelParams) -> Result<Self> {
        params.validate()?;
        Ok(Self { stft: Stft::new(&params), bank: FilterBank::new(&params), params })
    }

    /// The parameters this was made with.
    pub fn params(&self) -> &MelParams {
        &self.params
    }

    /// Log-mel frames `[frame, mel]` of samples at the parameters' sample rate; see [`MelParams`] for the formula.
    pub fn compute(&self, samples: &[f32]) -> Array2<f32> {
        let frames = self.params.frames(samples.len());
        let mut out = Array2::zeros((frames, self.params.mels));
        let mut energy = vec![0.0; self.params.bins()];
        self.stft.analyze(samples, frames, |t, spectrum| {
            for (e, x) in energy.iter_mut().zip(spectrum) {
                *e = self.params.spectrum.energy(*x);
            }
            let mut row = out.row_mut(t);
            let row = row.as_slice_mut().expect("rows of a standard array");
            self.bank.apply(&energy, row);
        });
        self.params.compress(&mut out);
        out
    }
}
