//! How a corpus is made, and what its settings must be.

use std::path::PathBuf;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::group::GroupBy;
use super::hold_out::HoldOut;
use super::source::{Recording, Source};
use super::split::Leakage;
use crate::error::{Error, Result};
use crate::level::{Bands, Standardize};
use crate::params::MelParams;
use crate::standardize::Standardization;
use crate::synth::Synthetic;

/// What to do about recordings that cannot be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// Leave them out and list them in [`Corpus::skipped`](super::Corpus::skipped).
    #[default]
    Skip,
    /// Fail, naming them.
    Fail,
}

/// Where frames are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    /// In memory: 5 bytes per sample of audio with the default parameters.
    #[default]
    Memory,
    /// In one file in this folder, read a crop at a time: for corpora larger than memory, which then holds only one
    /// recording per thread. The file is used again as long as parameters and recordings stay the same; older files
    /// in the folder may be deleted.
    Disk(PathBuf),
}

/// How to make a [`Corpus`](super::Corpus). In a configuration file every field may be left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorpusConfig {
    /// Where recordings come from.
    pub source: Source,
    /// The features; those left open fit the recordings.
    pub mel: MelParams,
    /// Which clips are kept for the last word.
    pub test: HoldOut,
    /// Which of the others choices are made by.
    pub validation: HoldOut,
    /// Which clips belong together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupBy>,
    /// What to do about recordings or groups in more than one set.
    pub leakage: Leakage,
    /// What to do about recordings that cannot be used.
    pub unreadable: Unreadable,
    /// Where frames are kept.
    pub storage: Storage,
    /// Recordings longer than this many seconds become several clips; a rest shorter than `mel.min_frames` joins the last.
    /// All clips of a recording are in one set, unless a rule divides recordings in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_seconds: Option<f64>,
    /// Over what the mean and deviation are taken that frames are standardized with.
    pub standardize: Standardize,
    /// The standardization of an already trained model; left out, the training clips decide.
    pub standardization: Option<Standardization>,
    /// The same for each band, where `standardize` is `per_band`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub band_standardization: Option<Bands>,
    /// The [fingerprint](super::Corpus::fingerprint) of the recordings that a model was trained on; only compared, never set by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

impl Default for CorpusConfig {
    fn default() -> Self {
        Self {
            source: Source::default(),
            mel: MelParams::open(),
            test: HoldOut::default(),
            validation: HoldOut::default(),
            group: None,
            leakage: Leakage::default(),
            unreadable: Unreadable::default(),
            storage: Storage::default(),
            split_seconds: None,
            standardize: Standardize::default(),
            standardization: None,
            band_standardization: None,
            fingerprint: None,
        }
    }
}

/// The most clips of the synthetic corpus.
const MOST_CLIPS: usize = 1_000_000;
/// The most seconds of a clip that long recordings are split into.
const DAY: f64 = 86_400.0;
/// The most memory that frames may take, in bytes.
const MOST_BYTES: f64 = 16e9;

impl CorpusConfig {
    /// Whether each value keeps its rule, as far as that can be said before recordings are looked at.
    ///
    /// # Errors
    /// [`Error::Parameter`] with the key, its value and the rule.
    ///
    /// ```
    /// use gradbook_audio::{CorpusConfig, MelParams};
    /// let config = CorpusConfig { mel: MelParams { hop: 0, floor: -1.0, ..MelParams::default() }, ..Default::default() };
    /// assert_eq!(config.check().unwrap_err().to_string(), "mel.floor = -1: positive and finite"); // a hop of 0 is fitted
    /// ```
    pub fn check(&self) -> Result<()> {
        self.mel.check().map_err(|error| error.at("mel"))?;
        for (place, rule) in [("test", &self.test), ("validation", &self.validation)] {
            rule.check(self.group.is_some()).map_err(|error| error.at(place))?;
        }
        self.group.as_ref().map_or(Ok(()), GroupBy::check).map_err(|error| error.at("group"))?;
        if let Source::Synthetic(Synthetic { clips, .. }) = &self.source {
            let rule = "3 to 1,000,000 clips";
            Error::unless((3..=MOST_CLIPS).contains(clips), "source.synthetic.clips", clips, rule)?;
        }
        if let Some(seconds) = self.split_seconds {
            let rule = "above 0, and at most 86,400 seconds";
            Error::unless(seconds > 0.0 && seconds <= DAY, "split_seconds", seconds, rule)?;
        }
        let one = self.standardization.as_ref().map_or(Ok(()), Standardization::check);
        one.map_err(|error| error.at("standardization"))?;
        let bands = self.band_standardization.as_ref().map_or(Ok(()), |bands| bands.check(self.mel.mels));
        bands.map_err(|error| error.at("band_standardization"))
    }

    /// Refuses recordings whose frames no machine can hold.
    pub(super) fn fits(&self, mel: &MelParams, recordings: &[Recording]) -> Result<()> {
        let bytes = |recording: &Recording| {
            let samples = recording.longest(mel.sample_rate);
            (samples / mel.hop as f64 + mel.min_frames as f64) * mel.mels as f64 * 4.0
        };
        let all = recordings.par_iter().map(bytes);
        let bytes = match self.storage {
            Storage::Memory => all.sum::<f64>(),
            Storage::Disk(_) => all.reduce(|| 0.0, f64::max),
        };
        if bytes <= MOST_BYTES {
            return Ok(());
        }
        Err(Error::TooLarge { gigabytes: bytes / 1e9, most: MOST_BYTES / 1e9 })
    }
}
