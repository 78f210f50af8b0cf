//! One clip of a corpus: its frames, standardized, whole or a crop at a time, and its sound.

use std::ops::Range;

use ndarray::Array2;

use super::source::Recording;
use super::store::Frames;
use crate::error::Result;
use crate::level::Level;

/// A recording, or a part of it, and its standardized log-mel frames.
#[derive(Clone, Debug)]
pub struct Clip {
    pub(super) recording: Recording,
    pub(super) frames: Frames,
    pub(super) level: Level,
    pub(super) sample_rate: u32,
    /// Which frames of the recording.
    pub(super) part: Range<usize>,
    /// Which samples those frames see.
    pub(super) sound: Range<usize>,
    pub(super) group: Option<String>,
}

impl Clip {
    /// The path of the recording below the corpus folder, or its synthetic name.
    pub fn name(&self) -> &str {
        &self.recording.name
    }

    /// The group it belongs to, if clips are [grouped](super::CorpusConfig::group).
    pub fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }

    /// What its frames are standardized with.
    pub fn level(&self) -> &Level {
        &self.level
    }

    /// Which frames of the recording it has: all of them, unless recordings are divided or split into clips.
    pub fn part(&self) -> Range<usize> {
        self.part.clone()
    }

    /// How many frames the clip has.
    pub fn frame_count(&self) -> usize {
        self.part.len()
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
        let mut crop = self.frames.crop(self.part.start + start, frames)?;
        self.level.apply(&mut crop);
        Ok(crop)
    }

    /// The sound itself, at the sample rate of the features.
    ///
    /// # Errors
    /// As [`crate::wav::read`], when the file has changed or gone.
    pub fn samples(&self) -> Result<Vec<f32>> {
        let mut samples = self.recording.samples(self.sample_rate)?.0;
        samples.truncate(self.sound.end);
        samples.drain(..self.sound.start.min(samples.len()));
        Ok(samples)
    }
}
