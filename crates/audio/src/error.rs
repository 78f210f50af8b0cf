//! What the outside world can do to us: unreadable files, wrong parameters, an empty folder.
//! Every message says what was wrong, where, and what to do about it.

use std::io;
use std::path::PathBuf;

use crate::corpus::{Leak, Set, Skipped};

/// Anything that can go wrong between a folder of recordings and a training set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused to read or write.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder concerned.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file is there but is not a WAV file this crate can decode.
    #[error("{}: {source}", path.display())]
    Wav {
        /// The file concerned.
        path: PathBuf,
        /// What is wrong inside it.
        source: WavError,
    },
    /// A parameter is outside its legal range.
    #[error("{field} = {value}: {rule}")]
    Parameter {
        /// The name of the parameter, as in a configuration file.
        field: String,
        /// The value it was given.
        value: String,
        /// The rule it breaks.
        rule: String,
    },
    /// Frames would take more memory than a machine has.
    #[error(
        "the features of these recordings would take {gigabytes:.0} GB of memory, {most:.0} GB at most; a longer \
         mel.hop or fewer bands take less, and storage = {{ disk = \"FOLDER\" }} keeps all but one recording on disk"
    )]
    TooLarge {
        /// What all of them would take; kept on disk, the longest recording alone.
        gigabytes: f64,
        /// The bound.
        most: f64,
    },
    /// A folder holds no recording at all.
    #[error("{}: no .wav file here or in any folder below; name a folder of recordings", folder.display())]
    NoRecordings {
        /// The folder that was searched.
        folder: PathBuf,
    },
    /// Recordings cannot be used, and that is fatal: the caller asked so ([`crate::Unreadable::Fail`]), or there are
    /// no others.
    #[error("{}", unusable(.0))]
    UnusableRecordings(Vec<Skipped>),
    /// The split leaves a set without clips.
    #[error(
        "{rule} leaves no {set} clip out of {clips}; add recordings or choose another split, such as {{ every_nth = 10 }} \
         or, for few long recordings, {{ last = 0.1 }}"
    )]
    EmptySplit {
        /// The set.
        set: Set,
        /// How many clips the rule divides.
        clips: usize,
        /// The split that was asked for.
        rule: String,
    },
    /// A clip without a group, where clips are grouped.
    #[error(
        "{name} belongs to no group: {reason}; name a group for every recording, or take the recording away"
    )]
    Ungrouped {
        /// The clip.
        name: String,
        /// Why.
        reason: String,
    },
    /// Two sets share recordings or groups, and that is fatal: the caller asked so ([`crate::Leakage::Fail`]).
    #[error("the sets share {} recordings or groups: {}", .0.len(), listed(.0))]
    Leaks(Vec<Leak>),
}

/// What can be wrong inside a WAV file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WavError {
    /// Reading failed below us.
    #[error("reading failed: {0}")]
    Io(#[source] io::Error),
    /// The header is damaged, or the encoding is neither 8 to 32-bit PCM nor 32-bit float.
    #[error("not a usable WAV file ({0}); 8, 16, 24 or 32-bit PCM or 32-bit float is needed")]
    Format(#[source] hound::Error),
    /// The file ends before the number of samples its header announces.
    #[error("the file is cut short: {found} of {expected} sample values are there")]
    Truncated {
        /// Sample values (all channels) announced by the header.
        expected: u32,
        /// Sample values found.
        found: u32,
    },
    /// There is a header and not one sample.
    #[error("the file holds no samples")]
    Empty,
    /// A sample is not a number, or too large to be sound.
    #[error("sample {at} is {value}; samples are numbers, of at most 1e10")]
    Sample {
        /// Index of the sample (per channel) in the file.
        at: usize,
        /// Its value.
        value: f32,
    },
    /// The header names a sample rate no recording has.
    #[error("a sample rate of {0} Hz; 1,000 to 768,000 Hz are accepted")]
    SampleRate(u32),
    /// More samples than the 4 GB a WAV file can hold.
    #[error("{0} samples do not fit in a WAV file")]
    TooLong(usize),
}

fn unusable(skipped: &[Skipped]) -> String {
    let all = skipped.iter().map(|Skipped { name, reason }| format!("{name}: {reason}"));
    format!("{} recordings cannot be used (repair or remove them):{}", skipped.len(), few(all))
}

fn listed(leaks: &[Leak]) -> String {
    few(leaks.iter().map(ToString::to_string))
}

/// The first few lines, and how many more there are.
fn few(lines: impl ExactSizeIterator<Item = String>) -> String {
    const SHOWN: usize = 5;
    let more = lines.len().saturating_sub(SHOWN);
    let mut all: String = lines.take(SHOWN).map(|line| format!("\n  {line}")).collect();
    if more > 0 {
        all += &format!("\n  and {more} more");
    }
    all
}

impl Error {
    /// `Ok` if `holds`, else the error that `field` is `value` against the `rule`.
    pub(crate) fn unless(
        holds: bool,
        field: &str,
        value: impl std::fmt::Display,
        rule: impl Into<String>,
    ) -> Result<()> {
        if holds {
            return Ok(());
        }
        Err(Self::Parameter { field: field.into(), value: value.to_string(), rule: rule.into() })
    }

    /// The same error about a parameter below `place`.
    #[must_use]
    pub fn at(self, place: &str) -> Self {
        match self {
            Self::Parameter { field, value, rule } => {
                Self::Parameter { field: format!("{place}.{field}"), value, rule }
            }
            other => other,
        }
    }
}

/// The crate's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;
