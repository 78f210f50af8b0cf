//! [`TrainConfig`]: how a model is trained, and what happens at which step.

use gradbook_nn::{ConfigError, OptimizerConfig, rules};
use serde::{Deserialize, Serialize};

use crate::{Augment, Event, Grow};

/// The most latents that codes are seeded from.
const MOST_LATENTS: usize = 1 << 24;

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
    /// Where crops are taken.
    pub crops: Crops,
    /// What is done to the crops of a training step, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub augment: Vec<Augment>,
    /// The seed of everything random.
    pub seed: u64,
    /// Pieces that a batch is cut into, whose gradients are added: gradient accumulation. Each thread works on one at a
    /// time, so a batch of 64 in 16 shards takes the memory of 4 crops per thread, and has the gradient of 64, up to
    /// rounding. Part of the arithmetic: the same number, the same bits.
    pub shards: usize,
    /// The optimizer and its learning rate.
    pub optimizer: OptimizerConfig,
    /// Steps without the quantizer at the start (autoencoder warm-up).
    pub warmup: u64,
    /// k-means seeding of the codes from latents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seeding: Option<Seeding>,
    /// The codebook grows at these times.
    pub grow: Vec<Grow>,
    /// The codes behind a projection are widened at these steps.
    pub raise: Vec<Raise>,
    /// Events of kinds that a [`Registry`](crate::Registry) was given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
    /// From this step on the encoder stands still (at its moving average, if there is one), and decoder and codes settle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze_encoder: Option<u64>,
    /// From this step on the codes stand still: what seeding balanced stays balanced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze_codes: Option<u64>,
    /// Evaluate with a moving average of the weights with this decay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average: Option<f64>,
    /// Steps between evaluations on the validation clips; a tenth of the run if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluate_every: Option<u64>,
    /// Keep the checkpoints at these steps, to [fork](crate::fork()) the run from there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<u64>,
    /// Stop after this many evaluations without a better MSE on the validation clips.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
}

/// Where crops are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Crops {
    /// A clip drawn uniformly, then any place in it.
    #[default]
    Anywhere,
    /// One of the consecutive windows that clips are measured on, drawn uniformly and moved by up to `shift` frames.
    Windows {
        /// Frames to either side.
        shift: usize,
    },
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
    /// Take the latents of consecutive windows over whole training clips, as the other clips are measured, in place of
    /// random crops.
    #[serde(default)]
    pub windows: bool,
}

impl Seeding {
    fn latents() -> usize {
        8192
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
            crops: Crops::default(),
            augment: Vec::new(),
            seed: 0,
            shards: 2,
            optimizer: OptimizerConfig::adam(3e-4),
            warmup: 0,
            seeding: None,
            grow: Vec::new(),
            raise: Vec::new(),
            events: Vec::new(),
            freeze_encoder: None,
            freeze_codes: None,
            average: None,
            evaluate_every: None,
            keep: Vec::new(),
            patience: None,
        }
    }
}

/// The most augmentations of a recipe.
const MOST_AUGMENTS: usize = 64;
/// The most crops of a batch, and the most frames of a crop.
const MOST: usize = 1 << 16;

impl TrainConfig {
    /// Whether each number keeps its rule.
    ///
    /// # Errors
    /// The first that does not, as in `seeding.latents`.
    pub fn check(&self) -> Result<(), ConfigError> {
        rules::steps("steps", self.steps)?;
        rules::count("batch", self.batch, 1..=MOST)?;
        rules::count("crop", self.crop, 1..=MOST)?;
        if let Crops::Windows { shift } = self.crops {
            rules::count("crops.windows.shift", shift, 0..=MOST)?;
        }
        rules::count("augment.length", self.augment.len(), 0..=MOST_AUGMENTS)?;
        rules::count("shards", self.shards, 1..=1024)?;
        self.optimizer.check().map_err(|error| error.at("optimizer"))?;
        rules::step("warmup", self.warmup)?;
        if let Some(seeding) = &self.seeding {
            rules::count("seeding.latents", seeding.latents, 1..=MOST_LATENTS)?;
            seeding.again.iter().try_for_each(|step| rules::step("seeding.again", *step))?;
        }
        for (i, grow) in self.grow.iter().enumerate() {
            grow.check().map_err(|error| error.at(&format!("grow.{i}")))?;
        }
        for (i, raise) in self.raise.iter().enumerate() {
            rules::step(&format!("raise.{i}.step"), raise.step)?;
            rules::count(&format!("raise.{i}.dim"), raise.dim, 1..=MOST)?;
        }
        self.freeze_encoder.map_or(Ok(()), |step| rules::step("freeze_encoder", step))?;
        self.freeze_codes.map_or(Ok(()), |step| rules::step("freeze_codes", step))?;
        self.average.map_or(Ok(()), |decay| rules::share("average", decay))?;
        self.evaluate_every.map_or(Ok(()), |steps| rules::steps("evaluate_every", steps))?;
        self.keep.iter().try_for_each(|step| rules::step("keep", *step))?;
        self.patience.map_or(Ok(()), |evaluations| rules::steps("patience", evaluations))
    }

    /// Steps between evaluations.
    pub fn evaluation_interval(&self) -> u64 {
        self.evaluate_every.unwrap_or(self.steps.div_ceil(10)).max(1)
    }
}
