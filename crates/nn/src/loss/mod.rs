//! Losses: scalars that measure how far an output is from its target. Functions of values on a tape, no state.

mod binary;
mod cross_entropy;
mod divergence;
mod regression;
mod spectral;

pub use binary::binary_cross_entropy_with_logits;
pub use cross_entropy::{CrossEntropy, cross_entropy};
pub use divergence::{kl_div, kl_div_log};
pub use regression::{huber, l1, mse, smooth_l1};
pub use spectral::{log_magnitude, spectral_convergence};

use gradbook_autograd::{Real, Var, ops::Op};
use serde::{Deserialize, Serialize};

/// Every loss, with the cases that prove its gradients.
pub static ALL: &[&Op] = &[
    &binary::BINARY,
    &cross_entropy::CROSS_ENTROPY,
    &divergence::KL_DIV,
    &regression::REGRESSION,
    &spectral::SPECTRAL,
];

/// How the losses of single elements become one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// Their mean.
    #[default]
    Mean,
    /// Their sum.
    Sum,
    /// Their sum over the length of the first axis.
    BatchMean,
}

impl Reduction {
    fn apply<T: Real>(self, elements: Var<'_, T>) -> Var<'_, T> {
        match self {
            Self::Mean => elements.mean_all(),
            Self::Sum => elements.sum_all(),
            Self::BatchMean => {
                let batch = elements.shape().first().copied().unwrap_or(1);
                elements.sum_all() * (1.0 / batch as f64)
            }
        }
    }
}
