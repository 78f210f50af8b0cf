//! A corpus for training: recordings found, turned into log-mel frames in parallel, split, standardized.

mod clip;
mod source;
mod split;
mod store;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::atomic;
use crate::error::{Error, Result};
use crate::log_mel::LogMel;
use crate::params::MelParams;
use crate::standardize::{Moments, Standardization};
use crate::synth;

pub use clip::Clip;
pub use source::{Skipped, Source, wav_files};
pub use split::TestSplit;

use source::{Recording, common_rate};
use store::{Entry, FrameFile, FrameWriter, Frames};

/// What to do about recordings that cannot be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// Leave them out and list them in [`Corpus::skipped`].
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

/// How to make a [`Corpus`]. In a configuration file every field may be left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorpusConfig {
    /// Where recordings come from.
    pub source: Source,
    /// The features; those left open fit the recordings.
    pub mel: MelParams,
    /// Which clips are held out.
    pub test: TestSplit,
    /// What to do about recordings that cannot be used.
    pub unreadable: Unreadable,
    /// Where frames are kept.
    pub storage: Storage,
    /// The standardization of an already trained model; left out, the training clips decide.
    pub standardization: Option<Standardization>,
}

impl Default for CorpusConfig {
    fn default() -> Self {
        Self {
            source: Source::default(),
            mel: MelParams::open(),
            test: TestSplit::default(),
            unreadable: Unreadable::default(),
            storage: Storage::default(),
            standardization: None,
        }
    }
}

/// Clips to train on and clips to test with.
///
/// ```
/// use gradbook_audio::{Corpus, CorpusConfig, Source, Synthetic};
/// let source = Source::Synthetic(Synthetic { clips: 24, seed: 1 });
/// let corpus = Corpus::load(&CorpusConfig { source, ..CorpusConfig::default() }, &|_done, _of| {})?;
/// assert_eq!((corpus.train.len(), corpus.test.len()), (22, 2));
/// assert_eq!(corpus.test[0].crop(0, 32)?.dim(), (32, 80));
/// # Ok::<(), gradbook_audio::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Corpus {
    /// Clips to train on, in the order of their names.
    pub train: Vec<Clip>,
    /// Clips held out.
    pub test: Vec<Clip>,
    /// The features' parameters.
    pub mel: MelParams,
    /// What the clips were standardized with.
    pub standardization: Standardization,
    /// Recordings left out, and why.
    pub skipped: Vec<Skipped>,
}

impl Corpus {
    /// Finds the recordings and computes their features on all cores; `progress` is told how many of how many are
    /// done (from any thread, so now and then out of order). The result does not depend on the number of threads.
    ///
    /// # Errors
    /// [`Error::Parameter`] for illegal parameters, [`Error::NoRecordings`] for an empty folder,
    /// [`Error::EmptySplit`] when nothing is left to train or test with, [`Error::UnusableRecordings`] when the
    /// configuration asks to fail, [`Error::Io`] when the folder or the file of frames cannot be used.
    pub fn load(config: &CorpusConfig, progress: &(dyn Fn(usize, usize) + Sync)) -> Result<Self> {
        let (recordings, mut skipped) = config.source.recordings()?;
        // Where nothing can be read, any rate will do to say so.
        let rate = match config.mel.sample_rate {
            0 => common_rate(&recordings).unwrap_or(synth::RATE),
            rate => rate,
        };
        let mel = LogMel::new(config.mel.fitted(rate))?;
        let found = match &config.storage {
            Storage::Memory => in_memory(&mel, &recordings, progress),
            Storage::Disk(folder) => on_disk(&mel, &recordings, folder, progress)?,
        };
        let mut usable = Vec::new();
        for (recording, result) in recordings.into_iter().zip(found) {
            match result {
                Ok((frames, moments)) => usable.push((recording, frames, moments)),
                Err(reason) => skipped.push(Skipped { name: recording.name, reason }),
            }
        }
        if !skipped.is_empty() && (config.unreadable == Unreadable::Fail || usable.is_empty()) {
            return Err(Error::UnusableRecordings(skipped));
        }

        let names: Vec<&str> = usable.iter().map(|(recording, ..)| recording.name.as_str()).collect();
        let held_out = config.test.held_out(&names)?;
        let training =
            usable.iter().zip(&held_out).filter(|(_, test)| !**test).map(|((_, _, moments), _)| *moments);
        let standardization = config.standardization.unwrap_or_else(|| Moments::standardization(training));
        let (mut train, mut test) = (Vec::new(), Vec::new());
        for ((recording, frames, _), held_out) in usable.into_iter().zip(held_out) {
            let clip = Clip { recording, frames, standardization, sample_rate: rate };
            if held_out { test.push(clip) } else { train.push(clip) }
        }
        Ok(Self { train, test, mel: mel.params().clone(), standardization, skipped })
    }
}

/// Frames and moments of a recording, or the reason there are none.
type Found = Result<(Frames, Moments), String>;

fn in_memory(mel: &LogMel, recordings: &[Recording], progress: &(dyn Fn(usize, usize) + Sync)) -> Vec<Found> {
    each(recordings, progress, |recording| {
        let frames = mel.compute(&recording.samples(mel.params().sample_rate).map_err(reason)?);
        let moments = Moments::of(&frames);
        Ok((Frames::Memory(frames), moments))
    })
}

fn on_disk(
    mel: &LogMel,
    recordings: &[Recording],
    folder: &Path,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<Found>> {
    let fingerprints: Vec<_> = recordings.iter().map(Recording::fingerprint).collect();
    let key = format!("{} {:?} {fingerprints:?}", env!("CARGO_PKG_VERSION"), mel.params());
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let path = folder.join(format!("{:016x}.frames", hasher.finish()));
    if FrameFile::open(&path, &key).is_none() {
        std::fs::create_dir_all(folder).map_err(|source| Error::Io { path: folder.into(), source })?;
        atomic::write(&path, |file| {
            let writer = FrameWriter::new(file);
            // A recording that cannot be used is left out; a disk that cannot be written ends it all.
            let entries =
                each(recordings, progress, |recording| match recording.samples(mel.params().sample_rate) {
                    Ok(samples) => writer.append(&mel.compute(&samples)).map(Ok),
                    Err(error) => Ok(Err(reason(error))),
                });
            let entries = entries.into_iter().collect::<std::io::Result<_>>()?;
            writer.finish(&key, entries)
        })?;
    }
    let lost = || std::io::Error::other("the file of frames changed while it was opened");
    let (file, entries) =
        FrameFile::open(&path, &key).ok_or_else(|| Error::Io { path: path.clone(), source: lost() })?;
    let found = |entry: Entry| (Frames::Disk { file: file.clone(), entry }, entry.moments());
    Ok(entries.into_iter().map(|entry| entry.map(found)).collect())
}

/// Calls `work` for every recording, in parallel; results are in the order of the recordings.
fn each<T: Send>(
    recordings: &[Recording],
    progress: &(dyn Fn(usize, usize) + Sync),
    work: impl Fn(&Recording) -> T + Sync,
) -> Vec<T> {
    let done = AtomicUsize::new(0);
    let counted = |recording| {
        let result = work(recording);
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, recordings.len());
        result
    };
    recordings.par_iter().with_max_len(1).map(counted).collect()
}

/// Why a recording cannot be used, without its path, which the caller names.
fn reason(error: Error) -> String {
    match error {
        Error::Wav { source, .. } => source.to_string(),
        Error::Io { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}
