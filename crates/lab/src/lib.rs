//! Spectrogram VQ-VAEs: models, training, recipes, comparison, report.

pub mod report;

mod metrics;

pub use metrics::{Progress, Summary};
