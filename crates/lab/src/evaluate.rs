//! How good a model is on clips it has not learned from.

use gradbook_autograd::{Graph, ParamStore, Tape, Tensor};
use gradbook_vq::{
    Codes,
    diagnostics::{Usage, effective_dimension},
};
use rayon::prelude::*;

use crate::{Model, UsageFigures, data::slice};

/// Windows per task: a number of its own, so that results do not depend on threads.
pub(crate) const WINDOWS: usize = 32;

/// What windows of clips say about a model.
pub struct Evaluation {
    /// Mean squared error over all elements.
    pub mse: f64,
    /// The usage of each slot.
    pub usage: Vec<Usage>,
    /// The latents `[row, channel]`.
    pub latents: Tensor<f32>,
}

impl Evaluation {
    /// Runs the model over windows `[window, frame, mel]`.
    pub fn of(model: &Model, store: &ParamStore<f32>, windows: &Tensor<f32>, quantize: bool) -> Self {
        let count = windows.shape()[0];
        let parts: Vec<_> = (0..count.div_ceil(WINDOWS))
            .into_par_iter()
            .map(|i| {
                part(model, store, &slice(windows, i * WINDOWS..((i + 1) * WINDOWS).min(count)), quantize)
            })
            .collect();
        let mut all = Self { mse: 0.0, usage: Vec::new(), latents: Tensor::zeros([0, model.latent()]) };
        let mut latents = Vec::new();
        for (error, codes, z) in parts {
            all.mse += error;
            latents.extend_from_slice(z.as_slice());
            let Some(codes) = codes else { continue };
            all.usage.resize_with(codes.slots(), Usage::default);
            for (slot, usage) in all.usage.iter_mut().enumerate() {
                usage.codes = codes.radix(slot);
                usage.add(codes.column(slot));
            }
        }
        all.mse /= windows.shape().size() as f64;
        all.latents = Tensor::new([latents.len() / model.latent(), model.latent()], latents);
        all
    }

    /// How each slot's codes are used; empty without a quantizer.
    pub fn slots(&self) -> Vec<UsageFigures> {
        self.usage.iter().map(UsageFigures::of).collect()
    }

    /// Codes in use, the mean over slots, if there is a quantizer.
    pub fn alive(&self) -> Option<f64> {
        UsageFigures::mean(&self.slots()).map(|mean| mean.alive)
    }

    /// The mean over slots of exp of the entropy.
    pub fn perplexity(&self) -> Option<f64> {
        UsageFigures::mean(&self.slots()).map(|mean| mean.perplexity)
    }

    /// The entropy of a latent's codes in bits, slots taken one by one. A slot with a code for every f-th latent counts
    /// 1/f.
    pub fn bits(&self) -> Option<f64> {
        let rows = self.latents.shape()[0] as f64;
        (!self.usage.is_empty()).then(|| {
            self.usage
                .iter()
                .map(|usage| usage.bits() * usage.counts.values().sum::<u64>() as f64 / rows)
                .sum()
        })
    }

    /// The effective dimension of the latents.
    pub fn effective_dim(&self) -> f64 {
        effective_dimension(&self.latents)
    }
}

/// Squared error, codes and latents of some windows.
fn part(
    model: &Model,
    store: &ParamStore<f32>,
    x: &Tensor<f32>,
    quantize: bool,
) -> (f64, Option<Codes>, Tensor<f32>) {
    let tape = Tape::new();
    let out = model.forward(&Graph::eval(&tape, store), tape.constant(x.clone()), quantize);
    let y = out.output.value();
    let error = x.as_slice().iter().zip(y.as_slice()).map(|(x, y)| f64::from(x - y).powi(2)).sum();
    (error, out.quantized.map(|q| q.codes), out.latents.value())
}
