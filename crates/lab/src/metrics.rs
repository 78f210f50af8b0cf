//! What is measured while training and at its end: plain rows, as they are written to files and shown in tables.

use gradbook_vq::diagnostics::Usage;
use serde::{Deserialize, Serialize};

use crate::Evaluation;

/// One evaluation during training, on the validation clips: a line of `metrics.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Training steps done.
    pub step: usize,
    /// The training loss, averaged since the last row.
    pub loss: f64,
    /// Mean squared error.
    pub mse: f64,
    /// Codes in use, the mean over slots (none without a quantizer).
    pub alive: Option<f64>,
    /// exp of the entropy of code usage, the mean over slots.
    pub perplexity: Option<f64>,
    /// exp of the entropy of the covariance spectrum of the latents.
    pub effective_dim: f64,
    /// Codes that were respawned since the last row.
    pub respawned: usize,
    /// Seconds of training so far.
    pub seconds: f64,
}

/// What a model does with one set of clips.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Latents measured. More of them use more codes.
    pub rows: usize,
    /// Mean squared error.
    pub mse: f64,
    /// exp of the entropy of the covariance spectrum of the latents.
    pub effective_dim: f64,
    /// Entropy of the codes of one latent, in bits, slots taken one by one.
    pub bits_per_token: Option<f64>,
    /// How codes are used, the mean over slots; none without a quantizer.
    #[serde(flatten)]
    pub usage: Option<UsageFigures>,
    /// The same for each slot, if there are several.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub slots: Vec<UsageFigures>,
}

/// So many rows [`UsageFigures::alive_in_1000`] is about.
const ROWS: u64 = 1000;

/// How the codes of a slot are used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UsageFigures {
    /// Codes there are.
    pub codes: f64,
    /// Codes in use.
    pub alive: f64,
    /// Codes that 1,000 rows use on average, whatever the number of rows measured; none if there are fewer.
    pub alive_in_1000: Option<f64>,
    /// The share of codes with at least a tenth of an even share.
    pub lively: f64,
    /// exp of the entropy of code usage.
    pub perplexity: f64,
}

impl UsageFigures {
    /// Of one slot.
    pub fn of(usage: &Usage) -> Self {
        Self {
            codes: usage.codes as f64,
            alive: usage.alive() as f64,
            alive_in_1000: usage.alive_in(ROWS),
            lively: usage.lively(),
            perplexity: usage.perplexity(),
        }
    }

    /// The mean over slots; none if there are none.
    pub fn mean(slots: &[Self]) -> Option<Self> {
        let mean = |f: fn(&Self) -> f64| slots.iter().map(f).sum::<f64>() / slots.len() as f64;
        let in_1000: Option<Vec<f64>> = slots.iter().map(|slot| slot.alive_in_1000).collect();
        (!slots.is_empty()).then(|| Self {
            codes: mean(|slot| slot.codes),
            alive: mean(|slot| slot.alive),
            alive_in_1000: in_1000.map(|all| all.iter().sum::<f64>() / all.len() as f64),
            lively: mean(|slot| slot.lively),
            perplexity: mean(|slot| slot.perplexity),
        })
    }
}

impl Figures {
    /// What an evaluation says.
    pub fn of(found: &Evaluation) -> Self {
        let slots = found.slots();
        Self {
            rows: found.latents.shape()[0],
            mse: found.mse,
            effective_dim: found.effective_dim(),
            bits_per_token: found.bits(),
            usage: UsageFigures::mean(&slots),
            slots: if slots.len() > 1 { slots } else { Vec::new() },
        }
    }
}

/// The last word on a run: a row of the comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The recipe's name.
    pub recipe: String,
    /// The seed of everything random.
    pub seed: u64,
    /// Training steps.
    pub steps: usize,
    /// The validation clips, as of the last checkpoint.
    pub validation: Figures,
    /// The test clips, measured once at the end; none before.
    pub test: Option<Figures>,
    /// Arithmetic of the training, in 10¹² floating-point operations, where it was counted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub teraflop: Option<f64>,
    /// Seconds of training.
    pub seconds: f64,
}

impl Summary {
    /// The test clips, or as long as there is an end to come, the validation clips.
    pub fn last(&self) -> &Figures {
        self.test.as_ref().unwrap_or(&self.validation)
    }
}
