//! Where recordings come from: a folder of WAV files, or the synthetic corpus.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use super::fingerprint::Fingerprint;
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
    /// The folder that paths in a configuration are below.
    pub(super) fn folder(&self) -> &Path {
        match self {
            Self::Synthetic(_) => Path::new(""),
            Self::Folder(folder) => folder,
        }
    }

    /// All recordings in the order of their names, and what could not even be listed.
    pub(super) fn recordings(&self) -> Result<(Vec<Recording>, Vec<Skipped>)> {
        let (mut recordings, mut skipped) = match self {
            Self::Synthetic(corpus) => {
                let recording =
                    |i| Recording { name: corpus.name(i), origin: Origin::Synthetic(corpus.clone(), i) };
                ((0..corpus.clips).map(recording).collect(), Vec::new())
            }
            Self::Folder(folder) => recordings_below(folder)?,
        };
        recordings.sort_by(|a, b| a.name.cmp(&b.name));
        skipped.sort_by(|a, b| a.name.cmp(&b.name));
        Ok((recordings, skipped))
    }
}

/// Every `.wav` file in the folder at `path` and the folders below it (links followed), in the order of their names as a
/// corpus has them, and what cannot be listed; `path` itself if it is no folder.
///
/// # Errors
/// If there is no WAV file.
pub fn wav_files(path: &Path) -> Result<(Vec<PathBuf>, Vec<Skipped>)> {
    if !path.is_dir() {
        return Ok((vec![path.into()], Vec::new()));
    }
    let (recordings, skipped) = Source::Folder(path.into()).recordings()?;
    let file = |recording: Recording| match recording.origin {
        Origin::File(path) => Some(path),
        Origin::Synthetic(..) => None,
    };
    Ok((recordings.into_iter().filter_map(file).collect(), skipped))
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

/// The path below `folder`, as [`portable_name`] writes it.
fn relative(path: &Path, folder: &Path) -> String {
    let below = path.strip_prefix(folder).ok().filter(|p| !p.as_os_str().is_empty());
    portable_name(below.unwrap_or_else(|| path.file_name().map_or(path, Path::new)))
}

/// A relative path as text that is the same on every system: `/` between its parts, and `%FF` for each byte that is not
/// UTF-8, so that paths which differ in such bytes differ in their names.
///
/// ```
/// assert_eq!(gradbook_audio::portable_name("birds/owl 100%.wav".as_ref()), "birds/owl 100%.wav");
/// ```
pub fn portable_name(path: &Path) -> String {
    let part = |part: &OsStr| {
        let mut name = String::new();
        for chunk in part.as_encoded_bytes().utf8_chunks() {
            name += chunk.valid();
            chunk.invalid().iter().for_each(|byte| name += &format!("%{byte:02X}"));
        }
        name
    };
    path.iter().map(part).collect::<Vec<_>>().join("/")
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
    /// Mono samples at `rate`, and the hash of the recording: of a file's samples as they are, of a synthetic sound's seed
    /// and index.
    pub(super) fn samples(&self, rate: u32) -> Result<(Vec<f32>, u64)> {
        Ok(match &self.origin {
            Origin::File(path) => {
                let audio = wav::read(path)?;
                let hash = Fingerprint::new().word(u64::from(audio.sample_rate)).samples(&audio.samples);
                (resample(&audio.samples, audio.sample_rate, rate), hash.value())
            }
            Origin::Synthetic(corpus, index) => {
                let hash = Fingerprint::new().word(corpus.seed).word(*index as u64);
                (resample(&corpus.samples(*index), synth::RATE, rate), hash.value())
            }
        })
    }

    /// The most samples it can have at `rate`, by its header and its size; 0 if it cannot be read.
    pub(super) fn longest(&self, rate: u32) -> f64 {
        let (samples, own) = match &self.origin {
            Origin::File(path) => wav::length(path).unwrap_or((0, rate)),
            Origin::Synthetic(..) => (synth::LONGEST as u64, synth::RATE),
        };
        samples as f64 * f64::from(rate) / f64::from(own)
    }

    /// Changes when the recording does: for a file its size and time of change, otherwise its seed and index.
    pub(super) fn version(&self) -> (&str, u64, u128) {
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
