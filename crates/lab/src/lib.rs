//! Spectrogram VQ-VAEs: models, training, recipes, comparison, report.

pub mod baseline;
pub mod codec;
pub mod compare;
pub mod data;
pub mod files;
pub mod inspect;
pub mod report;

mod blocks;
mod error;
mod evaluate;
mod events;
mod folder;
mod gather;
mod metrics;
mod model;
mod recipe;
mod run;
mod seeding;
mod state;
mod stretch;
mod train;
mod train_config;
mod trained;
mod two_level;

pub use blocks::Block;
pub use error::{Error, RecipeError};
pub use evaluate::Evaluation;
pub use folder::{Existing, RunFolder};
pub use gather::gather;
pub use metrics::{Progress, Summary};
pub use model::{Forward, Model, ModelConfig};
pub use recipe::{BUILT_IN, Recipe};
pub use run::{Ending, Run, Status};
pub use train::Training;
pub use train_config::{Grow, Raise, Seeding, TrainConfig};
pub use trained::Trained;
pub use two_level::{TopConfig, TwoLevel};
