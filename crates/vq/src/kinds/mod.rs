//! The kinds of quantizers. A kind is a config type that builds itself; [`ALL`] lists them, and from the list follow the
//! config names, the table in the book and the contract tests.

use gradbook_autograd::{Real, Tensor};
use gradbook_nn::{ConfigError, Scope};
use serde::{Deserialize, Serialize};

use crate::{
    Quantizer,
    codebook::CodebookConfig,
    combine::{
        GroupedConfig, HeadsConfig, HierarchicalConfig, MultiScaleConfig, ProjectedConfig, ResidualConfig,
    },
};

mod digits;
mod fsp;
mod fsq;
mod latent;
mod lfq;
mod probes;
mod random_projection;

pub use fsp::{Cdf, FspConfig};
pub use fsq::FsqConfig;
pub use latent::LatentConfig;
pub use lfq::{BatchEntropy, Entropy, LfqConfig, Space};
pub(crate) use probes::pairwise;
pub use random_projection::RandomProjectionConfig;

/// A kind of quantizer: its options, and how it is built from them.
pub trait KindConfig: Sized {
    /// The name in configs.
    const NAME: &'static str;
    /// Where it is from.
    const PAPER: &'static str;
    /// What it does, in a few words.
    const SUMMARY: &'static str;

    /// Puts the quantizer of rows of `dim` channels into a store.
    ///
    /// # Errors
    /// If options or `dim` cannot work.
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
}

/// A kind in the list.
pub struct Kind {
    /// The name in configs.
    pub name: &'static str,
    /// Where it is from.
    pub paper: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// Configs that show its options; those of a combinator are around every config of every other kind.
    pub probes: fn() -> Vec<QuantizerConfig>,
    /// The same around these.
    around: fn(&[QuantizerConfig]) -> Vec<QuantizerConfig>,
}

macro_rules! kinds {
    ($($variant:ident: $config:ty),+ $(,)?) => {
        /// The config of a quantizer of any kind, as in `{ kind = "fsq", levels = [8, 5, 5] }`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        pub enum QuantizerConfig {
            $(
                #[doc = concat!("A [`", stringify!($config), "`].")]
                $variant($config),
            )+
        }

        impl QuantizerConfig {
            /// Puts the quantizer of rows of `dim` channels into a store.
            ///
            /// # Errors
            /// If options or `dim` cannot work.
            pub fn build<T: Real>(
                &self,
                dim: usize,
                scope: &mut Scope<'_, T>,
            ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
                match self {
                    $(Self::$variant(config) => config.build(dim, scope),)+
                }
            }

            /// A number of channels that a config of [`Kind::probes`] can work with.
            pub fn probe_dim(&self) -> usize {
                match self {
                    $(Self::$variant(config) => config.probe_dim(),)+
                }
            }
        }

        /// Every kind.
        pub static ALL: &[Kind] = &[$(Kind {
            name: <$config>::NAME,
            paper: <$config>::PAPER,
            summary: <$config>::SUMMARY,
            probes: || probes::around_all(<$config>::NAME),
            around: |inner| <$config>::probes(inner).into_iter().map(QuantizerConfig::$variant).collect(),
        }),+];
    };
}

kinds! {
    Codebook: CodebookConfig,
    Fsp: FspConfig,
    Fsq: FsqConfig,
    Grouped: GroupedConfig,
    Heads: HeadsConfig,
    Hierarchical: HierarchicalConfig,
    Latent: LatentConfig,
    Lfq: LfqConfig,
    MultiScale: MultiScaleConfig,
    Projected: ProjectedConfig,
    RandomProjection: RandomProjectionConfig,
    Residual: ResidualConfig,
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
