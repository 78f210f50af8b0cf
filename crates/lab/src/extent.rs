//! What blocks take of memory, and the rules of an encoder and a decoder: told from their configs, before any is built.

use gradbook_nn::{ConfigError, rules};

use crate::Block;

/// What a layer takes, in numbers, and what it makes of a sequence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// Its weights.
    pub weights: f64,
    /// What it reads and gives for one sequence.
    pub needed: f64,
    /// Channels behind it.
    pub channels: f64,
    /// Steps behind it.
    pub steps: f64,
}

/// Whose blocks they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Strides shorten the sequence, and nothing lengthens it.
    Encoder,
    /// The other way round.
    Decoder,
}

/// The most channels of a layer.
const MOST_CHANNELS: usize = 1 << 16;
/// How far a kernel may reach.
const MOST_REACH: usize = 1 << 14;
/// By how much a stride, or all together, may shorten a sequence.
pub(crate) const MOST_FACTOR: usize = 1 << 12;

/// The rule of a number of channels.
pub(crate) fn channels(what: &str, n: usize) -> Result<(), ConfigError> {
    rules::count(what, n, 1..=MOST_CHANNELS)
}

/// The rules of a kernel.
pub(crate) fn span(taps: usize, dilation: usize) -> Result<(), ConfigError> {
    rules::count("taps", taps, 1..=MOST_REACH)?;
    rules::count("dilation", dilation, 1..=MOST_REACH)?;
    let rule = "(taps − 1)·dilation is at most 16384";
    ConfigError::unless((taps - 1) * dilation <= MOST_REACH, "dilation", dilation, rule)
}

/// What a convolution takes of `from` channels to so many, with so many taps that reach so far.
pub(crate) fn convolved(from: f64, read: f64, (to, taps): (usize, usize), reach: f64, steps: f64) -> Extent {
    let channels = to as f64;
    let needed = from * (read + reach) + channels * steps;
    Extent { weights: taps as f64 * from * channels, needed, channels, steps }
}

/// What blocks in a row take, and what is behind them.
pub(crate) fn of(blocks: &[Block], channels: f64, steps: f64) -> Extent {
    let start = Extent { weights: 0.0, needed: 0.0, channels, steps };
    blocks.iter().fold(start, |all, block| {
        let own = block.extent(all.channels, all.steps);
        Extent { weights: all.weights + own.weights, needed: all.needed + own.needed, ..own }
    })
}

/// Whether blocks keep their rules, each by itself and all together.
pub(crate) fn check(blocks: &[Block], side: Side, what: &str) -> Result<(), ConfigError> {
    rules::count(&format!("{what}.length"), blocks.len(), 0..=256)?;
    for (i, block) in blocks.iter().enumerate() {
        let place = format!("{what}.{i}");
        block.check().map_err(|error| error.at(&place))?;
        let steps = block.extent(1.0, 1.0).steps;
        let (fits, rule) = match side {
            Side::Encoder => (steps <= 1.0, "an encoder shortens sequences, by a `conv` with a stride"),
            Side::Decoder => (steps >= 1.0, "a decoder lengthens sequences, by `upsample`"),
        };
        ConfigError::unless(fits, &place, block, rule)?;
    }
    let all = of(blocks, 1.0, 1.0).steps;
    let together = all.max(1.0 / all);
    let rule = "strides or factors that together make at most 4096";
    ConfigError::unless(together <= MOST_FACTOR as f64, what, together, rule)
}
