//! The frames of recordings, computed on all cores, in memory or on disk.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::config::Storage;
use super::source::{Recording, Skipped};
use super::store::{Entry, FrameFile, FrameWriter, Frames};
use crate::atomic;
use crate::error::{Error, Result};
use crate::log_mel::LogMel;
use crate::standardize::Moments;

/// A recording with its frames, their moments and its hash.
pub(super) struct Usable {
    pub recording: Recording,
    pub frames: Frames,
    pub moments: Moments,
    pub hash: u64,
}

/// Frames, moments and hash of a recording, or the reason there are none.
type Found = Result<(Frames, Moments, u64), String>;

/// The frames of all recordings, where the configuration keeps them, and what cannot be used.
pub(super) fn features(
    mel: &LogMel,
    recordings: Vec<Recording>,
    storage: &Storage,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<(Vec<Usable>, Vec<Skipped>)> {
    let found = match storage {
        Storage::Memory => in_memory(mel, &recordings, progress),
        Storage::Disk(folder) => on_disk(mel, &recordings, folder, progress)?,
    };
    let (mut usable, mut skipped) = (Vec::new(), Vec::new());
    for (recording, result) in recordings.into_iter().zip(found) {
        match result {
            Ok((frames, moments, hash)) => usable.push(Usable { recording, frames, moments, hash }),
            Err(reason) => skipped.push(Skipped { name: recording.name, reason }),
        }
    }
    Ok((usable, skipped))
}

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
