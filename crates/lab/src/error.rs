//! What can go wrong outside the program: recipes, files, recordings, checkpoints; and a training that diverges.

use std::{io, path::PathBuf};

use gradbook_autograd::NonFinite;

use crate::RecipeError;

/// Anything that stops a run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The recipe cannot be read.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The recipe can be read, but what it asks for cannot work.
    #[error("the recipe cannot work: {0}")]
    Config(#[from] gradbook_nn::ConfigError),
    /// A layer does not fit the one before it.
    #[error("the model cannot work: {0}")]
    Shape(#[from] gradbook_nn::ShapeError),
    /// Recordings, features or sound.
    #[error(transparent)]
    Audio(#[from] gradbook_audio::Error),
    /// A checkpoint that cannot be written or read.
    #[error(transparent)]
    Checkpoint(#[from] gradbook_nn::checkpoint::CheckpointError),
    /// Another file that cannot be written or read.
    #[error("cannot {action} {path}: {source}", path = path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A file that can be read but makes no sense.
    #[error("{path} cannot be understood: {reason}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The loss is no longer a number.
    #[error("training diverged at step {step}: {}{}", cause(found.as_deref()), kept(checkpoint.as_ref()))]
    Diverged {
        /// The step.
        step: u64,
        /// The op at fault.
        found: Option<Box<NonFinite>>,
        /// The last good checkpoint, which is kept.
        checkpoint: Option<PathBuf>,
    },
    /// Something that the request itself rules out.
    #[error("{0}")]
    Request(String),
}

fn cause(found: Option<&NonFinite>) -> String {
    found.map_or_else(|| "the loss is not finite".to_owned(), NonFinite::to_string)
}

fn kept(checkpoint: Option<&PathBuf>) -> String {
    checkpoint.map_or_else(String::new, |path| {
        format!("\nthe last good state is kept in {}; a lower learning rate usually helps", path.display())
    })
}

impl Error {
    /// An I/O error with what was tried on which file.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
