//! How codes learn, and how the gradient passes them. Each way carries the options that make sense with it, and no others.

use serde::{Deserialize, Serialize};

/// How codes learn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum Learning {
    /// Codes are moving averages of the rows that chose them (van den Oord et al. 2017, appendix A).
    Ema {
        /// γ in N ← γN + (1 − γ)n.
        #[serde(default = "defaults::decay")]
        decay: f64,
        /// Batches collected before each update: an effective batch this many times as large.
        #[serde(default = "defaults::one")]
        accumulate: u64,
        /// How the gradient passes the codes.
        #[serde(default)]
        estimator: Estimator,
        /// Draw codes ∝ exp(−d²/τ) at this temperature while training, instead of the nearest (Lee et al. 2022).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sample: Option<f64>,
    },
    /// Codes follow the gradient of weight·mean(sg z − q)².
    Loss {
        /// The weight of the codebook loss.
        #[serde(default = "defaults::unit")]
        weight: f64,
        /// What a code is made of.
        #[serde(default)]
        form: Form,
        /// How the gradient passes the codes.
        #[serde(default)]
        estimator: Estimator,
        /// As for `ema`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sample: Option<f64>,
        /// Weight of Σ_{k≠l} cos²(e_k, e_l)/K², which spreads the codes' directions (Shin et al. 2021).
        #[serde(default)]
        orthogonality: f64,
    },
    /// DiVeQ (arXiv:2509.26469): z + ‖q − z‖·u, u the noisy direction to q held constant. Codes learn from the decoder.
    Diveq {
        /// σ² of the noise on the direction.
        #[serde(default = "defaults::variance")]
        variance: f64,
    },
    /// Noise substitution (Vali & Bäckström 2022): z + ‖q − z‖·v for a random unit v. Codes learn from the decoder.
    Noise,
    /// Gumbel straight-through (Jang et al. 2017): a drawn one-hot choice with the gradient of its softmax.
    Gumbel {
        /// The temperature of the softmax.
        #[serde(default = "defaults::unit")]
        temperature: f64,
    },
    /// IBQ (arXiv:2412.02692): the nearest code with the gradient of the softmax over all codes, so every code learns.
    Ibq {
        /// The temperature of the softmax.
        #[serde(default = "defaults::unit")]
        temperature: f64,
    },
}

impl Default for Learning {
    fn default() -> Self {
        Self::Ema { decay: 0.99, accumulate: 1, estimator: Estimator::StraightThrough, sample: None }
    }
}

impl Learning {
    /// What a code is made of.
    pub fn form(&self) -> Form {
        match self {
            Self::Loss { form, .. } => *form,
            _ => Form::Plain,
        }
    }
}

/// How the decoder's gradient passes the quantizer to the encoder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Estimator {
    /// Unchanged (Bengio et al. 2013).
    #[default]
    StraightThrough,
    /// Turned and scaled with the rotation that takes z to q (Fifty et al. 2024, arXiv:2410.06424).
    Rotation,
}

/// What a learned code is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// The vector itself.
    #[default]
    Plain,
    /// SimVQ (arXiv:2411.02038): frozen vectors times one learned matrix, so every step moves all codes.
    Linear,
    /// One learned scale and shift per channel, shared by all codes (Huh et al. 2023, arXiv:2305.08842).
    Affine,
}

pub(super) mod defaults {
    pub fn decay() -> f64 {
        0.99
    }
    pub fn one() -> u64 {
        1
    }
    pub fn unit() -> f64 {
        1.0
    }
    /// Sharp enough that an assignment is even only where hard ones are.
    pub fn sharp() -> f64 {
        0.1
    }
    pub fn variance() -> f64 {
        5e-3
    }
}
