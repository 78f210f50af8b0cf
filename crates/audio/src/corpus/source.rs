//! Where recordings come from: a folder of WAV files, or the synthetic corpus.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use crate::error::{Error, Result};
use crate::resample::resample;
use crate::synth::{self, Synthetic};
use crate::wav;

/// Where a corpus comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The built-in synthetic corpus.
    Synthetic(Synthetic),
    /// Every `.wav` file in a folder and the folders below it (links followed), in the order of their names.
    Folder(PathBuf),
}

impl Default for Source {
    fn default() -> Self {
        Self::Synthetic(Synthetic::default())
    }
}

/// A recording that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Its path relative to the corpus folder.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A recording not read yet.
#[derive(Clone, Debug)]
pub(super) struct Recording {
    pub(super) name: String,
    origin: Origin,
}

#[derive(Clone, Debug)]
enum Origin {
    File(PathBuf),
    Synthetic(Synthetic, usize),
}

impl Source {
    /// All recordings in the order of their names, and what could not even be listed.
    pub(super) fn recordings(&self) -> Result<(Vec<Recording>, Vec<Skipped>)> {
        let (mut recordings, skipped) = match self {
            Self::Synthetic(corpus) => {
                let recording =
                    |i| Recording { name: corpus.name(i), origin: Origin::Synthetic(corpus.clone(), i) };
                ((0..corpus.clips).map(recording).collect(), Vec::new())
            }
            Self::Folder(folder) => recordings_below(folder)?,
        };
        recordings.sort_by(|a, b| a.name.cmp(&b.name));
        Ok((recordings, skipped))
    }
}

/// Every `.wav` file in the folder at `path` and the folders below it (links followed), in the order of their paths; `path`
/// itself if it is no folder.
///
/// # Errors
/// If a folder cannot be listed, or there is no WAV file.
pub fn wav_files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.into()]);
    }
    let unlisted =
        |error: walkdir::Error| Error::Io { path: error.path().unwrap_or(path).into(), source: error.into() };
    let mut files: Vec<PathBuf> = walk(path).collect::<Result<_, _>>().map_err(unlisted)?;
    if files.is_empty() {
        return Err(Error::NoRecordings { folder: path.into() });
    }
    files.sort();
    Ok(files)
}

/// The WAV files below a folder, and what cannot be listed.
fn walk(folder: &Path) -> impl Iterator<Item = Result<PathBuf, walkdir::Error>> {
    let is_wav = |path: &Path| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("wav"));
    WalkDir::new(folder).follow_links(true).into_iter().filter_map(move |entry| match entry {
        Ok(entry) if entry.file_type().is_file() && is_wav(entry.path()) => Some(Ok(entry.into_path())),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    })
}

fn recordings_below(folder: &Path) -> Result<(Vec<Recording>, Vec<Skipped>)> {
    std::fs::metadata(folder).map_err(|source| Error::Io { path: folder.into(), source })?;
    let (mut recordings, mut skipped) = (Vec::new(), Vec::new());
    for found in walk(folder) {
        match found {
            Ok(path) => {
                recordings.push(Recording { name: relative(&path, folder), origin: Origin::File(path) });
            }
            Err(error) => {
                let name = relative(error.path().unwrap_or(folder), folder);
                skipped.push(Skipped { name, reason: error.to_string() });
            }
        }
    }
    if recordings.is_empty() && skipped.is_empty() {
        return Err(Error::NoRecordings { folder: folder.into() });
    }
    Ok((recordings, skipped))
}

/// The path below `folder` with `/` between its parts, so that names are the same on every system.
fn relative(path: &Path, folder: &Path) -> String {
    let below = path.strip_prefix(folder).ok().filter(|p| !p.as_os_str().is_empty());
    let below = below.unwrap_or_else(|| path.file_name().map_or(path, Path::new));
    below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The sample rate of most recordings, the highest of several such rates; none if no file can be read.
pub(super) fn common_rate(recordings: &[Recording]) -> Option<u32> {
    let rate = |recording: &Recording| match &recording.origin {
        Origin::File(path) => wav::sample_rate(path).ok(),
        Origin::Synthetic(..) => Some(synth::RATE),
    };
    let rates: Vec<u32> = recordings.par_iter().filter_map(rate).collect();
    let mut counts = BTreeMap::new();
    rates.into_iter().for_each(|rate| *counts.entry(rate).or_insert(0) += 1);
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(rate, _)| rate)
}

impl Recording {
    /// Mono samples at `rate`.
    pub(super) fn samples(&self, rate: u32) -> Result<Vec<f32>> {
        Ok(match &self.origin {
            Origin::File(path) => {
                let audio = wav::read(path)?;
                resample(&audio.samples, audio.sample_rate, rate)
            }
            Origin::Synthetic(corpus, index) => resample(&corpus.samples(*index), synth::RATE, rate),
        })
    }

    /// Changes when the recording does: for a file its size and time of change, otherwise its seed and index.
    pub(super) fn fingerprint(&self) -> (&str, u64, u128) {
        let (a, b) = match &self.origin {
            Origin::Synthetic(corpus, index) => (corpus.seed, *index as u128),
            Origin::File(path) => std::fs::metadata(path).map_or((0, 0), |data| {
                let changed = data.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
                (data.len(), changed.map_or(0, |t| t.as_nanos()))
            }),
        };
        (&self.name, a, b)
    }
}
