//! The blocks that encoders and decoders are lists of. A block is a config that builds a layer; a [`Registry`] lists them.

mod activations;

use std::sync::Arc;

use gradbook_nn::{
    Activation, ConfigError, Conv1d, Conv1dConfig, Layer, ResidualBlock, ResidualConfig, Scope,
    UpsampleConv1d,
    named::{KindError, Kinds, Named, Options, Reader},
    rules,
};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned, de::Error as _};

use crate::{
    Registry,
    extent::{self, Extent},
};

pub use activations::{Gelu, Relu, Silu};

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

    /// Whether each option keeps its rule. [`build`](Self::build) can rely on it.
    ///
    /// # Errors
    /// The first option that does not.
    fn check(&self) -> Result<(), ConfigError> {
        Ok(())
    }

    /// What the layer for a sequence of so many channels and steps takes, to an order of magnitude: for a bound on memory
    /// before any is taken.
    fn extent(&self, channels: f64, steps: f64) -> Extent {
        Extent { weights: 0.0, needed: channels * steps, channels, steps }
    }
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
    fn checked(&self) -> Result<(), ConfigError>;
    fn takes(&self, channels: f64, steps: f64) -> Extent;
}

impl<C: BlockConfig> AnyBlock for C {
    fn layer(&self, channels: usize, scope: &mut Scope<'_, f32>) -> Result<Box<dyn Layer<f32>>, ConfigError> {
        self.build(channels, scope)
    }

    fn checked(&self) -> Result<(), ConfigError> {
        self.check()
    }

    fn takes(&self, channels: f64, steps: f64) -> Extent {
        self.extent(channels, steps)
    }
}

impl Block {
    pub(crate) fn layer(
        &self,
        channels: usize,
        scope: &mut Scope<'_, f32>,
    ) -> Result<Box<dyn Layer<f32>>, ConfigError> {
        self.0.layer(channels, scope)
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.0.checked()
    }

    pub(crate) fn extent(&self, channels: f64, steps: f64) -> Extent {
        self.0.takes(channels, steps)
    }
}

/// The blocks of this crate.
pub(crate) fn built_in() -> Result<Kinds<Reader<Block>>, KindError> {
    let mut kinds = Kinds::new("a block", "layer");
    kinds.define::<Conv>(Conv::NAME)?;
    kinds.define::<Upsample>(Upsample::NAME)?;
    kinds.define::<Residual>(Residual::NAME)?;
    kinds.define::<Relu>(Relu::NAME)?;
    kinds.define::<Gelu>(Gelu::NAME)?;
    kinds.define::<Silu>(Silu::NAME)?;
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

    fn check(&self) -> Result<(), ConfigError> {
        extent::channels("channels", self.channels)?;
        extent::span(self.taps, self.dilation)?;
        rules::count("stride", self.stride, 1..=extent::MOST_FACTOR)
    }

    fn extent(&self, from: f64, steps: f64) -> Extent {
        let reach = ((self.taps - 1) * self.dilation) as f64;
        extent::convolved(from, steps, (self.channels, self.taps), reach, steps / self.stride as f64)
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

    fn check(&self) -> Result<(), ConfigError> {
        extent::channels("channels", self.channels)?;
        extent::span(self.taps, 1)?;
        rules::count("factor", self.factor, 1..=extent::MOST_FACTOR)
    }

    fn extent(&self, from: f64, steps: f64) -> Extent {
        let longer = steps * self.factor as f64;
        extent::convolved(from, longer, (self.channels, self.taps), (self.taps - 1) as f64, longer)
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

    fn check(&self) -> Result<(), ConfigError> {
        extent::channels("hidden", self.hidden)?;
        extent::span(3, self.dilation)
    }

    fn extent(&self, from: f64, steps: f64) -> Extent {
        let inner = extent::convolved(from, steps, (self.hidden, 4), 2.0 * self.dilation as f64, steps);
        Extent { channels: from, ..inner }
    }
}

fn one() -> usize {
    1
}

fn three() -> usize {
    3
}

/// A convolution of the models here. They see whole windows, so it does not matter which samples an output was rounded
/// with, and three taps may take the faster way ([`Conv1dConfig::winograd`]).
pub(crate) fn conv(input: usize, output: usize, taps: usize) -> Conv1dConfig {
    Conv1dConfig::new(input, output, taps).winograd()
}
