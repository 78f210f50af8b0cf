//! [`Training`]: the loop. A step is a pure function of the state and of (seed, step), so a run that is resumed ends in
//! the same bits as one that was never interrupted.

use std::time::{Duration, Instant};

use gradbook_audio::Corpus;
use gradbook_autograd::{Graph, NonFinite, ParamStore, Stream, Tape, Tensor};
use gradbook_nn::{
    Optimizer, ShardedStep, StepResult, WeightAverage,
    loss::{Reduction, mse},
};
use gradbook_vq::Absorbed;

use crate::{BuildQuantizer, Error, Model, Recipe, augment::augmented, data, growth::Growing, memory};

/// Keys the randomness of events and statistics apart from that of the shards.
pub(crate) const AFTER: u64 = u64::MAX - 1;

/// A run in progress.
pub struct Training<'c> {
    /// What is being trained.
    pub recipe: Recipe,
    /// On what.
    pub corpus: &'c Corpus,
    /// The model.
    pub model: Model,
    /// Its parameters.
    pub store: ParamStore<f32>,
    /// The optimizer with its moments.
    pub optimizer: Optimizer<f32>,
    /// The moving average of the weights, if wanted.
    pub average: Option<WeightAverage<f32>>,
    /// Steps done.
    pub step: u64,
    /// Training time so far.
    pub elapsed: Duration,
    pub(crate) windows: Tensor<f32>,
    /// The sum of the losses since the last row of metrics, and of how many steps.
    pub(crate) losses: (f64, u64),
    /// Codes respawned since then.
    pub(crate) respawned: usize,
    /// When its codebooks have grown.
    pub(crate) growing: Growing,
}

impl<'c> Training<'c> {
    /// A run at its start.
    ///
    /// # Errors
    /// If the recipe cannot work, or the corpus cannot be read.
    pub fn new(recipe: Recipe, corpus: &'c Corpus) -> Result<Self, Error> {
        match recipe.quantizer.clone() {
            None => Self::start(recipe, corpus, None),
            Some(own) => Self::start(recipe, corpus, Some(&mut |dim, scope| own.build(dim, scope))),
        }
    }

    /// The same with a quantizer that no recipe names, for a loop of your own: with what `quantizer` builds.
    ///
    /// # Errors
    /// If the recipe cannot work, or the corpus cannot be read.
    pub fn with_quantizer(
        recipe: Recipe,
        corpus: &'c Corpus,
        quantizer: &mut BuildQuantizer<'_>,
    ) -> Result<Self, Error> {
        Self::start(recipe, corpus, Some(quantizer))
    }

    fn start(
        recipe: Recipe,
        corpus: &'c Corpus,
        quantizer: Option<&mut BuildQuantizer<'_>>,
    ) -> Result<Self, Error> {
        recipe.check()?;
        data::check(corpus, recipe.train.crop)?;
        let mut store = ParamStore::new();
        let (seed, mels) = (recipe.train.seed, corpus.mel.mels);
        let model = Model::around(&recipe.model, quantizer, mels, &mut store, seed)?;
        memory::check_growth(&recipe, &model, &store)?;
        if !recipe.train.crop.is_multiple_of(model.stride()) {
            let stride = model.stride();
            return Err(Error::Request(format!(
                "the recipe cannot work: train.crop is a multiple of the model's stride {stride}"
            )));
        }
        let optimizer = Optimizer::new(recipe.train.optimizer.clone(), &store)?;
        let average = recipe.train.average.map(|decay| WeightAverage::new(decay, &store));
        let windows = data::windows(&corpus.validation, recipe.train.crop)?;
        let (step, elapsed, losses, respawned) = (0, Duration::ZERO, (0.0, 0), 0);
        let growing = Growing::new(&recipe.train.grow);
        Ok(Self {
            recipe,
            corpus,
            model,
            store,
            optimizer,
            average,
            step,
            elapsed,
            windows,
            losses,
            respawned,
            growing,
        })
    }

    /// Whether all steps are done.
    pub fn finished(&self) -> bool {
        self.step >= self.recipe.train.steps
    }

    /// Whether the quantizer is in use, warm-up being over.
    pub fn quantizing(&self) -> bool {
        self.model.quantizer.is_some() && self.step >= self.recipe.train.warmup
    }

    /// One step: events that are due, a batch, the optimizer, the statistics. Returns the loss.
    ///
    /// # Errors
    /// If frames cannot be read, or the loss is not finite ([`Error::Diverged`], without the checkpoint's path).
    pub fn advance(&mut self) -> Result<f64, Error> {
        let start = Instant::now();
        self.events()?;
        let train = &self.recipe.train;
        let at = (train.seed, self.step);
        let (drawn, levels) = data::drawn(&self.corpus.train, train.batch, train.crop, at, train.crops)?;
        let (batch, target) = augmented(&train.augment, drawn, &levels, &self.corpus.mel, at);
        let (model, quantize) = (&self.model, self.quantizing());
        let settled = self.stands_still(train.freeze_encoder);
        let mut result =
            ShardedStep::new(train.shards, train.seed).run(&self.store, self.step, train.batch, |g, rows| {
                let x = g.tape().constant(data::slice(&batch, rows.clone()));
                let wanted = target.as_ref().map_or(x, |target| g.tape().constant(data::slice(target, rows)));
                let z = model.encode(g, x);
                // No gradient goes into an encoder that stands still.
                let z = if settled { z.detach() } else { z };
                let out = model.reconstruct(g, z, quantize);
                let mut loss = mse(out.output, wanted, Reduction::Mean);
                if let Some(own) = out.quantized.and_then(|q| q.loss()) {
                    loss = loss + own;
                }
                (loss, ())
            });
        if !result.loss.is_finite() {
            return Err(Error::Diverged {
                step: self.step,
                found: self.diagnose(&batch).map(Box::new),
                checkpoint: None,
            });
        }
        self.freeze(&mut result);
        self.optimizer.step(&mut self.store, &result.grads);
        let stream = Stream::new(self.recipe.train.seed, self.step, AFTER);
        let absorbed = match self.stands_still(self.recipe.train.freeze_codes) {
            true => Absorbed::default(),
            false => self.model.absorb(&mut self.store, &result.stats, &stream),
        };
        if let Some(average) = &mut self.average {
            average.update(&self.store);
        }
        self.respawned(&absorbed);
        self.losses = (self.losses.0 + result.loss, self.losses.1 + 1);
        self.step += 1;
        self.elapsed += start.elapsed();
        Ok(result.loss)
    }

    /// What is due before this step: growth, wider codes, events of the recipe's own, seeding.
    fn events(&mut self) -> Result<(), Error> {
        self.happen(self.step)?;
        if self.recipe.train.freeze_encoder == Some(self.step) {
            self.adopt_average();
        }
        self.seed()
    }

    /// Goes on from the averaged weights, if there are any: an encoder that stands still stands where it was on average.
    fn adopt_average(&mut self) {
        if let Some(average) = &mut self.average {
            average.swap(&mut self.store);
            *average = WeightAverage::new(self.recipe.train.average.unwrap_or_default(), &self.store);
        }
    }

    /// Takes away the gradients of codes that are frozen.
    fn freeze(&self, result: &mut StepResult<f32, ()>) {
        if self.stands_still(self.recipe.train.freeze_codes) {
            result.grads.retain(|id| !self.store.entry(id).name.starts_with("quantizer."));
        }
    }

    /// Which op makes the MSE a NaN or an infinity.
    pub(crate) fn diagnose_evaluation(&self) -> Option<NonFinite> {
        self.diagnose(&self.windows)
    }

    fn stands_still(&self, since: Option<u64>) -> bool {
        since.is_some_and(|step| self.step >= step)
    }

    /// Which op made the loss of this batch a NaN or an infinity.
    pub(crate) fn diagnose(&self, batch: &Tensor<f32>) -> Option<NonFinite> {
        let tape = Tape::new();
        let g = Graph::train(&tape, &self.store);
        let x = tape.constant(batch.clone());
        let out = self.model.forward(&g, x, self.quantizing());
        let _loss = mse(out.output, x, Reduction::Mean);
        tape.first_non_finite()
    }
}
