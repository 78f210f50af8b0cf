//! [`QuantizerConfig`]: the config of a quantizer of any kind. It keeps the config of its kind behind an object, so that
//! a kind may come from any crate.

use std::{
    any::{Any, type_name},
    sync::Arc,
};

use gradbook_autograd::{Dual, ParamStore, Real};
use gradbook_nn::{
    ConfigError, Scope,
    named::{Named, Options},
};
use serde::{Deserialize, Deserializer, Serialize, de::Error};

use super::{KindConfig, illegal};
use crate::{Quantizer, Registry};

/// The config of a quantizer of any kind, as in `{ kind = "fsq", levels = [8, 5, 5] }`.
///
/// By itself it is read with the built-in kinds; a [`Registry`] reads it with others too.
///
/// ```
/// use gradbook_vq::{QuantizerConfig, kinds::FsqConfig};
/// let config: QuantizerConfig = serde_json::from_str(r#"{ "kind": "fsq", "levels": [8, 5] }"#).unwrap();
/// assert_eq!(config, FsqConfig { levels: vec![8, 5], symmetric: false }.into());
/// assert_eq!((config.kind(), config.get::<FsqConfig>().unwrap().levels[1]), ("fsq", 5));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct QuantizerConfig(Named<dyn AnyKind>);

impl<C: KindConfig> From<C> for QuantizerConfig {
    fn from(config: C) -> Self {
        let config = Arc::new(config);
        Self(Named::new("kind", C::NAME, &*config.clone(), config))
    }
}

impl<'de> Deserialize<'de> for QuantizerConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Registry::default().read(Options::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl QuantizerConfig {
    /// Puts the quantizer of rows of `dim` channels into a store.
    ///
    /// # Errors
    /// If options or `dim` cannot work, or if `T` is none of `f32`, `f64` and [`Dual`].
    pub fn build<T: Real>(&self, dim: usize, scope: &mut Scope<'_, T>) -> Built<T> {
        self.check().map_err(|error| error.at("quantizer"))?;
        let built: Box<dyn Any> = if let Some(scope) = &mut scope.cast() {
            Box::new(self.0.in_f32(dim, scope)?)
        } else if let Some(scope) = &mut scope.cast() {
            Box::new(self.0.in_f64(dim, scope)?)
        } else if let Some(scope) = &mut scope.cast() {
            Box::new(self.0.in_dual(dim, scope)?)
        } else {
            return illegal("T", type_name::<T>(), "f32, f64 or Dual");
        };
        Ok(*built.downcast().expect("it was built for the numbers of the scope"))
    }

    /// Whether each option keeps its rule, the quantizers within included.
    ///
    /// # Errors
    /// The first option that does not, named as in `respawn.every`.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.0.any_check()
    }

    /// How many numbers the quantizer keeps and needs in a step; see [`KindConfig::size`].
    pub fn size(&self, dim: usize, rows: usize) -> f64 {
        self.0.any_size(dim, rows)
    }

    /// The name of its kind.
    pub fn kind(&self) -> &'static str {
        self.0.name()
    }

    /// The config of its kind, if that is `C`.
    pub fn get<C: KindConfig>(&self) -> Option<&C> {
        let kind: &dyn Any = &*self.0;
        kind.downcast_ref()
    }

    /// Whether it can be built. A combinator of single rows refuses one that looks along the length, for example.
    pub(crate) fn is_legal(&self) -> bool {
        self.build::<f64>(self.probe_dim(), &mut Scope::new(&mut ParamStore::new(), 0)).is_ok()
    }

    /// A number of channels that a config of [`KindConfig::probes`] can work with.
    pub fn probe_dim(&self) -> usize {
        self.0.any_probe_dim()
    }
}

/// What building gives.
type Built<T> = Result<Box<dyn Quantizer<T>>, ConfigError>;

/// A [`KindConfig`] of whatever kind. An object has no generic methods, so it has one for each type of number.
trait AnyKind: Any + Send + Sync {
    fn in_f32(&self, dim: usize, scope: &mut Scope<'_, f32>) -> Built<f32>;
    fn in_f64(&self, dim: usize, scope: &mut Scope<'_, f64>) -> Built<f64>;
    fn in_dual(&self, dim: usize, scope: &mut Scope<'_, Dual>) -> Built<Dual>;
    fn any_probe_dim(&self) -> usize;
    fn any_check(&self) -> Result<(), ConfigError>;
    fn any_size(&self, dim: usize, rows: usize) -> f64;
}

impl<C: KindConfig> AnyKind for C {
    fn in_f32(&self, dim: usize, scope: &mut Scope<'_, f32>) -> Built<f32> {
        self.build(dim, scope)
    }

    fn in_f64(&self, dim: usize, scope: &mut Scope<'_, f64>) -> Built<f64> {
        self.build(dim, scope)
    }

    fn in_dual(&self, dim: usize, scope: &mut Scope<'_, Dual>) -> Built<Dual> {
        self.build(dim, scope)
    }

    fn any_probe_dim(&self) -> usize {
        self.probe_dim()
    }

    fn any_check(&self) -> Result<(), ConfigError> {
        self.check()
    }

    fn any_size(&self, dim: usize, rows: usize) -> f64 {
        self.size(dim, rows)
    }
}
