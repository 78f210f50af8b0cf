//! A corpus for training: recordings found, turned into log-mel frames in parallel, split, standardized.

mod clip;
mod config;
mod fingerprint;
mod group;
mod hold_out;
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
pub use group::GroupBy;
pub use hold_out::HoldOut;
pub use source::{Skipped, Source, portable_name, wav_files};
pub use split::{Leak, Leakage, Set};

use fingerprint::Fingerprint;
use hold_out::Cut;
use source::{Recording, common_rate};
use split::{Candidate, Split};
use store::{Entry, FrameFile, FrameWriter, Frames};

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
    /// What the clips were standardized with.
    pub standardization: Standardization,
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

        let candidates: Vec<_> = usable
            .iter()
            .map(|(recording, frames, _, hash)| Candidate {
                name: &recording.name,
                frames: frames.count(),
                hash: *hash,
            })
            .collect();
        let params = mel.params();
        // Frames whose windows overlap share samples.
        let cut = Cut { gap: params.window_length().div_ceil(params.hop) - 1, least: params.min_frames };
        let split = Split::new(config, &candidates, config.source.folder(), cut)?;
        let fingerprint = fingerprint(&candidates, &split);
        let standardization = match config.standardization {
            Some(given) => given,
            None => standardization(&usable, &split)?,
        };
        let mut sets = [Vec::new(), Vec::new(), Vec::new()];
        for (part, set) in split.parts {
            let (recording, frames, ..) = &usable[part.clip];
            let whole = part.frames.end == frames.count();
            let end = if whole { usize::MAX } else { params.samples(part.frames.end) };
            sets[set as usize].push(Clip {
                recording: recording.clone(),
                frames: frames.clone(),
                standardization,
                sample_rate: rate,
                sound: part.frames.start * params.hop..end,
                part: part.frames,
                group: split.groups.as_ref().map(|groups| groups[part.clip].clone()),
            });
        }
        let [train, validation, test] = sets;
        let (mel, leaks) = (params.clone(), split.leaks);
        Ok(Self { train, validation, test, mel, standardization, skipped, leaks, fingerprint })
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

/// That of the training clips alone.
fn standardization(usable: &[(Recording, Frames, Moments, u64)], split: &Split) -> Result<Standardization> {
    let training = split.parts.iter().filter(|(_, set)| *set == Set::Train);
    let moments = training.map(|(part, _)| {
        let (_, frames, moments, _) = &usable[part.clip];
        match part.frames.len() == frames.count() {
            true => Ok(*moments),
            false => Ok(Moments::of(&frames.crop(part.frames.start, part.frames.len())?)),
        }
    });
    Ok(Moments::standardization(moments.collect::<Result<Vec<_>>>()?))
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
