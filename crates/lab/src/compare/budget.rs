//! What the recipes of a comparison have the same of: steps, arithmetic or time. And what a recipe takes of it.

use std::time::Instant;

use gradbook_audio::Corpus;
use gradbook_autograd::flops;
use gradbook_nn::rules::LAST_STEP;
use serde::{Deserialize, Serialize};

use crate::{Error, GrowAt, Recipe, Training};

/// What each recipe may spend: as much as the first one does with its own steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// Every recipe its own steps.
    #[default]
    Steps,
    /// The same number of floating-point operations, counted.
    Flops,
    /// The same time, measured on this machine before the runs begin.
    Seconds,
}

/// What a recipe takes, step by step: constant but for the steps at which something happens.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// The first step of each phase, what that step takes, and what the others take.
    phases: Vec<(u64, f64, f64)>,
    steps: u64,
}

impl Cost {
    /// Floating-point operations of matrix products, convolutions and searches, forward and backward, exactly for the seed
    /// of the recipe (k-means takes a round more or less with another). A growth that waits
    /// for a plateau is left out: when it comes, nobody knows.
    ///
    /// # Errors
    /// If the recipe cannot work.
    pub fn flops(recipe: &Recipe, corpus: &Corpus) -> Result<Self, Error> {
        // A pool of its own: what others compute meanwhile is not counted.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(rayon::current_num_threads()).build();
        let pool = pool.map_err(|error| Error::Request(error.to_string()))?;
        pool.install(|| {
            Self::measure(recipe, corpus, 1, &|| rayon::broadcast(|_| flops()).iter().sum::<u64>() as f64)
        })
    }

    /// Seconds on this machine.
    ///
    /// # Errors
    /// If the recipe cannot work.
    pub fn seconds(recipe: &Recipe, corpus: &Corpus) -> Result<Self, Error> {
        let start = Instant::now();
        Self::measure(recipe, corpus, 5, &|| start.elapsed().as_secs_f64())
    }

    /// Makes the first steps of each phase, and skips the others.
    fn measure(recipe: &Recipe, corpus: &Corpus, tries: u64, now: &dyn Fn() -> f64) -> Result<Self, Error> {
        let mut training = Training::new(recipe.clone(), corpus)?;
        let steps = recipe.train.steps;
        let starts = starts(recipe);
        let mut phases = Vec::new();
        for (i, &start) in starts.iter().enumerate() {
            let end = starts.get(i + 1).copied().unwrap_or(steps);
            for step in training.step..start {
                training.happen(step)?;
            }
            training.step = start;
            let mut step = || -> Result<f64, Error> {
                let before = now();
                training.advance()?;
                Ok(now() - before)
            };
            let first = step()?;
            let more = (end - start - 1).min(tries);
            let others = (0..more).map(|_| step()).collect::<Result<Vec<_>, _>>()?;
            let each = others.into_iter().min_by(f64::total_cmp).unwrap_or(first);
            phases.push((start, first, each));
        }
        Ok(Self { phases, steps })
    }

    /// What the steps before `step` take.
    pub fn until(&self, step: u64) -> f64 {
        let mut sum = 0.0;
        for (i, &(start, first, each)) in self.phases.iter().enumerate() {
            let end = self.phases.get(i + 1).map_or(self.steps, |next| next.0).min(step);
            if end > start {
                sum += first + each * (end - start - 1) as f64;
            }
        }
        sum
    }

    /// What all steps take.
    pub fn total(&self) -> f64 {
        self.until(self.steps)
    }

    /// The number of steps with which the [rescaled](Recipe::with_steps) recipe takes `total`: what happens once is taken
    /// off, the rest is proportional to the steps.
    pub fn steps_for(&self, total: f64) -> u64 {
        let once: f64 = self.phases.iter().map(|(_, first, each)| first - each).sum();
        let per_step = (self.total() - once) / self.steps as f64;
        (((total - once) / per_step).round().max(1.0) as u64).min(LAST_STEP)
    }
}

/// The steps before which something happens that changes what a step takes.
fn starts(recipe: &Recipe) -> Vec<u64> {
    let train = &recipe.train;
    let mut all = vec![0, train.warmup];
    all.extend(train.seeding.iter().flat_map(|seeding| seeding.again.iter().copied()));
    all.extend(train.grow.iter().filter_map(|grow| match grow.at {
        GrowAt::Step(step) => Some(step),
        GrowAt::Plateau(_) => None,
    }));
    all.extend(train.raise.iter().map(|raise| raise.step));
    all.extend([train.freeze_encoder, train.freeze_codes].into_iter().flatten());
    all.retain(|step| *step < train.steps);
    all.sort_unstable();
    all.dedup();
    all
}
