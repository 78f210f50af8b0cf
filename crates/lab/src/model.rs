//! The spectrogram VQ-VAE: an encoder, any quantizer or none, a decoder. Convolutions run along time, channels last.

use gradbook_autograd::{Graph, ParamId, ParamStore, Shape, Sink, Stats, Stream, Tensor, Var};
use gradbook_nn::{ConfigError, Conv1d, Layer, Scope, Sequential};
use gradbook_vq::{Absorbed, Quantized, Quantizer, QuantizerConfig};
use serde::{Deserialize, Serialize};

use crate::{
    Block, Error, TopConfig,
    blocks::{Conv, Relu, conv},
    extent::{self, Side},
    stack::{balanced, stack},
    two_level::Levels,
};

/// Encoder and decoder. The quantizer sees as many channels as the encoder's last convolution gives; a last convolution
/// of three taps back to the mel bands is added to the decoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// From frames `[batch, frame, mel]` to latents.
    pub encoder: Vec<Block>,
    /// From quantized latents towards frames.
    pub decoder: Vec<Block>,
    /// A coarser level on top, which makes the model a VQ-VAE-2; both levels get a quantizer of the recipe's kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top: Option<TopConfig>,
}

impl Default for ModelConfig {
    fn default() -> Self {
        let conv = |channels, taps| Block::from(Conv::new(channels, taps));
        let relu = || Block::from(Relu {});
        let encoder = vec![conv(256, 3), relu(), conv(256, 3), relu(), conv(128, 1)];
        let decoder = vec![conv(256, 3), relu(), conv(256, 3), relu()];
        Self { encoder, decoder, top: None }
    }
}

/// Builds a quantizer of rows of so many channels in a scope.
pub type BuildQuantizer<'b> =
    dyn FnMut(usize, &mut Scope<'_, f32>) -> Result<Box<dyn Quantizer<f32>>, ConfigError> + 'b;

impl ModelConfig {
    /// Whether each block keeps its rules.
    ///
    /// # Errors
    /// The first setting that does not, as in `encoder.2.channels`.
    pub fn check(&self) -> Result<(), ConfigError> {
        extent::check(&self.encoder, Side::Encoder, "encoder")?;
        extent::check(&self.decoder, Side::Decoder, "decoder")?;
        self.top.as_ref().map_or(Ok(()), |top| top.check().map_err(|error| error.at("top")))
    }
}

/// A model whose parameters are in a store.
pub struct Model {
    encoder: Sequential<f32>,
    decoder: Sequential<f32>,
    /// The quantizer, if the model has one.
    pub quantizer: Option<Box<dyn Quantizer<f32>>>,
    latent: usize,
    /// Frames per latent.
    down: usize,
    /// Latents per step of the coarsest level.
    top: usize,
    /// What the quantizer learns: if that is no longer finite, it cannot be asked.
    learned: Vec<ParamId>,
}

/// Whether the squared length of every row is finite, with room for sums over rows.
fn quantizable(rows: &Tensor<f32>) -> bool {
    let mut rows = rows.as_slice().chunks(rows.shape().last().map_or(1, |&width| width.max(1)));
    rows.all(|row| row.iter().map(|x| x * x).sum::<f32>() < 1e30)
}

/// What a forward pass gives.
pub struct Forward<'t> {
    /// The reconstruction `[batch, frame, mel]`.
    pub output: Var<'t, f32>,
    /// What the encoder made of the input `[batch, step, channel]`.
    pub latents: Var<'t, f32>,
    /// What the quantizer made of that.
    pub quantized: Option<Quantized<'t, f32>>,
}

impl Model {
    /// Puts a model for frames of `mels` bands into a store.
    ///
    /// # Errors
    /// If layers do not fit one another, or the quantizer not its channels, or the output has another length than the
    /// input.
    pub fn new(
        config: &ModelConfig,
        quantizer: Option<&QuantizerConfig>,
        mels: usize,
        store: &mut ParamStore<f32>,
        seed: u64,
    ) -> Result<Self, Error> {
        match quantizer {
            None => Self::around(config, None, mels, store, seed),
            Some(own) => {
                Self::around(config, Some(&mut |dim, scope| own.build(dim, scope)), mels, store, seed)
            }
        }
    }

    /// The same around what `quantizer` builds, once for each level of the model.
    ///
    /// # Errors
    /// See [`new`](Self::new).
    pub fn around(
        config: &ModelConfig,
        quantizer: Option<&mut BuildQuantizer<'_>>,
        mels: usize,
        store: &mut ParamStore<f32>,
        seed: u64,
    ) -> Result<Self, Error> {
        let mut scope = Scope::new(store, seed);
        let (encoder, latent, down, longer) = stack(&config.encoder, mels, &mut scope.at("encoder"))?;
        let (decoder, channels, shorter, up) = stack(&config.decoder, latent, &mut scope.at("decoder"))?;
        let last = Conv1d::new(&mut scope.at("decoder").at(decoder.len()), conv(channels, mels, 3))?;
        let decoder = decoder.then(last);
        balanced("its encoder", [down, longer], [shorter, up])?;
        let top = config.top.as_ref().map(|top| Levels::build(top, latent, &mut scope)).transpose()?;
        let factor = top.as_ref().map_or(1, |top| top.factor);
        let input = Shape::new(&[1, 8 * down * factor, mels]);
        let latents = encoder.output_shape(&input)?;
        decoder.output_shape(&latents)?;
        let quantizer = match (quantizer, top) {
            (None, None) => None,
            (Some(build), None) => Some(build(latent, &mut scope.at("quantizer"))?),
            (Some(build), Some(top)) => {
                top.encoder.output_shape(&latents)?;
                Some(Box::new(top.quantizer(build, latent, &mut scope)?) as Box<dyn Quantizer<f32>>)
            }
            (None, Some(_)) => {
                return Err(Error::Request("the recipe cannot work: model.top needs a quantizer".into()));
            }
        };
        let top = factor * quantizer.as_ref().map_or(1, |quantizer| quantizer.stride());
        let inside = |id: &ParamId| store.entry(*id).name.starts_with("quantizer.");
        let learned = store.trainable().filter(inside).collect();
        Ok(Self { encoder, decoder, quantizer, latent, down, top, learned })
    }

    /// Frames per step of the coarsest level: inputs are multiples of it long.
    pub fn stride(&self) -> usize {
        self.down * self.top
    }

    /// Frames per latent.
    pub fn frames_per_latent(&self) -> usize {
        self.down
    }

    /// Latents of a clip of so many frames, lengthened to a multiple of the stride.
    pub fn latents(&self, frames: usize) -> usize {
        frames.div_ceil(self.stride()).saturating_mul(self.top)
    }

    /// Channels of a latent.
    pub fn latent(&self) -> usize {
        self.latent
    }

    /// Encodes, quantizes (unless told to leave that out) and decodes `x` `[batch, frame, mel]`.
    pub fn forward<'t>(&self, g: &Graph<'t, f32>, x: Var<'t, f32>, quantize: bool) -> Forward<'t> {
        self.reconstruct(g, self.encode(g, x), quantize)
    }

    /// Quantizes latents (unless told to leave that out) and decodes them.
    pub fn reconstruct<'t>(
        &self,
        g: &Graph<'t, f32>,
        mut latents: Var<'t, f32>,
        quantize: bool,
    ) -> Forward<'t> {
        let finite = || self.learned.iter().all(|id| quantizable(g.store().get(*id)));
        if quantize && self.quantizer.is_some() && !(quantizable(&latents.value()) && finite()) {
            // No quantizer takes these. A run that diverges shall end in an error that names the op, not in a panic.
            let poison = |x: &[Tensor<f32>]| x[0].map(|_| f32::NAN);
            let none = |_: &[Tensor<f32>], _: &Tensor<f32>, _: Tensor<f32>, _: &mut Sink<'_, f32>| {};
            latents =
                latents.tape().custom("latents or codes too large to quantize", &[latents], poison, none);
            return Forward { output: self.decode(g, latents), latents, quantized: None };
        }
        let quantized = self.quantizer.as_ref().filter(|_| quantize).map(|q| q.quantize(g, latents.into()));
        let output = self.decode(g, quantized.as_ref().map_or(latents, |q| q.values));
        Forward { output, latents, quantized }
    }

    /// The encoder alone: `[batch, frame, mel]` to `[batch, step, channel]`.
    pub fn encode<'t>(&self, g: &Graph<'t, f32>, x: Var<'t, f32>) -> Var<'t, f32> {
        self.encoder.forward(g, x)
    }

    /// The decoder alone.
    pub fn decode<'t>(&self, g: &Graph<'t, f32>, z: Var<'t, f32>) -> Var<'t, f32> {
        self.decoder.forward(g, z)
    }

    /// Applies what layers and quantizer observed in a step.
    pub fn absorb(&self, store: &mut ParamStore<f32>, stats: &Stats<f32>, stream: &Stream) -> Absorbed {
        self.encoder.absorb(store, stats);
        self.decoder.absorb(store, stats);
        self.quantizer.as_ref().map_or_else(Absorbed::default, |q| q.absorb(store, stats, stream))
    }
}
