//! How a codebook is set up. What excludes one another cannot be written down together: each way of learning carries
//! the options that make sense with it, and no others.

use gradbook_nn::{ConfigError, Schedule, rules};
use serde::{Deserialize, Serialize};

use super::learning::{Learning, defaults};

/// A codebook of vectors, its way of learning, and its cures against collapse.
///
/// ```
/// use gradbook_vq::codebook::{CodebookConfig, Learning};
/// let config: CodebookConfig = toml::from_str("codes = 512\nlearning = { by = \"ema\", decay = 0.98 }").unwrap();
/// assert!(matches!(config.learning, Learning::Ema { decay, .. } if decay == 0.98));
/// assert_eq!(config.commitment.value, 0.25);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodebookConfig {
    /// K, the number of codes.
    pub codes: usize,
    /// What "nearest" means.
    #[serde(default)]
    pub metric: Metric,
    /// Where codes start.
    #[serde(default)]
    pub init: Init,
    /// How codes learn, and how the gradient passes them.
    #[serde(default)]
    pub learning: Learning,
    /// β of the commitment loss β·mean(z − sg q)², which keeps the encoder near the codes.
    #[serde(default = "Weight::commitment")]
    pub commitment: Weight,
    /// A loss that spreads usage over all codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diversity: Option<Diversity>,
    /// Seeding moves codes with less than this share of the mean code's rows into the fullest cells, which they split,
    /// and then lets rows at the borders of full cells go to poorer neighbors; 0 leaves k-means as it is.
    #[serde(default)]
    pub min_share: f64,
    /// Second lives for codes that nobody uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respawn: Option<Respawn>,
}

impl CodebookConfig {
    /// K codes with every option at its default.
    ///
    /// ```
    /// use gradbook_vq::codebook::CodebookConfig;
    /// assert_eq!(toml::from_str::<CodebookConfig>("codes = 7").unwrap(), CodebookConfig::new(7));
    /// ```
    pub fn new(codes: usize) -> Self {
        Self {
            codes,
            metric: Metric::default(),
            init: Init::default(),
            learning: Learning::default(),
            commitment: Weight::commitment(),
            diversity: None,
            min_share: 0.0,
            respawn: None,
        }
    }
}

/// The distance of a row to a code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// ‖z − e‖
    #[default]
    L2,
    /// The angle: rows and codes are brought to length 1 first, and so is the quantized value.
    Cosine,
}

/// The codes before any training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Init {
    /// Uniform in ±1/K (van den Oord et al. 2017): a tiny ball, from which collapse starts.
    Uniform,
    /// Normal with this deviation.
    Normal(f64),
}

impl Default for Init {
    fn default() -> Self {
        Self::Normal(1.0)
    }
}

/// A loss weight that may change over training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "WeightText")]
pub struct Weight {
    /// The base value.
    pub value: f64,
    /// A factor on it by training step.
    pub schedule: Schedule,
}

/// A plain number or a number with a schedule.
#[derive(Deserialize)]
#[serde(untagged)]
enum WeightText {
    Constant(f64),
    Scheduled { value: f64, schedule: Schedule },
}

impl From<WeightText> for Weight {
    fn from(text: WeightText) -> Self {
        match text {
            WeightText::Constant(value) => Self::constant(value),
            WeightText::Scheduled { value, schedule } => Self { value, schedule },
        }
    }
}

impl Weight {
    /// The same at every step.
    pub fn constant(value: f64) -> Self {
        Self { value, schedule: Schedule::Constant }
    }

    fn commitment() -> Self {
        Self::constant(0.25)
    }

    /// Whether value and schedule make sense.
    ///
    /// # Errors
    /// That `what` does not.
    pub fn check(&self, what: &str) -> Result<(), ConfigError> {
        rules::not_negative(what, self.value)?;
        self.schedule.check().map_err(|error| error.at("schedule").at(what))
    }

    /// The weight at a training step.
    pub fn at(&self, step: u64) -> f64 {
        self.value * self.schedule.at(step)
    }
}

/// A loss on the mean soft assignment q̄ = mean over rows of softmax(−d²/τ).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diversity {
    /// Its weight λ.
    pub weight: Weight,
    /// τ, relative to the mean squared distance of a row to its nearest code; 0.1 if left out. At 1 even the rows of a
    /// collapsed codebook are shared by many codes, so that there is nothing to complain of.
    #[serde(default = "defaults::sharp")]
    pub temperature: f64,
    /// What is minimized.
    #[serde(default)]
    pub measure: Spread,
}

/// How unevenness is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// KL(q̄‖U) = Σ q̄ ln(K q̄), which is 0 at best.
    #[default]
    Kl,
    /// −H(q̄) = Σ q̄ ln q̄, the same up to the constant ln K.
    Entropy,
}

/// When a code counts as dead and where it comes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Respawn {
    /// Look every so many steps, at the hits since the last look.
    pub every: u64,
    /// Fewer hits than this are too few.
    pub below: Threshold,
    /// Which rows of the batch it comes back on.
    #[serde(default)]
    pub aim: Aim,
    /// Looks that a respawned code is left alone.
    #[serde(default = "defaults::one")]
    pub grace: u64,
    /// No more respawns from this step on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}

/// How few hits are too few.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// This many hits in the window.
    Hits(f64),
    /// This share of the mean hits of a code in the window.
    OfMean(f64),
}

/// Rows on which a dead code comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// Any row.
    #[default]
    Uniform,
    /// Rows far from their code, drawn ∝ squared distance.
    Distortion,
}
