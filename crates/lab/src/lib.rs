//! Spectrogram VQ-VAEs: models, training, recipes, comparison, report.

pub mod baseline;
pub mod data;
pub mod report;

mod error;
mod evaluate;
mod metrics;
mod model;
mod recipe;
mod train;

pub use error::{Error, RecipeError};
pub use evaluate::Evaluation;
pub use metrics::{Progress, Summary};
pub use model::{Block, Forward, Model, ModelConfig};
pub use recipe::{BUILT_IN, Grow, Raise, Recipe, Seeding, TrainConfig};
pub use train::Training;
