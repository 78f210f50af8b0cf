//! What can go wrong outside the program: recipes, files, recordings, checkpoints; and a training that diverges.

use std::{fmt, io, path::PathBuf};

use gradbook_autograd::NonFinite;

use crate::parse::NoRecipe;

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

/// A recipe that cannot be read: what is wrong, where, and what was probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipeError(String);

impl fmt::Display for RecipeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RecipeError {}

impl RecipeError {
    pub(crate) fn plain(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    pub(crate) fn new(fault: &NoRecipe) -> Self {
        Self(fault.shown.clone() + &meant(&fault.message))
    }

    /// What is wrong with a value that was set, without the place in a text that nobody wrote.
    pub(crate) fn set(assignment: &str, fault: &NoRecipe) -> Self {
        Self(format!("`{assignment}`: {}{}", fault.message, meant(&fault.message)))
    }

    pub(crate) fn no_such_recipe(name: &str, known: &[&str]) -> Self {
        let hint =
            nearest(name, known).map_or_else(String::new, |known| format!("; did you mean `{known}`?"));
        Self(format!(
            "there is no recipe `{name}`, neither built in nor a file{hint}\nbuilt in: {}",
            known.join(", ")
        ))
    }
}

/// The key or kind that was probably meant by an unknown one: it is quoted first, then those that are known.
fn meant(message: &str) -> String {
    let unknown = ["unknown field ", "unknown variant ", "this program knows no "];
    let from = unknown.iter().filter_map(|start| message.find(start)).min();
    let quoted: Vec<&str> =
        from.map_or_else(Vec::new, |from| message[from..].split('`').skip(1).step_by(2).collect());
    let hint = quoted.split_first().and_then(|(unknown, known)| nearest(unknown, known));
    hint.map_or_else(String::new, |name| format!("\ndid you mean `{name}`?"))
}

/// The known name that is most like `name`, if any is.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let likeness = |known: &str| strsim::jaro_winkler(name, known);
    known.iter().copied().filter(|k| likeness(k) > 0.7).max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}
