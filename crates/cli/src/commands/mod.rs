//! The commands, one file each.

mod ablate;
mod compare;
mod completions;
mod decode;
mod encode;
mod fork;
mod gradcheck;
mod inspect;
mod new;
mod quantizers;
mod recipes;
mod sweep;
mod table;
mod train;
mod watch;

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
    /// Train several recipes on the same data, and set them side by side
    Compare(compare::Compare),
    /// Take a recipe apart: each lever taken away alone, and added alone
    Ablate(ablate::Ablate),
    /// Try many settings of a recipe and keep the best
    Sweep(sweep::Sweep),
    /// Let a run go on from one of its steps with other settings
    Fork(fork::Fork),
    /// Turn recordings into tokens with a trained model
    Encode(encode::Encode),
    /// Turn tokens back into recordings
    Decode(decode::Decode),
    /// Show the health of a run's codebooks
    Inspect(inspect::Inspect),
    /// Set runs side by side that are there already
    Table(table::Table),
    /// Follow a run in the browser while it goes on
    Watch(watch::Watch),
    /// List the built-in recipes, or print one
    Recipes(recipes::Recipes),
    /// List the kinds of quantizers that a recipe can name
    Quantizers(quantizers::Quantizers),
    /// Prove the gradients of every op, layer, loss and quantizer
    Gradcheck(gradcheck::Gradcheck),
    /// Write a crate to start from: a quantizer or an op of your own
    New(new::New),
    /// Print completions for a shell
    Completions(completions::Completions),
}

impl Command {
    /// Does it.
    pub fn run(&self, loudness: &Loudness, registry: &Registry) -> Outcome {
        match self {
            Self::Train(command) => command.run(loudness, registry),
            Self::Compare(command) => command.run(loudness, registry),
            Self::Ablate(command) => command.run(loudness, registry),
            Self::Sweep(command) => command.run(loudness, registry),
            Self::Fork(command) => command.run(loudness, registry),
            Self::Encode(command) => command.run(loudness, registry),
            Self::Decode(command) => command.run(loudness, registry),
            Self::Inspect(command) => command.run(loudness, registry),
            Self::Table(command) => command.run(loudness, registry),
            Self::Watch(command) => command.run(loudness, registry),
            Self::Recipes(command) => command.run(registry),
            Self::Quantizers(command) => command.run(registry),
            Self::Gradcheck(command) => command.run(registry),
            Self::New(command) => command.run(loudness, registry),
            Self::Completions(command) => command.run(),
        }
    }
}

/// Writes a file, whole or not at all.
fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), Box<dyn Error + Send + Sync>> {
    Ok(gradbook_lab::files::replace(path, text.as_ref())?)
}
