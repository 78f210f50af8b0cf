//! [`OptimizerConfig`]: everything about an optimizer that a recipe file can say.

use serde::{Deserialize, Serialize};

use crate::{Clip, ConfigError, Schedule};

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
/// assert_eq!(config.group("quantizer.codebook.0"), (0.1, 0.0));
/// assert_eq!(config.group("encoder.weight"), (1.0, 0.01));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerConfig {
    /// The base learning rate, which the schedule multiplies.
    pub rate: f64,
    /// λ: coupled (λθ joins the gradient) for SGD and Adam, decoupled (θ ← θ − rate·λθ) for AdamW and Lion.
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
}

fn one() -> f64 {
    1.0
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

    /// The rate factor and the weight decay of the parameter `name`.
    pub fn group(&self, name: &str) -> (f64, f64) {
        let fits = self.groups.iter().filter(|group| group.holds(name));
        match fits.max_by_key(|group| group.prefix.len()) {
            None => (1.0, self.weight_decay),
            Some(group) => (group.rate_factor, group.weight_decay.unwrap_or(self.weight_decay)),
        }
    }

    /// Whether every setting makes sense.
    ///
    /// # Errors
    /// The first setting that does not.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let size = |what: &str, x: f64| {
            ConfigError::unless(x.is_finite() && x >= 0.0, what, x, "finite and not negative")
        };
        let share = |what: &str, x: f64| ConfigError::unless((0.0..1.0).contains(&x), what, x, "0 ≤ x < 1");
        size("optimizer.rate", self.rate)?;
        size("optimizer.weight_decay", self.weight_decay)?;
        for group in &self.groups {
            size(&format!("optimizer.groups.{}.rate_factor", group.prefix), group.rate_factor)?;
            size(&format!("optimizer.groups.{}.weight_decay", group.prefix), group.weight_decay.unwrap_or(0.0))?;
        }
        match self.method {
            Method::Sgd { momentum: Momentum::None } => {}
            Method::Sgd { momentum: Momentum::Classical(mu) | Momentum::Nesterov(mu) } => {
                share("optimizer.method.momentum", mu)?;
            }
            Method::Adam(Adam { betas, eps, .. }) | Method::AdamW(Adam { betas, eps, .. }) => {
                betas.iter().try_for_each(|beta| share("optimizer.method.betas", *beta))?;
                ConfigError::unless(eps > 0.0, "optimizer.method.eps", eps, "positive")?;
            }
            Method::Lion { betas } => betas.iter().try_for_each(|b| share("optimizer.method.betas", *b))?,
        }
        self.clip.validate()?;
        self.schedule.validate()
    }
}

impl Group {
    /// Whether the parameter `name` belongs to this group.
    pub fn holds(&self, name: &str) -> bool {
        name.strip_prefix(&self.prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}
