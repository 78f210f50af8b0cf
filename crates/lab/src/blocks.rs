//! The blocks that encoders and decoders are lists of.

use gradbook_nn::{
    Activation, Conv1d, Conv1dConfig, ResidualBlock, ResidualConfig, Scope, Sequential, UpsampleConv1d,
};
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

/// Blocks in a row: the layers, their output channels, and by how much they shorten and lengthen a sequence.
pub(crate) fn stack(
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
