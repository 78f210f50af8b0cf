//! What can be wrong with a checkpoint.

use std::{fmt, io, path::PathBuf};

use super::{FORMAT, PROGRAM};

/// Why a checkpoint could not be written, read, or fitted to a model.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried: read, write.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The file is not what it claims to be.
    #[error("`{}` is damaged or not a checkpoint: {what}\n  use an earlier copy", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The file has the layout of another version.
    #[error(
        "`{}` was written by {program} in format {format}; {PROGRAM} reads format {FORMAT}\n  \
         read it with the version that wrote it, or train anew",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What wrote it.
        program: String,
        /// The version of its layout.
        format: u32,
    },
    /// The file is sound but belongs to another model. Nothing was loaded.
    #[error(
        "`{}` does not fit this model:{}\n  build the model from the configuration the file was saved with",
        path.display(),
        differences.iter().map(|d| format!("\n  {d}")).collect::<String>()
    )]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// Every difference.
        differences: Vec<Difference>,
    },
}

/// One difference between a file and a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The model has it, the file does not.
    Missing(String),
    /// The file has it, the model does not.
    Unexpected(String),
    /// Both have it, with different shapes.
    Shape {
        /// Its name.
        name: String,
        /// The model's shape.
        expected: Vec<usize>,
        /// The file's shape.
        found: Vec<usize>,
    },
    /// Both have it, as different types of numbers.
    Type {
        /// Its name.
        name: String,
        /// The model's type.
        expected: String,
        /// The file's type.
        found: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "`{name}` is missing in the file"),
            Self::Unexpected(name) => write!(f, "`{name}` is in the file but not in the model"),
            Self::Shape { name, expected, found } => {
                write!(f, "`{name}` has shape {found:?}, the model needs {expected:?}")
            }
            Self::Type { name, expected, found } => {
                write!(f, "`{name}` holds {found}, the model needs {expected}")
            }
        }
    }
}
