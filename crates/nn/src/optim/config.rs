//! [`OptimizerConfig`]: everything about an optimizer that a recipe file can say.

use serde::{Deserialize, Serialize};

use crate::{Clip, ConfigError, Schedule, rules};

/// An optimizer: the rule, its rate over time, and what differs for some parameters.
///
/// ```
/// use gradbook_nn::{Method, OptimizerConfig};
/// let config: OptimizerConfig = toml::from_str(r#"
///     rate = 3e-4
///     weight_decay = 0.01
///     clip = { norm = 1.0 }
///     method = { kind = "adam_w", betas = [0.9, 0.99] }
///     schedule = { kind = "cosine", steps = 4000 }
///
///     [[groups]]
///     prefix = "quantizer.codebook"
///     rate_factor = 0.1
///     weight_decay = 0.0
/// "#).unwrap();
/// assert_eq!(config.rule("quantizer.codebook.0").rate_factor, 0.1);
/// assert_eq!(config.rule("encoder.weight").decay, 0.01);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerConfig {
    /// The base learning rate, which the schedule multiplies.
    pub rate: f64,
    /// λ: coupled (λθ joins the gradient) for SGD and Adam, decoupled (θ ← θ − rate·λθ) for AdamW, Lion and Muon.
    #[serde(default)]
    pub weight_decay: f64,
    /// The limit on gradients.
    #[serde(default)]
    pub clip: Clip,
    /// The update rule.
    pub method: Method,
    /// The rate over time.
    #[serde(default)]
    pub schedule: Schedule,
    /// What differs for some parameters.
    #[serde(default)]
    pub groups: Vec<Group>,
}

/// What differs for the parameters whose dotted name is `prefix` or lies below it. The longest prefix that fits wins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Whole segments of a dotted name: `encoder` fits `encoder.0.weight`, not `encoder2.weight`.
    pub prefix: String,
    /// A factor on the learning rate.
    #[serde(default = "one")]
    pub rate_factor: f64,
    /// The weight decay, if it differs.
    #[serde(default)]
    pub weight_decay: Option<f64>,
    /// The update rule, if it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
}

fn one() -> f64 {
    1.0
}

/// What holds for one parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// The update rule.
    pub method: Method,
    /// A factor on the learning rate.
    pub rate_factor: f64,
    /// λ
    pub decay: f64,
}

/// How a gradient g moves a parameter θ. `rate` stands for η.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Method {
    /// θ ← θ − η·d, with the direction d according to the momentum.
    Sgd {
        /// How past gradients carry on.
        #[serde(default)]
        momentum: Momentum,
    },
    /// Adam (Kingma & Ba 2015), weight decay in the gradient.
    Adam(Adam),
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
    AdamW(Adam),
    /// c = β₁m + (1−β₁)g;  θ ← θ − η(sign c + λθ);  m ← β₂m + (1−β₂)g  (Chen et al. 2023).
    Lion {
        /// β₁ and β₂.
        #[serde(default = "lion_betas")]
        betas: [f64; 2],
    },
    /// For parameters of two and more axes, read as matrices `[all other axes, last axis]` of r rows and c columns,
    /// m ← μm + (1−μ)g;  d = μm + (1−μ)g;  θ ← θ − η(0.2√max(r, c)·UVᵀ + λθ), where d = USVᵀ  (Jordan et al. 2024,
    /// Liu et al. 2025, arXiv 2502.16982); AdamW for the others. A rate that suits Adam suits it. Tables whose rows
    /// learn each for itself, as codes do, are better given another method by a group.
    Muon {
        /// μ
        #[serde(default = "muon_momentum")]
        momentum: f64,
        /// For biases and scales.
        #[serde(default)]
        adam: Adam,
    },
}

impl Method {
    /// What the method is for a parameter of so many axes.
    pub(super) fn of_rank(self, rank: usize) -> Self {
        match self {
            Self::Muon { adam, .. } if rank < 2 => Self::AdamW(adam),
            method => method,
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        match self {
            Self::Sgd { momentum: Momentum::None } => Ok(()),
            Self::Sgd { momentum: Momentum::Classical(mu) } => rules::share("momentum.classical", *mu),
            Self::Sgd { momentum: Momentum::Nesterov(mu) } => rules::share("momentum.nesterov", *mu),
            Self::Adam(adam) | Self::AdamW(adam) => adam.check(),
            Self::Lion { betas } => betas.iter().try_for_each(|b| rules::share("betas", *b)),
            Self::Muon { momentum, adam } => {
                rules::share("momentum", *momentum)?;
                adam.check().map_err(|error| error.at("adam"))
            }
        }
    }
}

fn muon_momentum() -> f64 {
    0.95
}

fn lion_betas() -> [f64; 2] {
    [0.9, 0.99]
}

/// The momentum of SGD, with m ← μm + g.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Momentum {
    /// d = g
    #[default]
    None,
    /// d = m, with this μ.
    Classical(f64),
    /// d = g + μm, with this μ (Nesterov 1983, as in Sutskever et al. 2013).
    Nesterov(f64),
}

/// m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  θ ← θ − η·m̂/(√v̂ + ε), with m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adam {
    /// β₁ and β₂.
    pub betas: [f64; 2],
    /// ε
    pub eps: f64,
    /// Whether v̂ uses the largest v so far (AMSGrad, Reddi et al. 2018).
    pub amsgrad: bool,
}

impl Adam {
    fn check(&self) -> Result<(), ConfigError> {
        self.betas.iter().try_for_each(|beta| rules::share("betas", *beta))?;
        rules::positive("eps", self.eps)
    }
}

impl Default for Adam {
    fn default() -> Self {
        Self { betas: [0.9, 0.999], eps: 1e-8, amsgrad: false }
    }
}

impl OptimizerConfig {
    /// A constant rate, no decay, no clipping, no groups.
    pub fn new(method: Method, rate: f64) -> Self {
        Self {
            rate,
            weight_decay: 0.0,
            clip: Clip::None,
            method,
            schedule: Schedule::Constant,
            groups: Vec::new(),
        }
    }

    /// Adam with PyTorch's defaults.
    pub fn adam(rate: f64) -> Self {
        Self::new(Method::Adam(Adam::default()), rate)
    }

    /// AdamW with PyTorch's defaults, weight decay 0.01 included.
    pub fn adam_w(rate: f64) -> Self {
        Self { weight_decay: 0.01, ..Self::new(Method::AdamW(Adam::default()), rate) }
    }

    /// What holds for the parameter `name`.
    pub fn rule(&self, name: &str) -> Rule {
        let fits = self.groups.iter().filter(|group| group.holds(name));
        let group = fits.max_by_key(|group| group.prefix.len());
        Rule {
            method: group.and_then(|group| group.method).unwrap_or(self.method),
            rate_factor: group.map_or(1.0, |group| group.rate_factor),
            decay: group.and_then(|group| group.weight_decay).unwrap_or(self.weight_decay),
        }
    }

    /// Whether every setting makes sense.
    ///
    /// # Errors
    /// The first setting that does not.
    pub fn check(&self) -> Result<(), ConfigError> {
        rules::not_negative("rate", self.rate)?;
        rules::not_negative("weight_decay", self.weight_decay)?;
        self.clip.check()?;
        self.method.check().map_err(|error| error.at("method"))?;
        self.schedule.check().map_err(|error| error.at("schedule"))?;
        for group in &self.groups {
            group.check().map_err(|error| error.at(&format!("groups.{}", group.prefix)))?;
        }
        Ok(())
    }
}

impl Group {
    fn check(&self) -> Result<(), ConfigError> {
        rules::not_negative("rate_factor", self.rate_factor)?;
        rules::not_negative("weight_decay", self.weight_decay.unwrap_or(0.0))?;
        self.method.map_or(Ok(()), |method| method.check().map_err(|error| error.at("method")))
    }

    /// Whether the parameter `name` belongs to this group.
    pub fn holds(&self, name: &str) -> bool {
        name.strip_prefix(&self.prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}
