//! The kinds of quantizers. A kind is a config type that builds itself; a list names those in this crate, and from the
//! list follow the config names, the table in the book and the contract tests.

use gradbook_autograd::{Real, Tensor};
use gradbook_nn::{ConfigError, Scope};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    KindError, Options, Quantizer, Registry,
    codebook::CodebookConfig,
    combine::{
        GroupedConfig, HeadsConfig, HierarchicalConfig, MultiScaleConfig, ProjectedConfig, ResidualConfig,
    },
};

mod cdf;
mod config;
mod digits;
mod entropy;
mod fsp;
mod fsq;
mod latent;
mod lfq;
mod pairwise;
mod random_projection;

pub use cdf::Cdf;
pub use config::QuantizerConfig;
pub use entropy::{BatchEntropy, Entropy};
pub use fsp::FspConfig;
pub use fsq::FsqConfig;
pub use latent::LatentConfig;
pub use lfq::{LfqConfig, Space};
pub(crate) use pairwise::pairwise;
pub use random_projection::RandomProjectionConfig;

/// A kind of quantizer: its options, and how it is built from them. Its fields are what a config can say (by serde).
pub trait KindConfig: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name in configs.
    const NAME: &'static str;
    /// Where it is from.
    const PAPER: &'static str;
    /// What it does, in a few words.
    const SUMMARY: &'static str;

    /// Whether each option keeps its rule, the quantizers within included. [`build`](Self::build) can rely on it.
    ///
    /// # Errors
    /// The first option that does not, named as in `respawn.every`.
    fn check(&self) -> Result<(), ConfigError> {
        Ok(())
    }

    /// How many numbers the quantizer of `dim` channels keeps, together with what a training step on `rows` rows needs
    /// for it, to an order of magnitude: for a bound on memory before any is taken.
    fn size(&self, dim: usize, rows: usize) -> f64 {
        rows as f64 * dim as f64
    }

    /// Puts the quantizer of rows of `dim` channels into a store; called when the options have been checked.
    ///
    /// # Errors
    /// If they cannot work with `dim`.
    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError>;

    /// Configs that together show every option, for the contract tests. A combinator wraps each of `inner`, in as many
    /// ways as show its own options; the other kinds need no `inner`.
    fn probes(inner: &[QuantizerConfig]) -> Vec<Self>;

    /// A number of channels that [`probes`](Self::probes) can work with.
    fn probe_dim(&self) -> usize {
        4
    }

    /// A config from its options. A combinator reads those of the quantizer it wraps by [`Registry::inner`].
    ///
    /// # Errors
    /// The option that is unknown, missing or does not fit.
    fn read(options: Options, registry: &Registry) -> Result<Self, KindError> {
        let _ = registry;
        options.read()
    }
}

macro_rules! kinds {
    ($($config:ty),+ $(,)?) => {
        /// The kinds in this crate.
        pub(crate) fn built_in() -> Result<Registry, KindError> {
            let registry = Registry::empty();
            $(let registry = registry.with::<$config>()?;)+
            Ok(registry)
        }
    };
}

kinds![
    CodebookConfig,
    FspConfig,
    FsqConfig,
    GroupedConfig,
    HeadsConfig,
    HierarchicalConfig,
    LatentConfig,
    LfqConfig,
    MultiScaleConfig,
    ProjectedConfig,
    RandomProjectionConfig,
    ResidualConfig,
];

/// The most codes of one codebook: what an index of 32 bits can tell apart.
pub(crate) const MOST_CODES: usize = 1 << 31;

/// The rule of the quantizer within another.
pub(crate) fn check_inner(inner: &QuantizerConfig) -> Result<(), ConfigError> {
    inner.check().map_err(|error| error.at("quantizer"))
}

/// The error that a setting breaks a rule.
pub(crate) fn illegal<X>(what: &str, got: impl std::fmt::Debug, rule: &str) -> Result<X, ConfigError> {
    Err(ConfigError { what: what.into(), got: format!("{got:?}"), rule: rule.into() })
}

/// Panics with the first row of `rows` `[row, channel]` that is not finite.
#[track_caller]
pub(crate) fn require_finite<T: Real>(op: &str, rows: &Tensor<T>) {
    let bad = rows.rows().outer_iter().position(|row| row.iter().any(|x| !x.is_finite()));
    if let Some(row) = bad {
        panic!("{op}: row {row} of z is not finite\n  rule: every channel of every row is a finite number");
    }
}
