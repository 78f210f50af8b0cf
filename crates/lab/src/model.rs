//! The spectrogram VQ-VAE: an encoder, any quantizer or none, a decoder. Convolutions run along time, channels last.

use gradbook_autograd::{Graph, ParamStore, Shape, Stats, Stream, Var};
use gradbook_nn::{
    Activation, Conv1d, Conv1dConfig, Layer, ResidualBlock, ResidualConfig, Scope, Sequential, UpsampleConv1d,
};
use gradbook_vq::{Absorbed, Quantized, Quantizer, QuantizerConfig};
use serde::{Deserialize, Serialize};

use crate::Error;

/// One block of an encoder or decoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "layer", rename_all = "snake_case", deny_unknown_fields)]
pub enum Block {
    /// A convolution; a stride shortens the sequence.
    Conv {
        /// Output channels.
        channels: usize,
        /// The length of the kernel.
        #[serde(default = "three")]
        taps: usize,
        /// How far the kernel moves.
        #[serde(default = "one")]
        stride: usize,
        /// The distance between taps.
        #[serde(default = "one")]
        dilation: usize,
    },
    /// Every step repeated, then a convolution: the opposite of a stride.
    Upsample {
        /// Output channels.
        channels: usize,
        /// How often each step is repeated.
        factor: usize,
        /// The length of the kernel.
        #[serde(default = "three")]
        taps: usize,
    },
    /// x + conv(f(conv(f(x)))).
    Residual {
        /// Channels between its convolutions.
        hidden: usize,
        /// The distance between taps.
        #[serde(default = "one")]
        dilation: usize,
    },
    /// max(x, 0)
    Relu,
    /// The Gaussian error linear unit.
    Gelu,
    /// x·σ(x)
    Silu,
}

fn one() -> usize {
    1
}

fn three() -> usize {
    3
}

/// Encoder and decoder. The quantizer sees as many channels as the encoder's last convolution gives; a last convolution
/// of three taps back to the mel bands is added to the decoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// From frames `[batch, frame, mel]` to latents.
    pub encoder: Vec<Block>,
    /// From quantized latents towards frames.
    pub decoder: Vec<Block>,
}

impl Default for ModelConfig {
    fn default() -> Self {
        let conv = |channels, taps| Block::Conv { channels, taps, stride: 1, dilation: 1 };
        let encoder = vec![conv(256, 3), Block::Relu, conv(256, 3), Block::Relu, conv(128, 1)];
        let decoder = vec![conv(256, 3), Block::Relu, conv(256, 3), Block::Relu];
        Self { encoder, decoder }
    }
}

/// A model whose parameters are in a store.
pub struct Model {
    encoder: Sequential<f32>,
    decoder: Sequential<f32>,
    /// The quantizer, if the model has one.
    pub quantizer: Option<Box<dyn Quantizer<f32>>>,
    latent: usize,
    stride: usize,
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
        let mut scope = Scope::new(store, seed);
        let (encoder, latent, down, _) = stack(&config.encoder, mels, &mut scope.at("encoder"))?;
        let (decoder, channels, _, up) = stack(&config.decoder, latent, &mut scope.at("decoder"))?;
        let last =
            Conv1d::new(&mut scope.at("decoder").at(decoder.len()), Conv1dConfig::new(channels, mels, 3))?;
        let decoder = decoder.then(last);
        if down != up {
            return Err(Error::Request(format!(
                "the model cannot work: its encoder shortens sequences {down} times, its decoder lengthens them {up} times\n  \
                 rule: strides and upsampling factors have the same product"
            )));
        }
        let input = Shape::new(&[1, 8 * down, mels]);
        let latents = encoder.output_shape(&input)?;
        decoder.output_shape(&latents)?;
        let quantizer = quantizer.map(|q| q.build(latent, &mut scope.at("quantizer"))).transpose()?;
        Ok(Self { encoder, decoder, quantizer, latent, stride: down })
    }

    /// Frames per latent: inputs are multiples of it long.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Channels of a latent.
    pub fn latent(&self) -> usize {
        self.latent
    }

    /// Encodes, quantizes (unless told to leave that out) and decodes `x` `[batch, frame, mel]`.
    pub fn forward<'t>(&self, g: &Graph<'t, f32>, x: Var<'t, f32>, quantize: bool) -> Forward<'t> {
        let latents = self.encode(g, x);
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

/// Blocks in a row: the layers, their output channels, and by how much they shorten and lengthen a sequence.
fn stack(
    blocks: &[Block],
    input: usize,
    scope: &mut Scope<'_, f32>,
) -> Result<(Sequential<f32>, usize, usize, usize), Error> {
    let mut net = Sequential::new();
    let (mut channels, mut down, mut up) = (input, 1, 1);
    for (i, block) in blocks.iter().enumerate() {
        let at = &mut scope.at(i);
        net = match *block {
            Block::Conv { channels: to, taps, stride, dilation } => {
                let config = Conv1dConfig::new(channels, to, taps).stride(stride).dilation(dilation);
                (channels, down) = (to, down * stride);
                net.then(Conv1d::new(at, config)?)
            }
            Block::Upsample { channels: to, factor, taps } => {
                let config = Conv1dConfig::new(channels, to, taps);
                (channels, up) = (to, up * factor);
                net.then(UpsampleConv1d::new(at, factor, config)?)
            }
            Block::Residual { hidden, dilation } => {
                let config =
                    ResidualConfig::new(channels, hidden).dilation(dilation).activation(Activation::Relu);
                net.then(ResidualBlock::new(at, config)?)
            }
            Block::Relu => net.then(Activation::Relu),
            Block::Gelu => net.then(Activation::Gelu),
            Block::Silu => net.then(Activation::Silu),
        };
    }
    Ok((net, channels, down, up))
}
