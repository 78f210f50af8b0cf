//! [`Level`]: the mean and deviation of a clip's frames, one for all bands or one for each.

use ndarray::{Array2, ArrayBase, DataMut, Ix2};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::standardize::{Moments, Standardization};

/// Over what a mean and a deviation are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standardize {
    /// One for all: over all training frames. Loud clips stay louder than soft ones, and low bands than high ones.
    #[default]
    Global,
    /// One for each band, over all training frames: every band counts the same, also those that are nearly silent.
    PerBand,
    /// One for each clip, over its own frames: how loud it was recorded is gone. A recording that is encoded whole is one
    /// clip, and its level travels with its tokens.
    PerClip,
}

/// A mean and a deviation for each band.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bands {
    /// The means of the training frames.
    pub mean: Vec<f32>,
    /// Their standard deviations.
    pub deviation: Vec<f32>,
}

impl Bands {
    /// Those of frames `[frame, mel]`, however they are cut into parts.
    pub(crate) fn of(parts: impl IntoIterator<Item = Result<Array2<f32>>>, mels: usize) -> Result<Self> {
        let mut all = vec![Moments::default(); mels];
        for frames in parts {
            let frames = frames?;
            all.iter_mut().zip(frames.columns()).for_each(|(all, band)| *all = all.plus(Moments::of(band)));
        }
        let (mean, deviation) = all
            .into_iter()
            .map(|band| Moments::standardization([band]))
            .map(|found| (found.mean, found.deviation))
            .unzip();
        Ok(Self { mean, deviation })
    }

    /// Whether there is one for each of `mels` bands, and all can be used.
    pub(crate) fn check(&self, mels: usize) -> Result<()> {
        for (field, all) in [("mean", &self.mean), ("deviation", &self.deviation)] {
            let rule = format!("{mels} numbers, one for each band of mel.mels");
            Error::unless(all.len() == mels, field, format!("{} numbers", all.len()), rule)?;
        }
        let all = self.mean.iter().zip(&self.deviation);
        all.map(|(&mean, &deviation)| Standardization { mean, deviation }).try_for_each(|band| band.check())
    }
}

/// What a clip's frames are standardized with.
#[derive(Clone, Debug, PartialEq)]
pub enum Level {
    /// The same for all bands.
    One(Standardization),
    /// One for each band.
    Bands(Bands),
}

impl Level {
    /// Mean and deviation of a band.
    ///
    /// # Panics
    /// When there is no such band.
    #[track_caller]
    pub fn at(&self, band: usize) -> Standardization {
        match self {
            Self::One(one) => *one,
            Self::Bands(all) => Standardization { mean: all.mean[band], deviation: all.deviation[band] },
        }
    }

    /// `x ← (x − mean) / deviation` for frames `[frame, mel]`.
    ///
    /// ```
    /// use gradbook_audio::{Bands, Level};
    /// let level = Level::Bands(Bands { mean: vec![1.0, 2.0], deviation: vec![1.0, 4.0] });
    /// let mut frames = ndarray::array![[0.0, 0.0], [3.0, 6.0]];
    /// level.apply(&mut frames);
    /// assert_eq!(frames, ndarray::array![[-1.0, -0.5], [2.0, 1.0]]);
    /// level.invert(&mut frames);
    /// assert_eq!(frames, ndarray::array![[0.0, 0.0], [3.0, 6.0]]);
    /// ```
    ///
    /// # Panics
    /// When frames have more bands.
    #[track_caller]
    pub fn apply<S: DataMut<Elem = f32>>(&self, frames: &mut ArrayBase<S, Ix2>) {
        self.each(frames, Standardization::standard);
    }

    /// `x ← x · deviation + mean` for frames `[frame, mel]`.
    ///
    /// # Panics
    /// When frames have more bands.
    #[track_caller]
    pub fn invert<S: DataMut<Elem = f32>>(&self, frames: &mut ArrayBase<S, Ix2>) {
        self.each(frames, Standardization::original);
    }

    #[track_caller]
    fn each<S: DataMut<Elem = f32>>(
        &self,
        frames: &mut ArrayBase<S, Ix2>,
        change: impl Fn(Standardization, f32) -> f32,
    ) {
        match self {
            Self::One(one) => frames.mapv_inplace(|x| change(*one, x)),
            Self::Bands(_) => {
                frames.indexed_iter_mut().for_each(|((_, band), x)| *x = change(self.at(band), *x));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn each_band_has_the_mean_and_deviation_of_numpy() {
        let parts = [array![[1.0, 5.0], [2.0, 5.0]], array![[4.0, 5.0], [9.0, 5.0]]];
        let found = Bands::of(parts.map(Ok), 2).unwrap();
        // The second band never moves: its deviation counts as 1.
        assert_eq!(found, Bands { mean: vec![4.0, 5.0], deviation: vec![3.082_207, 1.0] });
    }

    #[test]
    fn bands_that_do_not_fit_say_so() {
        let bands =
            |mean: &[f32], deviation: &[f32]| Bands { mean: mean.into(), deviation: deviation.into() };
        let said = |bands: Bands| bands.check(2).unwrap_err().to_string();
        assert_eq!(said(bands(&[0.0], &[1.0])), "mean = 1 numbers: 2 numbers, one for each band of mel.mels");
        assert_eq!(said(bands(&[0.0; 2], &[1.0, 0.0])), "deviation = 0: positive and finite");
        assert_eq!(said(bands(&[0.0, f32::NAN], &[1.0; 2])), "mean = NaN: finite");
        assert!(bands(&[0.0; 2], &[1.0; 2]).check(2).is_ok());
    }
}
