//! Spectrogram VQ-VAEs: models, training, recipes, comparison, report.
//!
//! A [`Recipe`] says everything about a run. A [`Training`] makes its steps; a [`Run`] drives one to its end in a
//! [`RunFolder`]; [`Trained`] is what comes out, ready to encode and decode. [`Comparison`](compare::Comparison) puts several
//! recipes side by side.
//!
//! ```
//! use gradbook_audio::Corpus;
//! use gradbook_lab::{Recipe, Training};
//!
//! let recipe = Recipe::parse(
//!     r#"
//!     data = { source = { synthetic = { clips = 20, seed = 3 } } }
//!     model.encoder = [{ layer = "conv", channels = 32 }, { layer = "relu" }, { layer = "conv", channels = 8, taps = 1 }]
//!     model.decoder = [{ layer = "conv", channels = 32 }, { layer = "relu" }]
//!     quantizer = { kind = "codebook", codes = 64 }
//!
//!     [train]
//!     steps = 60
//!     batch = 8
//!     warmup = 30 # as a plain autoencoder
//!     seeding = { latents = 1024 }
//!     optimizer = { rate = 3e-3, method = { kind = "adam" } }
//!     "#,
//! )?;
//! let corpus = Corpus::load(&recipe.data, &|_done, _of| {})?;
//! let mut training = Training::new(recipe, &corpus)?;
//! while !training.finished() {
//!     training.advance()?;
//! }
//! let found = training.evaluate(); // on clips it has not seen
//! assert!(found.mse < 0.5, "{}", found.mse); // frames have the variance 1
//! assert!(found.alive() > Some(16.0), "{:?}", found.alive()); // of 64 codes
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | to understand | read |
//! |---|---|
//! | what can be said in a recipe, by kinds of yours too | `recipe.rs`, `set.rs`, `registry.rs`, `train_config.rs`, the files of `recipes/` |
//! | what it may not say | `check` beside the fields; `memory.rs`, `extent.rs`; the words: `recipe_error.rs` |
//! | the model | `model.rs`, `blocks.rs`; two codebooks: `two_level.rs` |
//! | a step of training | `train.rs`; its crops: `data.rs`, `augment.rs`; what is due at some step: `seeding.rs`, `events.rs` |
//! | a run, interrupted and resumed | `run.rs`, `folder.rs`, `lock.rs`, `state.rs` |
//! | the figures | `evaluate.rs`, `metrics.rs`, `measure.rs`; k-means without a network: [`baseline`] |
//! | several runs in one table | [`compare`]: `statistics.rs`, `budget.rs`, `table.rs` |
//! | what a lever contributes, many settings, two futures | `compare/ablate.rs`, [`compare::sweep`], `fork.rs` |
//! | the page with curves, pictures and sounds | `gather.rs`, [`report`] |
//! | tokens | `trained.rs`, [`codec`] |

pub mod baseline;
pub mod blocks;
pub mod codec;
pub mod compare;
pub mod data;
pub mod files;
pub mod inspect;
pub mod report;

mod augment;
mod base;
mod error;
mod evaluate;
mod events;
mod exports;
mod extent;
mod folder;
mod fork;
mod gather;
mod growth;
mod lock;
mod measure;
mod memory;
mod metrics;
mod model;
mod names;
mod old_words;
mod overwritten;
mod pace;
mod parse;
mod recipe;
mod recipe_error;
mod registry;
mod run;
mod seeding;
mod set;
mod stack;
mod state;
mod steps;
mod train;
mod train_config;
mod trained;
mod two_level;

pub use augment::Augment;
pub use blocks::{Block, BlockConfig};
pub use error::Error;
pub use evaluate::Evaluation;
pub use events::{Event, EventConfig};
pub use extent::Extent;
pub use folder::{Existing, RunFolder};
pub use fork::{Fates, fork};
pub use gather::{gather, peek};
pub use growth::{Grow, GrowAt};
pub use metrics::{Figures, Progress, Summary, UsageFigures};
pub use model::{BuildQuantizer, Forward, Model, ModelConfig};
pub use recipe::{BUILT_IN, Recipe};
pub use recipe_error::RecipeError;
pub use registry::Registry;
pub use run::{Ending, Run, Status};
pub use train::Training;
pub use train_config::{Crops, Raise, Seeding, TrainConfig};
pub use trained::Trained;
pub use two_level::{TopConfig, TwoLevel};
