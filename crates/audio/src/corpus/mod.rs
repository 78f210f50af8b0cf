//! A corpus for training: recordings found, turned into log-mel frames in parallel, split, standardized.

mod clip;
mod config;
mod fingerprint;
mod source;
mod split;
mod store;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::atomic;
use crate::error::{Error, Result};
use crate::log_mel::LogMel;
use crate::params::MelParams;
use crate::standardize::{Moments, Standardization};
use crate::synth;

pub use clip::Clip;
pub use config::{CorpusConfig, Storage, Unreadable};
pub use source::{Skipped, Source, portable_name, wav_files};
pub use split::TestSplit;

use fingerprint::Fingerprint;
use source::{Recording, common_rate};
use store::{Entry, FrameFile, FrameWriter, Frames};

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
    /// [`Error::EmptySplit`] when nothing is left to train or test with, [`Error::UnusableRecordings`] when the
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
        let found = match &config.storage {
            Storage::Memory => in_memory(&mel, &recordings, progress),
            Storage::Disk(folder) => on_disk(&mel, &recordings, folder, progress)?,
        };
        let mut usable = Vec::new();
        for (recording, result) in recordings.into_iter().zip(found) {
            match result {
                Ok((frames, moments, hash)) => usable.push((recording, frames, moments, hash)),
                Err(reason) => skipped.push(Skipped { name: recording.name, reason }),
            }
        }
        if !skipped.is_empty() && (config.unreadable == Unreadable::Fail || usable.is_empty()) {
            return Err(Error::UnusableRecordings(skipped));
        }

        let names: Vec<&str> = usable.iter().map(|(recording, ..)| recording.name.as_str()).collect();
        let held_out = config.test.held_out(&names)?;
        let training =
            usable.iter().zip(&held_out).filter(|(_, test)| !**test).map(|((_, _, moments, _), _)| *moments);
        let standardization = config.standardization.unwrap_or_else(|| Moments::standardization(training));
        let (mut train, mut test, mut all) = (Vec::new(), Vec::new(), Fingerprint::new());
        for ((recording, frames, _, hash), held_out) in usable.into_iter().zip(held_out) {
            all = all.text(&recording.name).word(hash).word(u64::from(held_out));
            let clip = Clip { recording, frames, standardization, sample_rate: rate };
            if held_out { test.push(clip) } else { train.push(clip) }
        }
        let fingerprint = format!("{:016x}", all.value());
        Ok(Self { train, test, mel: mel.params().clone(), standardization, skipped, fingerprint })
    }
}

/// Frames, moments and hash of a recording, or the reason there are none.
type Found = Result<(Frames, Moments, u64), String>;

fn in_memory(mel: &LogMel, recordings: &[Recording], progress: &(dyn Fn(usize, usize) + Sync)) -> Vec<Found> {
    each(recordings, progress, |recording| {
        let (samples, hash) = recording.samples(mel.params().sample_rate).map_err(reason)?;
        let frames = mel.compute(&samples);
        let moments = Moments::of(&frames);
        Ok((Frames::Memory(frames), moments, hash))
    })
}

fn on_disk(
    mel: &LogMel,
    recordings: &[Recording],
    folder: &Path,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<Found>> {
    let versions: Vec<_> = recordings.iter().map(Recording::version).collect();
    let key = format!("{} {:?} {versions:?}", env!("CARGO_PKG_VERSION"), mel.params());
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
                    Ok((samples, hash)) => writer.append(&mel.compute(&samples), hash).map(Ok),
                    Err(error) => Ok(Err(reason(error))),
                });
            let entries = entries.into_iter().collect::<std::io::Result<_>>()?;
            writer.finish(&key, entries)
        })?;
    }
    let lost = || std::io::Error::other("the file of frames changed while it was opened");
    let (file, entries) =
        FrameFile::open(&path, &key).ok_or_else(|| Error::Io { path: path.clone(), source: lost() })?;
    let found = |entry: Entry| (Frames::Disk { file: file.clone(), entry }, entry.moments(), entry.hash());
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
