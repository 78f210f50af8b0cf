//! The blocks that encoders and decoders are lists of. A block is a config that builds a layer; a [`Registry`] lists them.

use std::sync::Arc;

use gradbook_nn::{
    Activation, ConfigError, Conv1d, Conv1dConfig, Layer, ResidualBlock, ResidualConfig, Scope, Sequential,
    UpsampleConv1d,
    named::{KindError, Kinds, Named, Options},
};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned, de::Error as _};

use crate::{Error, Registry};

/// A kind of block: its options, and the layer they mean. Its fields are what a recipe can say (by serde).
pub trait BlockConfig: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name in recipes.
    const NAME: &'static str;

    /// The layer for sequences `[batch, step, channel]` of so many channels. Its output may have other channels, and be
    /// shorter or longer by a whole factor.
    ///
    /// # Errors
    /// If the options cannot work.
    fn build(&self, channels: usize, scope: &mut Scope<'_, f32>) -> Result<Box<dyn Layer<f32>>, ConfigError>;
}

/// One block of an encoder or decoder, as in `{ layer = "conv", channels = 256 }`.
///
/// By itself it is read with the built-in kinds; a [`Registry`] reads it with others too.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Block(Named<dyn AnyBlock>);

impl<C: BlockConfig> From<C> for Block {
    fn from(config: C) -> Self {
        let config = Arc::new(config);
        Self(Named::new("layer", C::NAME, &*config.clone(), config))
    }
}

impl<'de> Deserialize<'de> for Block {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Registry::default().block_of(Options::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A [`BlockConfig`] of whatever kind.
trait AnyBlock: Send + Sync {
    fn layer(&self, channels: usize, scope: &mut Scope<'_, f32>) -> Result<Box<dyn Layer<f32>>, ConfigError>;
}

impl<C: BlockConfig> AnyBlock for C {
    fn layer(&self, channels: usize, scope: &mut Scope<'_, f32>) -> Result<Box<dyn Layer<f32>>, ConfigError> {
        self.build(channels, scope)
    }
}

/// How a block is read from its options.
pub(crate) type ReadBlock = fn(Options) -> Result<Block, KindError>;

/// Adds a kind of block to a list.
pub(crate) fn add<C: BlockConfig>(kinds: &mut Kinds<ReadBlock>) -> Result<(), KindError> {
    kinds.add(C::NAME, |options| Ok(options.read::<C>()?.into()))
}

/// The blocks of this crate.
pub(crate) fn built_in() -> Result<Kinds<ReadBlock>, KindError> {
    let mut kinds = Kinds::new("a block", "layer");
    add::<Conv>(&mut kinds)?;
    add::<Upsample>(&mut kinds)?;
    add::<Residual>(&mut kinds)?;
    add::<Relu>(&mut kinds)?;
    add::<Gelu>(&mut kinds)?;
    add::<Silu>(&mut kinds)?;
    Ok(kinds)
}

/// A convolution; a stride shortens the sequence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv {
    /// Output channels.
    pub channels: usize,
    /// The length of the kernel.
    #[serde(default = "three")]
    pub taps: usize,
    /// How far the kernel moves.
    #[serde(default = "one")]
    pub stride: usize,
    /// The distance between taps.
    #[serde(default = "one")]
    pub dilation: usize,
}

impl Conv {
    /// One that leaves the length as it is.
    pub fn new(channels: usize, taps: usize) -> Self {
        Self { channels, taps, stride: 1, dilation: 1 }
    }
}

impl BlockConfig for Conv {
    const NAME: &'static str = "conv";

    fn build(&self, from: usize, scope: &mut Scope<'_, f32>) -> Result<Box<dyn Layer<f32>>, ConfigError> {
        let config = conv(from, self.channels, self.taps).stride(self.stride);
        Ok(Box::new(Conv1d::new(scope, config.dilation(self.dilation))?))
    }
}

/// Every step repeated, then a convolution: the opposite of a stride.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upsample {
    /// Output channels.
    pub channels: usize,
    /// How often each step is repeated.
    pub factor: usize,
    /// The length of the kernel.
    #[serde(default = "three")]
    pub taps: usize,
}

impl BlockConfig for Upsample {
    const NAME: &'static str = "upsample";

    fn build(&self, from: usize, scope: &mut Scope<'_, f32>) -> Result<Box<dyn Layer<f32>>, ConfigError> {
        let config = conv(from, self.channels, self.taps);
        Ok(Box::new(UpsampleConv1d::new(scope, self.factor, config)?))
    }
}

/// x + conv(f(conv(f(x)))).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Residual {
    /// Channels between its convolutions.
    pub hidden: usize,
    /// The distance between taps.
    #[serde(default = "one")]
    pub dilation: usize,
}

impl BlockConfig for Residual {
    const NAME: &'static str = "residual";

    fn build(&self, from: usize, scope: &mut Scope<'_, f32>) -> Result<Box<dyn Layer<f32>>, ConfigError> {
        let config = ResidualConfig::new(from, self.hidden).dilation(self.dilation).winograd();
        Ok(Box::new(ResidualBlock::new(scope, config.activation(Activation::Relu))?))
    }
}

macro_rules! activations {
    ($($(#[$doc:meta])* $block:ident: $name:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $block {}

        impl BlockConfig for $block {
            const NAME: &'static str = $name;

            fn build(&self, _: usize, _: &mut Scope<'_, f32>) -> Result<Box<dyn Layer<f32>>, ConfigError> {
                Ok(Box::new(Activation::$block))
            }
        }
    )+};
}

activations! {
    /// max(x, 0)
    Relu: "relu";
    /// The Gaussian error linear unit.
    Gelu: "gelu";
    /// x·σ(x)
    Silu: "silu";
}

fn one() -> usize {
    1
}

fn three() -> usize {
    3
}

/// Strides and upsampling factors have the same product.
pub(crate) fn balanced(what: &str, down: usize, up: usize) -> Result<(), Error> {
    if down == up {
        return Ok(());
    }
    Err(Error::Request(format!(
        "the model cannot work: {what} shortens sequences {down} times, its decoder lengthens them {up} times\n  \
         rule: strides and upsampling factors have the same product"
    )))
}

/// A convolution of the models here. They see whole windows, so it does not matter which samples an output was rounded
/// with, and three taps may take the faster way ([`Conv1dConfig::winograd`]).
pub(crate) fn conv(input: usize, output: usize, taps: usize) -> Conv1dConfig {
    Conv1dConfig::new(input, output, taps).winograd()
}

/// So long that what a layer makes of a length shows its factor, whatever it does at the ends.
const LONG: usize = 1 << 20;

/// Blocks in a row: the layers, their output channels, and by how much they shorten and lengthen a sequence.
pub(crate) fn stack(
    blocks: &[Block],
    input: usize,
    scope: &mut Scope<'_, f32>,
) -> Result<(Sequential<f32>, usize, usize, usize), Error> {
    let mut layers = Vec::new();
    let (mut channels, mut down, mut up) = (input, 1, 1);
    for (i, block) in blocks.iter().enumerate() {
        let layer = block.0.layer(channels, &mut scope.at(i))?;
        let shape = layer.output_shape(&[1, LONG, channels].into())?;
        let length = shape[1].max(1);
        let factor = |long: usize, short: usize| (long + short / 2) / short;
        (channels, down, up) =
            (shape[2], down * factor(LONG, length).max(1), up * factor(length, LONG).max(1));
        layers.push(layer);
    }
    Ok((layers.into_iter().collect(), channels, down, up))
}
