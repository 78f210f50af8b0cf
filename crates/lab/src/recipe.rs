//! [`Recipe`]: everything about a run, as a short TOML file in which what is left out has a sensible value.

use std::{
    fmt,
    path::{Component, Path},
};

use gradbook_audio::CorpusConfig;
use gradbook_nn::ConfigError;
use gradbook_vq::QuantizerConfig;
use serde::{Deserialize, Serialize};

use crate::{ModelConfig, RecipeError, Registry, TrainConfig, memory};

/// A run: data, model, quantizer, training.
///
/// ```
/// use gradbook_lab::Recipe;
/// let recipe = Recipe::built_in("ema").unwrap();
/// assert_eq!((recipe.train.steps, recipe.train.batch, recipe.train.crop), (4000, 16, 32));
/// let error = Recipe::parse("[train]\nstpes = 10").unwrap_err();
/// assert!(error.to_string().contains("did you mean `steps`"));
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What it is called in tables; the name of its file if left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What the recipe is for, in a line.
    #[serde(default)]
    pub about: String,
    /// The recordings and their features.
    #[serde(default)]
    pub data: CorpusConfig,
    /// Encoder and decoder.
    #[serde(default)]
    pub model: ModelConfig,
    /// The quantizer between them; without one the model is a plain autoencoder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantizer: Option<QuantizerConfig>,
    /// How it is trained.
    #[serde(default)]
    pub train: TrainConfig,
    /// What the user should know of how it was read: words that have changed since it was written.
    #[serde(skip)]
    pub notes: Vec<String>,
    /// The kinds it may name.
    #[serde(skip)]
    pub registry: Registry,
}

macro_rules! built_in {
    ($($name:literal),+ $(,)?) => {
        /// The recipes that come with the program: name and text.
        pub static BUILT_IN: &[(&str, &str)] = &[$(($name, include_str!(concat!("recipes/", $name, ".toml")))),+];
    };
}

built_in![
    "collapse",
    "ema",
    "respawn",
    "commitment",
    "diversity",
    "accumulate",
    "grow",
    "raise-dim",
    "kmeans",
    "grouped",
    "residual",
    "vq-vae-2",
    "multi-scale",
    "slow-codebook",
    "warmup",
    "practical",
    "best",
    "best-residual",
    "best-vq-vae-2",
    "simvq",
    "rotation",
    "cosine",
    "fsq",
    "lfq",
    "bsq",
    "latent",
    "fsp",
    "random-projection",
    "autoencoder",
];

/// Two recipes are the same if they say the same.
impl PartialEq for Recipe {
    fn eq(&self, other: &Self) -> bool {
        self.to_toml() == other.to_toml()
    }
}

impl fmt::Debug for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_toml())
    }
}

impl Recipe {
    /// Reads a recipe of built-in kinds from its text; [`Registry::parse`] reads others.
    ///
    /// # Errors
    /// What is wrong and where; for an unknown key, the nearest known one; for a number, its rule.
    pub fn parse(text: &str) -> Result<Self, RecipeError> {
        Registry::default().parse(text)
    }

    /// A recipe that comes with the program.
    ///
    /// # Errors
    /// If there is none of this name; then the nearest one is suggested.
    pub fn built_in(name: &str) -> Result<Self, RecipeError> {
        Registry::default().built_in(name)
    }

    /// The recipe as a TOML file.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a recipe is made of numbers, strings, lists and tables")
    }

    /// Whether every number keeps its rule, and the whole fits into memory. What only a model can tell, such as whether
    /// layers fit one another, is for [`Training::new`](crate::Training::new) to say.
    ///
    /// # Errors
    /// The first that does not, as in `train.optimizer.rate`.
    pub fn check(&self) -> Result<(), RecipeError> {
        let plain = Path::new(&self.name).components().all(|part| matches!(part, Component::Normal(_)));
        let plain = plain && !self.name.contains(['/', '\\', '\0']);
        ConfigError::unless(plain, "name", &self.name, "the name of a folder").map_err(RecipeError::rule)?;
        self.data.check().map_err(|error| RecipeError::rule(error.at("data")))?;
        self.model.check().map_err(|error| RecipeError::rule(error.at("model")))?;
        if let Some(quantizer) = &self.quantizer {
            quantizer.check().map_err(|error| RecipeError::rule(error.at("quantizer")))?;
        }
        self.train.check().map_err(|error| RecipeError::rule(error.at("train")))?;
        for (i, augment) in self.train.augment.iter().enumerate() {
            let fits = augment.check(&self.data.mel);
            fits.map_err(|error| RecipeError::rule(error.at(&format!("train.augment.{i}"))))?;
        }
        memory::check(self)
    }
}
