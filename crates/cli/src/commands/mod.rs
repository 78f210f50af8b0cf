//! The commands, one file each.

mod compare;
mod train;

use std::{error::Error, fs, path::Path, process::ExitCode};

use clap::Subcommand;

use crate::Loudness;

/// How a command ends.
pub type Outcome = Result<ExitCode, Box<dyn Error + Send + Sync>>;

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Train a model on a folder of recordings, or on built-in sounds
    Train(train::Train),
    /// Train several recipes on the same data and seed, and set them side by side
    Compare(compare::Compare),
}

impl Command {
    /// Does it.
    pub fn run(&self, loudness: &Loudness) -> Outcome {
        match self {
            Self::Train(command) => command.run(loudness),
            Self::Compare(command) => command.run(loudness),
        }
    }
}

/// Writes a file in one piece.
fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), Box<dyn Error + Send + Sync>> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()).into())
}
