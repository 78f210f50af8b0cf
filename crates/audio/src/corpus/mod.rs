//! A corpus for training: recordings found, turned into log-mel frames in parallel, split, standardized.

mod clip;
mod config;
mod features;
mod fingerprint;
mod group;
mod hold_out;
mod levels;
mod pieces;
mod source;
mod split;
mod store;

use crate::error::{Error, Result};
use crate::level::Bands;
use crate::log_mel::LogMel;
use crate::params::MelParams;
use crate::standardize::Standardization;
use crate::synth;

pub use clip::Clip;
pub use config::{CorpusConfig, Storage, Unreadable};
pub use group::GroupBy;
pub use hold_out::HoldOut;
pub use source::{Skipped, Source, portable_name, wav_files};
pub use split::{Leak, Leakage, Set};

use features::{Usable, features};
use fingerprint::Fingerprint;
use hold_out::Cut;
use levels::Levels;
use source::common_rate;
use split::{Candidate, Split};

/// Clips to train on, clips to choose by, and clips for the last word.
///
/// ```
/// use gradbook_audio::{Corpus, CorpusConfig, Source, Synthetic};
/// let source = Source::Synthetic(Synthetic { clips: 24, seed: 1 });
/// let corpus = Corpus::load(&CorpusConfig { source, ..CorpusConfig::default() }, &|_done, _of| {})?;
/// assert_eq!([&corpus.train, &corpus.validation, &corpus.test].map(Vec::len), [20, 2, 2]);
/// assert_eq!(corpus.test[0].crop(0, 32)?.dim(), (32, 80));
/// # Ok::<(), gradbook_audio::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Corpus {
    /// Clips to train on, in the order of their names.
    pub train: Vec<Clip>,
    /// Clips by which choices are made.
    pub validation: Vec<Clip>,
    /// Clips for the last word.
    pub test: Vec<Clip>,
    /// The features' parameters.
    pub mel: MelParams,
    /// The mean and deviation of all training frames: what clips were standardized with, unless there is one for each band
    /// or for each clip.
    pub standardization: Standardization,
    /// The mean and deviation of each band, where [`Standardize::PerBand`](crate::Standardize) wants them.
    pub bands: Option<Bands>,
    /// Recordings left out, and why.
    pub skipped: Vec<Skipped>,
    /// What the sets share.
    pub leaks: Vec<Leak>,
    /// A hash of the clips' names, sounds and parts. The folder they lie in and their times of change are not in it, so it
    /// stays the same where recordings are moved, and is another where any is added, renamed, changed or gone.
    pub fingerprint: String,
}

impl Corpus {
    /// Finds the recordings and computes their features on all cores; `progress` is told how many of how many are
    /// done (from any thread, so now and then out of order). The result does not depend on the number of threads.
    ///
    /// # Errors
    /// [`Error::Parameter`] for illegal parameters, [`Error::NoRecordings`] for an empty folder,
    /// [`Error::EmptySplit`] for a set without clips, [`Error::UnusableRecordings`] when the
    /// configuration asks to fail, [`Error::Io`] when the folder or the file of frames cannot be used.
    pub fn load(config: &CorpusConfig, progress: &(dyn Fn(usize, usize) + Sync)) -> Result<Self> {
        config.check()?;
        let (recordings, mut skipped) = config.source.recordings()?;
        // Where nothing can be read, any rate will do to say so.
        let rate = match config.mel.sample_rate {
            0 => common_rate(&recordings).unwrap_or(synth::RATE),
            rate => rate,
        };
        let mel = LogMel::new(config.mel.fitted(rate)).map_err(|error| error.at("mel"))?;
        config.fits(mel.params(), &recordings)?;
        let (usable, unusable) = features(&mel, recordings, &config.storage, progress)?;
        skipped.extend(unusable);
        if !skipped.is_empty() && (config.unreadable == Unreadable::Fail || usable.is_empty()) {
            return Err(Error::UnusableRecordings(skipped));
        }

        let candidates: Vec<_> = usable
            .iter()
            .map(|Usable { recording, frames, hash, .. }| Candidate {
                name: &recording.name,
                frames: frames.count(),
                hash: *hash,
            })
            .collect();
        let params = mel.params();
        // Frames whose windows overlap share samples.
        let cut = Cut { gap: params.window_length().div_ceil(params.hop) - 1, least: params.min_frames };
        let mut split = Split::new(config, &candidates, config.source.folder(), cut)?;
        if let Some(seconds) = config.split_seconds {
            split.parts = pieces::pieces(split.parts, pieces::length(seconds, params)?, params.min_frames);
        }
        let fingerprint = fingerprint(&candidates, &split);
        let Levels { overall, bands, parts: levels } = Levels::of(config, &usable, &split, params.mels)?;
        let mut sets = [Vec::new(), Vec::new(), Vec::new()];
        for ((part, set), level) in split.parts.into_iter().zip(levels) {
            let Usable { recording, frames, .. } = &usable[part.clip];
            let whole = part.frames.end == frames.count();
            let end = if whole { usize::MAX } else { params.samples(part.frames.end) };
            sets[set as usize].push(Clip {
                recording: recording.clone(),
                frames: frames.clone(),
                level,
                sample_rate: rate,
                sound: part.frames.start * params.hop..end,
                part: part.frames,
                group: split.groups.as_ref().map(|groups| groups[part.clip].clone()),
            });
        }
        let [train, validation, test] = sets;
        let (mel, leaks) = (params.clone(), split.leaks);
        Ok(Self {
            train,
            validation,
            test,
            mel,
            standardization: overall,
            bands,
            skipped,
            leaks,
            fingerprint,
        })
    }

    /// All clips with their sets.
    pub fn clips(&self) -> impl Iterator<Item = (Set, &Clip)> {
        let sets = [(Set::Train, &self.train), (Set::Validation, &self.validation), (Set::Test, &self.test)];
        sets.into_iter().flat_map(|(set, clips)| clips.iter().map(move |clip| (set, clip)))
    }
}

/// Names, sounds and sets.
fn fingerprint(clips: &[Candidate<'_>], split: &Split) -> String {
    let mut all = Fingerprint::new();
    for (part, set) in &split.parts {
        let clip = &clips[part.clip];
        all = all.text(clip.name).word(clip.hash).word(*set as u64);
    }
    format!("{:016x}", all.value())
}
