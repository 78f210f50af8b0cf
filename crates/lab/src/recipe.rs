//! [`Recipe`]: everything about a run, as a short TOML file in which what is left out has a sensible value.

use std::{fs, path::Path};

use gradbook_audio::CorpusConfig;
use gradbook_nn::{OptimizerConfig, Schedule};
use gradbook_vq::QuantizerConfig;
use serde::{Deserialize, Serialize};

use crate::{Error, RecipeError, model::ModelConfig};

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

/// How a model is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Optimizer steps.
    pub steps: u64,
    /// Crops per step.
    pub batch: usize,
    /// Frames per crop.
    pub crop: usize,
    /// The seed of everything random.
    pub seed: u64,
    /// Pieces that a batch is cut into, which threads share. Part of the arithmetic: the same number, the same bits.
    pub shards: usize,
    /// The optimizer and its learning rate.
    pub optimizer: OptimizerConfig,
    /// Steps without the quantizer at the start (autoencoder warm-up).
    pub warmup: u64,
    /// k-means seeding of the codes from latents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seeding: Option<Seeding>,
    /// The codebook grows at these steps.
    pub grow: Vec<Grow>,
    /// The codes behind a projection are widened at these steps.
    pub raise: Vec<Raise>,
    /// From this step on the encoder stands still, and decoder and codes settle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze_encoder: Option<u64>,
    /// Evaluate with a moving average of the weights with this decay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average: Option<f64>,
    /// Steps between evaluations on the held-out clips; a tenth of the run if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluate_every: Option<u64>,
    /// Stop after this many evaluations without a better test MSE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
}

/// k-means seeding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seeding {
    /// How many latents to cluster.
    #[serde(default = "Seeding::latents")]
    pub latents: usize,
    /// Further steps at which codes are seeded again; the first time is when the quantizer starts.
    #[serde(default)]
    pub again: Vec<u64>,
}

impl Seeding {
    fn latents() -> usize {
        8192
    }
}

/// A larger codebook from a step on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grow {
    /// When.
    pub step: u64,
    /// Codes from then on.
    pub codes: usize,
    /// How far new codes are moved from the old ones they copy, relative to the codes' deviation.
    #[serde(default = "Grow::jitter")]
    pub jitter: f64,
}

impl Grow {
    fn jitter() -> f64 {
        0.1
    }
}

/// Wider codes from a step on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raise {
    /// When.
    pub step: u64,
    /// Channels from then on.
    pub dim: usize,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            steps: 4000,
            batch: 16,
            crop: 32,
            seed: 0,
            shards: 2,
            optimizer: OptimizerConfig::adam(3e-4),
            warmup: 0,
            seeding: None,
            grow: Vec::new(),
            raise: Vec::new(),
            freeze_encoder: None,
            average: None,
            evaluate_every: None,
            patience: None,
        }
    }
}

impl TrainConfig {
    /// Steps between evaluations.
    pub fn evaluation_interval(&self) -> u64 {
        self.evaluate_every.unwrap_or(self.steps.div_ceil(10)).max(1)
    }

    /// The same recipe over another number of steps: whatever happens at a time happens at the same share of the run.
    pub fn stretched(&self, steps: u64) -> Self {
        let factor = steps as f64 / self.steps.max(1) as f64;
        let at = |step: u64| (step as f64 * factor).round() as u64;
        let mut new = self.clone();
        new.steps = steps;
        new.warmup = at(self.warmup);
        new.optimizer.schedule = stretch(&self.optimizer.schedule, &at);
        if let Some(seeding) = &mut new.seeding {
            seeding.again.iter_mut().for_each(|step| *step = at(*step));
        }
        new.grow.iter_mut().for_each(|grow| grow.step = at(grow.step));
        new.raise.iter_mut().for_each(|raise| raise.step = at(raise.step));
        new.freeze_encoder = self.freeze_encoder.map(at);
        new.evaluate_every = self.evaluate_every.map(|every| at(every).max(1));
        new
    }
}

fn stretch(schedule: &Schedule, at: &dyn Fn(u64) -> u64) -> Schedule {
    let some = |steps: u64| at(steps).max(1);
    match schedule.clone() {
        Schedule::Warmup { start, steps } => Schedule::Warmup { start, steps: some(steps) },
        Schedule::Cosine { min, steps } => Schedule::Cosine { min, steps: some(steps) },
        Schedule::Linear { end, steps } => Schedule::Linear { end, steps: some(steps) },
        Schedule::Step { every, factor } => Schedule::Step { every: some(every), factor },
        Schedule::Piecewise { milestones, factor } => {
            Schedule::Piecewise { milestones: milestones.into_iter().map(at).collect(), factor }
        }
        Schedule::OneCycle { steps, rise, div, final_div } => {
            Schedule::OneCycle { steps: some(steps), rise, div, final_div }
        }
        Schedule::Then { first, steps, second } => Schedule::Then {
            first: Box::new(stretch(&first, at)),
            steps: at(steps),
            second: Box::new(stretch(&second, at)),
        },
        same @ (Schedule::Constant | Schedule::Exponential { .. }) => same,
    }
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
    "slow-codebook",
    "warmup",
    "practical",
    "best",
    "simvq",
    "rotation",
    "cosine",
    "fsq",
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
        Self::parse(&toml::to_string(&table).expect("a table can be written as TOML"))
    }
}
