//! Blocks in a row, built: an encoder or a decoder.

use gradbook_nn::{Scope, Sequential};

use crate::{Block, Error};

/// An encoder shortens a sequence and does not lengthen it, a decoder the other way round, by factors of the same product.
pub(crate) fn balanced(
    what: &str,
    [down, longer]: [usize; 2],
    [shorter, up]: [usize; 2],
) -> Result<(), Error> {
    if longer > 1 || shorter > 1 {
        return Err(Error::Request(format!(
            "the model cannot work: {what} lengthens sequences {longer} times, its decoder shortens them {shorter} times\n  \
             rule: an encoder shortens sequences, a decoder lengthens them"
        )));
    }
    if down == up {
        return Ok(());
    }
    Err(Error::Request(format!(
        "the model cannot work: {what} shortens sequences {down} times, its decoder lengthens them {up} times\n  \
         rule: strides and upsampling factors have the same product"
    )))
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
        let layer = block.layer(channels, &mut scope.at(i))?;
        let shape = layer.output_shape(&[1, LONG, channels].into())?;
        let length = shape[1].max(1);
        let factor = |long: usize, short: usize| (long + short / 2) / short;
        (channels, down, up) =
            (shape[2], down * factor(LONG, length).max(1), up * factor(length, LONG).max(1));
        layers.push(layer);
    }
    Ok((layers.into_iter().collect(), channels, down, up))
}
