//! A training step of the spectrogram VQ-VAE.

use std::hash::{DefaultHasher, Hasher};

use gradbook::autograd::{Graph, ParamStore, Stats, Stream, Tensor, Var};
use gradbook::lab::{
    Block, Model, ModelConfig,
    blocks::{Conv, Relu},
    data,
};
use gradbook::nn::{
    Optimizer, OptimizerConfig, ShardedStep, StepResult,
    loss::{Reduction, mse},
};

use super::{Work, normal, quantizing};

/// What a step's time depends on.
#[derive(Clone, Copy)]
pub struct Setup {
    /// Crops.
    pub batch: usize,
    /// Frames of a crop.
    pub frames: usize,
    /// Channels of the hidden layers.
    pub width: usize,
    /// Channels of a code.
    pub dim: usize,
    /// Codes.
    pub codes: usize,
    /// Codebooks, each for what the one before left.
    pub levels: usize,
}

impl Default for Setup {
    fn default() -> Self {
        Self { batch: 16, frames: 32, width: 256, dim: 128, codes: 512, levels: 1 }
    }
}

const MELS: usize = 80;

/// A model with its optimizer and a batch.
pub struct Trainer {
    model: Model,
    /// Its parameters.
    pub store: ParamStore<f32>,
    adam: Optimizer<f32>,
    /// The batch.
    pub x: Tensor<f32>,
    step: u64,
}

impl Trainer {
    pub fn new(setup: Setup) -> Self {
        let conv = |channels, taps| Block::from(Conv::new(channels, taps));
        let relu = || Block::from(Relu {});
        let hidden = || vec![conv(setup.width, 3), relu(), conv(setup.width, 3), relu()];
        let encoder = hidden().into_iter().chain([conv(setup.dim, 1)]).collect();
        let config = ModelConfig { encoder, decoder: hidden(), top: None };
        let quantizer = quantizing::config(setup.codes, setup.levels);
        let mut store = ParamStore::new();
        let model = Model::new(&config, Some(&quantizer), MELS, &mut store, 0).expect("it fits");
        let adam = Optimizer::new(OptimizerConfig::adam(3e-4), &store).expect("a sound config");
        Self { model, store, adam, x: normal(&[setup.batch, setup.frames, MELS], 7), step: 0 }
    }

    /// The loss on some rows of the batch.
    pub fn loss<'t>(&self, g: &Graph<'t, f32>, x: Tensor<f32>) -> Var<'t, f32> {
        let x = g.tape().constant(x);
        let out = self.model.forward(g, x, true);
        let own = out.quantized.and_then(|q| q.loss()).expect("a commitment loss");
        mse(out.output, x, Reduction::Mean) + own
    }

    /// Forward and backward, in two shards.
    pub fn gradients(&self) -> StepResult<f32, ()> {
        let rows = self.x.shape()[0];
        ShardedStep::new(2, 0)
            .run(&self.store, self.step, rows, |g, rows| (self.loss(g, data::slice(&self.x, rows)), ()))
    }

    /// The optimizer.
    pub fn update(&mut self, result: &StepResult<f32, ()>) {
        self.adam.step(&mut self.store, &result.grads);
    }

    /// What the codebook learns from statistics.
    pub fn absorb(&mut self, stats: &Stats<f32>) {
        self.model.absorb(&mut self.store, stats, &Stream::new(0, self.step, u64::MAX));
        self.step += 1;
    }

    /// All of it.
    pub fn step(&mut self) {
        let result = self.gradients();
        self.update(&result);
        self.absorb(&result.stats);
    }

    #[allow(dead_code, reason = "only `speed -- bits` asks")]
    /// A number that all bits of all parameters have a part in.
    pub fn bits(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let all = self.store.iter().flat_map(|(_, entry)| entry.value.as_slice());
        all.for_each(|x| hasher.write_u32(x.to_bits()));
        hasher.finish()
    }
}

/// Training steps.
pub fn step(setup: Setup) -> Work {
    let mut trainer = Trainer::new(setup);
    Box::new(move || trainer.step())
}
