//! Two codebooks, the coarse one first: VQ-VAE-2, Razavi et al. 2019, arXiv:1906.00446.

use gradbook_autograd::{Graph, ParamStore, Rng, Stats, Stream, Tape, Tensor, Var};
use gradbook_nn::{ConfigError, Conv1d, Conv1dConfig, Layer, Scope, Sequential};
use gradbook_vq::{Absorbed, Book, Codes, Latent, Quantized, Quantizer};
use serde::{Deserialize, Serialize};

use crate::{
    Block, Error,
    extent::{self, Side},
    model::BuildQuantizer,
    stack::{balanced, stack},
};

/// The encoder and decoder of the coarse level of a [`TwoLevel`] quantizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopConfig<B = Vec<Block>> {
    /// From latents to the top; its strides make the top shorter.
    pub encoder: B,
    /// From the top's values back to as many steps.
    pub decoder: B,
}

impl TopConfig {
    /// Whether its blocks keep their rules.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        extent::check(&self.encoder, Side::Encoder, "encoder")?;
        extent::check(&self.decoder, Side::Decoder, "decoder")
    }
}

/// A level of few places on top of the one the encoder gives, each with its own quantizer, the upper one with an encoder
/// and a decoder of its own.
///
/// ```text
/// t = quantize(encode z)             [batch, step/f, channel of the top]
/// c = decode t                       [batch, step, channel]: what the top says about every step
/// b = quantize([z, c]·A + a)         what is left to say, given that
/// values = [b, c]·B + b'
/// ```
///
/// Convolutions see neighbors, so values depend on where a clip begins and ends: [`Quantizer::lookup`] takes the codes of
/// one clip.
pub struct TwoLevel {
    /// From latents to the top, f times as short.
    pub encoder: Sequential<f32>,
    /// From the top's values back to as many steps as there are latents.
    pub decoder: Sequential<f32>,
    /// f
    pub factor: usize,
    /// The quantizer of the coarse level.
    pub top: Box<dyn Quantizer<f32>>,
    /// The quantizer of the fine level.
    pub bottom: Box<dyn Quantizer<f32>>,
    /// A, a: `[latent, condition]` to what the bottom quantizes.
    pub inward: Conv1d,
    /// B, b': `[bottom's value, condition]` to what the model's decoder sees.
    pub outward: Conv1d,
}

/// The networks of a coarse level.
pub(crate) struct Levels {
    pub encoder: Sequential<f32>,
    decoder: Sequential<f32>,
    pub factor: usize,
    /// Channels of the top, and of what its decoder gives.
    channels: [usize; 2],
}

impl Levels {
    pub fn build(config: &TopConfig, latent: usize, scope: &mut Scope<'_, f32>) -> Result<Self, Error> {
        let (encoder, top, factor, longer) =
            stack(&config.encoder, latent, &mut scope.at("encoder").at("top"))?;
        let (decoder, condition, shorter, up) =
            stack(&config.decoder, top, &mut scope.at("decoder").at("top"))?;
        balanced("the encoder of model.top", [factor, longer], [shorter, up])?;
        Ok(Self { encoder, decoder, factor, channels: [top, condition] })
    }

    pub fn quantizer(
        self,
        build: &mut BuildQuantizer<'_>,
        latent: usize,
        scope: &mut Scope<'_, f32>,
    ) -> Result<TwoLevel, Error> {
        let [top, condition] = self.channels;
        let joined = Conv1dConfig::new(latent + condition, latent, 1);
        Ok(TwoLevel {
            encoder: self.encoder,
            decoder: self.decoder,
            factor: self.factor,
            top: build(top, &mut scope.at("quantizer").at("top"))?,
            bottom: build(latent, &mut scope.at("quantizer").at("bottom"))?,
            inward: Conv1d::new(&mut scope.at("encoder").at("join"), joined)?,
            outward: Conv1d::new(&mut scope.at("decoder").at("join"), joined)?,
        })
    }
}

const LEVELS: [&str; 2] = ["top", "bottom"];

impl TwoLevel {
    fn parts(&self) -> [&dyn Quantizer<f32>; 2] {
        [&*self.top, &*self.bottom]
    }

    /// What the bottom quantizes, `[batch, step, channel]`.
    fn bottom_input<'t>(&self, g: &Graph<'t, f32>, z: Var<'t, f32>, c: Var<'t, f32>) -> Var<'t, f32> {
        self.inward.forward(g, Var::concat(&[z, c], 2))
    }
}

/// `[row, channel]` as one clip `[1, row, channel]`.
fn clip(z: Var<'_, f32>) -> Var<'_, f32> {
    let shape = z.shape();
    if shape.len() == 2 { z.reshape([1, shape[0], shape[1]]) } else { z }
}

impl Quantizer<f32> for TwoLevel {
    fn dim(&self, store: &ParamStore<f32>) -> usize {
        self.bottom.dim(store)
    }

    fn radices(&self, store: &ParamStore<f32>) -> Vec<u64> {
        self.parts().iter().flat_map(|part| part.radices(store)).collect()
    }

    fn slots(&self) -> usize {
        self.parts().iter().map(|part| part.slots()).sum()
    }

    fn rowwise(&self) -> bool {
        false
    }

    fn quantize<'t>(&self, g: &Graph<'t, f32>, z: Latent<'t, f32>) -> Quantized<'t, f32> {
        let shape = z.value.shape();
        let z = z.map(clip);
        let top = self.top.quantize(g, z.map(|z| self.encoder.forward(g, z)));
        let c = self.decoder.forward(g, top.values);
        let bottom = self.bottom.quantize(g, z.map(|z| self.bottom_input(g, z, c)));
        let values = self.outward.forward(g, Var::concat(&[bottom.values, c], 2)).reshape(shape);
        let mut losses = Vec::new();
        for (level, found) in LEVELS.into_iter().zip([top.losses, bottom.losses]) {
            losses.extend(found.into_iter().map(|mut loss| {
                loss.name = format!("{level}.{}", loss.name);
                loss
            }));
        }
        Quantized { values, codes: Codes::join([top.codes, bottom.codes]), losses }
    }

    fn lookup<'t>(&self, g: &Graph<'t, f32>, codes: &Codes) -> Var<'t, f32> {
        let slots = self.top.slots();
        let top = self.top.lookup(g, &codes.part(0, slots));
        let bottom = self.bottom.lookup(g, &codes.part(slots, codes.slots() - slots));
        let c = self.decoder.forward(g, clip(top));
        let values = self.outward.forward(g, Var::concat(&[clip(bottom), c], 2));
        let shape = values.shape();
        values.reshape([shape[1], shape[2]])
    }

    fn absorb(&self, store: &mut ParamStore<f32>, stats: &Stats<f32>, stream: &Stream) -> Absorbed {
        self.encoder.absorb(store, stats);
        self.decoder.absorb(store, stats);
        let mut all = Absorbed::default();
        self.parts().into_iter().for_each(|part| all.merge(part.absorb(store, stats, stream)));
        all
    }

    /// The top first, then the bottom given what the top says. Crops in a row are taken for one clip: a wrong neighbor at
    /// their ends does no harm to a start.
    fn seed(&self, store: &mut ParamStore<f32>, latents: &Tensor<f32>, stream: &Stream) {
        let [rows, channels] = [latents.shape()[0] / self.factor * self.factor, latents.shape()[1]];
        let z = Tensor::new([1, rows, channels], latents.as_slice()[..rows * channels].to_vec());
        let flat = |x: Tensor<f32>| {
            let shape = *x.shape();
            x.reshaped([shape[1], shape[2]])
        };
        let coarse = {
            let tape = Tape::new();
            flat(self.encoder.forward(&Graph::eval(&tape, store), tape.constant(z.clone())).value())
        };
        self.top.seed(store, &coarse, stream);
        let fine = {
            let tape = Tape::new();
            let g = Graph::eval(&tape, store);
            let q = tape.constant(self.top.decode(store, &self.top.encode(store, &coarse)));
            let c = self.decoder.forward(&g, clip(q));
            flat(self.bottom_input(&g, tape.constant(z), c).value())
        };
        self.bottom.seed(store, &fine, stream);
    }

    fn raise(&self, store: &mut ParamStore<f32>, dim: usize, rng: &mut Rng) -> bool {
        let raised = self.parts().map(|part| part.raise(store, dim, rng));
        raised.contains(&true)
    }

    fn codebooks(&self) -> Vec<Book<'_, f32>> {
        let mut all = Vec::new();
        let mut slots = 0;
        for (level, part) in LEVELS.into_iter().zip(self.parts()) {
            all.extend(part.codebooks().into_iter().map(|book| Book {
                place: if book.place.is_empty() {
                    level.to_owned()
                } else {
                    format!("{level}, {}", book.place)
                },
                slots: slots + book.slots.start..slots + book.slots.end,
                ..book
            }));
            slots += part.slots();
        }
        all
    }
}
