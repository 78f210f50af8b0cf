//! [`Recipe`]: everything about a run, as a short TOML file in which what is left out has a sensible value.

use std::{fs, path::Path};

use gradbook_audio::CorpusConfig;
use gradbook_vq::QuantizerConfig;
use serde::{Deserialize, Serialize};

use crate::{Error, ModelConfig, RecipeError, TrainConfig};

/// A run: data, model, quantizer, training.
///
/// ```
/// use gradbook_lab::Recipe;
/// let recipe = Recipe::built_in("ema").unwrap();
/// assert_eq!((recipe.train.steps, recipe.train.batch, recipe.train.crop), (4000, 16, 32));
/// let error = Recipe::parse("[train]\nstpes = 10").unwrap_err();
/// assert!(error.to_string().contains("did you mean `steps`"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    "hierarchical",
    "multi-scale",
    "slow-codebook",
    "warmup",
    "practical",
    "best",
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

impl Recipe {
    /// Reads a recipe from its text.
    ///
    /// # Errors
    /// What is wrong and where; for an unknown key, the nearest known one.
    pub fn parse(text: &str) -> Result<Self, RecipeError> {
        toml::from_str(text).map_err(|error| RecipeError::new(&error))
    }

    /// A recipe that comes with the program.
    ///
    /// # Errors
    /// If there is none of this name; then the nearest one is suggested.
    pub fn built_in(name: &str) -> Result<Self, RecipeError> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name).ok_or_else(|| {
            let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
            RecipeError::no_such_recipe(name, &names)
        })?;
        Ok(Self { name: name.to_owned(), ..Self::parse(text)? })
    }

    /// A recipe of this name that comes with the program, or the file `name` if it ends in `.toml`.
    ///
    /// # Errors
    /// If there is no such recipe or file, or if it cannot be read.
    pub fn find(name: &str) -> Result<Self, Error> {
        let path = Path::new(name);
        if path.extension().is_none_or(|end| end != "toml") {
            return Ok(Self::built_in(name)?);
        }
        Self::read(path)
    }

    /// Reads a recipe from a file.
    ///
    /// # Errors
    /// If there is no such file, or what is wrong with it and where.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
        let malformed =
            |error: RecipeError| Error::Malformed { path: path.into(), reason: error.to_string() };
        let mut recipe = Self::parse(&text).map_err(malformed)?;
        if recipe.name.is_empty() {
            recipe.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        }
        Ok(recipe)
    }

    /// The recipe as a TOML file.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a recipe is made of numbers, strings, lists and tables")
    }

    /// Sets one value by its dotted key, as in `train.batch=64`. The value is TOML; what is not is taken as a string.
    ///
    /// # Errors
    /// If the key is unknown or the value does not fit.
    pub fn set(&self, assignment: &str) -> Result<Self, RecipeError> {
        let (key, value) = assignment
            .split_once('=')
            .ok_or_else(|| RecipeError::plain(format!("`{assignment}` is not of the form key=value")))?;
        let value = value.trim();
        let value = toml::from_str::<toml::Table>(&format!("x = {value}"))
            .ok()
            .and_then(|mut table| table.remove("x"))
            .unwrap_or_else(|| toml::Value::String(value.to_owned()));
        let mut table: toml::Table =
            toml::from_str(&self.to_toml()).expect("what was written as TOML can be read as TOML");
        let mut keys: Vec<&str> = key.trim().split('.').collect();
        let last = keys.pop().unwrap_or_default();
        let mut place = &mut table;
        for key in keys {
            let inner = place.entry(key).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            place = inner
                .as_table_mut()
                .ok_or_else(|| RecipeError::plain(format!("`{key}` in `{assignment}` is not a table")))?;
        }
        place.insert(last.to_owned(), value);
        let text = toml::to_string(&table).expect("a table can be written as TOML");
        toml::from_str(&text).map_err(|error| RecipeError::set(assignment, &error))
    }
}
