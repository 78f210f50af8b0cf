//! What is measured while training and at its end: plain rows, as they are written to files and shown in tables.

use serde::{Deserialize, Serialize};

/// One evaluation during training: a line of `metrics.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Training steps done.
    pub step: usize,
    /// The training loss, averaged since the last row.
    pub loss: f64,
    /// Mean squared error on the held-out clips.
    pub test_mse: f64,
    /// Codes that the held-out clips use (none without a quantizer).
    pub alive: Option<usize>,
    /// exp of the entropy of code usage on the held-out clips.
    pub perplexity: Option<f64>,
    /// exp of the entropy of the covariance spectrum of the latents on the held-out clips.
    pub effective_dim: f64,
    /// Codes that were respawned since the last row.
    pub respawned: usize,
    /// Seconds of training so far.
    pub seconds: f64,
}

/// The last word on a run: a row of the comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The recipe's name.
    pub recipe: String,
    /// Training steps.
    pub steps: usize,
    /// Codes that the held-out clips use.
    pub alive: Option<usize>,
    /// Codes there are.
    pub codes: Option<u64>,
    /// exp of the entropy of code usage.
    pub perplexity: Option<f64>,
    /// exp of the entropy of the covariance spectrum of the latents.
    pub effective_dim: f64,
    /// Mean squared error on the held-out clips.
    pub test_mse: f64,
    /// Entropy of the codes of one frame, in bits.
    pub bits_per_token: Option<f64>,
    /// Seconds of training.
    pub seconds: f64,
}
