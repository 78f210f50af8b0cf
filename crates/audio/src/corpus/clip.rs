//! One clip of a corpus: its frames, standardized, whole or a crop at a time, and its sound.

use ndarray::Array2;

use super::source::Recording;
use super::store::Frames;
use crate::error::Result;
use crate::standardize::Standardization;

/// A recording and its standardized log-mel frames.
#[derive(Clone, Debug)]
pub struct Clip {
    pub(super) recording: Recording,
    pub(super) frames: Frames,
    pub(super) standardization: Standardization,
    pub(super) sample_rate: u32,
}

impl Clip {
    /// The path of the recording below the corpus folder, or its synthetic name.
    pub fn name(&self) -> &str {
        &self.recording.name
    }

    /// How many frames the clip has.
    pub fn frame_count(&self) -> usize {
        self.frames.count()
    }

    /// All frames `[frame, mel]`, standardized.
    ///
    /// # Errors
    /// [`crate::Error::Io`] when frames kept on disk can no longer be read.
    pub fn frames(&self) -> Result<Array2<f32>> {
        self.crop(0, self.frame_count())
    }

    /// `frames` frames from frame `start`, `[frame, mel]`, standardized. Only these are read when frames are kept on
    /// disk.
    ///
    /// # Errors
    /// [`crate::Error::Io`] when frames kept on disk can no longer be read.
    ///
    /// # Panics
    /// When the crop reaches beyond the clip.
    #[track_caller]
    pub fn crop(&self, start: usize, frames: usize) -> Result<Array2<f32>> {
        let count = self.frame_count();
        assert!(
            start.checked_add(frames).is_some_and(|end| end <= count),
            "crop: {frames} frames from frame {start} of {}, which has {count} frames",
            self.name()
        );
        let mut crop = self.frames.crop(start, frames)?;
        self.standardization.apply(&mut crop);
        Ok(crop)
    }

    /// The sound itself, at the sample rate of the features.
    ///
    /// # Errors
    /// As [`crate::wav::read`], when the file has changed or gone.
    pub fn samples(&self) -> Result<Vec<f32>> {
        Ok(self.recording.samples(self.sample_rate)?.0)
    }
}
