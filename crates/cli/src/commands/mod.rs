//! The commands, one file each.

mod compare;
mod completions;
mod decode;
mod encode;
mod gradcheck;
mod inspect;
mod quantizers;
mod recipes;
mod train;

use std::{error::Error, path::Path, process::ExitCode};

use clap::Subcommand;
use gradbook_lab::Registry;

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
    /// Turn recordings into tokens with a trained model
    Encode(encode::Encode),
    /// Turn tokens back into recordings
    Decode(decode::Decode),
    /// Show the health of a run's codebooks
    Inspect(inspect::Inspect),
    /// List the built-in recipes, or print one
    Recipes(recipes::Recipes),
    /// List the kinds of quantizers that a recipe can name
    Quantizers(quantizers::Quantizers),
    /// Prove the gradients of every op, layer, loss and quantizer
    Gradcheck(gradcheck::Gradcheck),
    /// Print completions for a shell
    Completions(completions::Completions),
}

impl Command {
    /// Does it.
    pub fn run(&self, loudness: &Loudness, registry: &Registry) -> Outcome {
        match self {
            Self::Train(command) => command.run(loudness, registry),
            Self::Compare(command) => command.run(loudness, registry),
            Self::Encode(command) => command.run(loudness, registry),
            Self::Decode(command) => command.run(loudness, registry),
            Self::Inspect(command) => command.run(loudness, registry),
            Self::Recipes(command) => command.run(registry),
            Self::Quantizers(command) => command.run(registry),
            Self::Gradcheck(command) => command.run(registry),
            Self::Completions(command) => command.run(),
        }
    }
}

/// Writes a file, whole or not at all.
fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), Box<dyn Error + Send + Sync>> {
    Ok(gradbook_lab::files::replace(path, text.as_ref())?)
}
