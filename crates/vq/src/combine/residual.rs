//! Residual quantization: each level quantizes what the levels before it left over.
//! SoundStream, Zeghidour et al. 2021, arXiv:2107.03312.

use gradbook_autograd::{Graph, ParamStore, Real, Rng, Stats, Stream, Tensor, Var};
use gradbook_nn::{ConfigError, Scope};
use ndarray_rand::rand::Rng as _;
use serde::{Deserialize, Serialize};

use super::{Parts, named};
use crate::{
    Absorbed, Book, Codes, KindConfig, Latent, Passage, Quantized, Quantizer, kinds::QuantizerConfig,
};

/// Levels are not seeded on remainders with less than this share of the latents' energy: there is nothing left to learn.
const EXHAUSTED: f64 = 1e-9;

/// Levels of the same kind of quantizer, each with its own codes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResidualConfig {
    /// L, the number of levels.
    pub levels: usize,
    /// The quantizer of each level.
    pub quantizer: Box<QuantizerConfig>,
    /// How many levels a training step uses.
    #[serde(default)]
    pub depth: Depth,
}

/// How many levels a training step uses (quantizer dropout), so that decoding from the first few works too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// All of them, always.
    #[default]
    All,
    /// A number drawn uniformly from 1 … L for each batch.
    PerBatch,
}

impl KindConfig for ResidualConfig {
    const NAME: &'static str = "residual";
    const PAPER: &'static str = "arXiv:2107.03312";
    const SUMMARY: &'static str = "levels that each quantize what is left over";

    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        if self.levels == 0 {
            let rule = "at least one level".to_owned();
            return Err(ConfigError { what: "quantizer.levels".into(), got: "0".into(), rule });
        }
        let level = |i| self.quantizer.build(dim, &mut scope.at("level").at(i));
        let parts = Parts((0..self.levels).map(level).collect::<Result<_, _>>()?);
        Ok(Box::new(Residual { parts, depth: self.depth }))
    }

    fn probes() -> Vec<Self> {
        let codebooks = crate::codebook::CodebookConfig::probes().into_iter().map(QuantizerConfig::Codebook);
        let grouped = super::GroupedConfig::probes().into_iter().map(QuantizerConfig::Grouped).take(2);
        let projected = super::ProjectedConfig::probes().into_iter().map(QuantizerConfig::Projected).take(2);
        let of = |quantizer, depth| Self { levels: 3, quantizer: Box::new(quantizer), depth };
        let all = codebooks.step_by(2).chain(grouped).chain(projected);
        all.enumerate().map(|(i, q)| of(q, if i % 3 == 2 { Depth::PerBatch } else { Depth::All })).collect()
    }

    fn probe_dim(&self) -> usize {
        self.quantizer.probe_dim()
    }
}

/// The quantizer of a [`ResidualConfig`].
pub struct Residual<T: Real> {
    parts: Parts<T>,
    depth: Depth,
}

impl<T: Real> Residual<T> {
    /// A stack of these quantizers, which all take the same number of channels.
    pub fn new(levels: Vec<Box<dyn Quantizer<T>>>, depth: Depth) -> Self {
        Self { parts: Parts(levels), depth }
    }
}

impl<T: Real> Quantizer<T> for Residual<T> {
    fn dim(&self, store: &ParamStore<T>) -> usize {
        self.parts.0[0].dim(store)
    }

    fn radices(&self, store: &ParamStore<T>) -> Vec<u64> {
        self.parts.radices(store)
    }

    fn slots(&self) -> usize {
        self.parts.slots()
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let shape = z.value.shape();
        let z = z.rows("residual", self.dim(g.store()));
        let levels = self.parts.0.len();
        let depth = match self.depth {
            Depth::PerBatch if g.training() => g.rng().random_range(1..=levels),
            _ => levels,
        };
        let (mut codes, mut losses) = (Vec::new(), Vec::new());
        let mut rest = z;
        let mut total: Option<Var<'t, T>> = None;
        for (i, level) in self.parts.0.iter().enumerate() {
            if i >= depth {
                let radices = level.radices(g.store());
                let rows = z.value.shape()[0];
                codes.push(Codes::new(vec![vec![crate::codes::SKIPPED; rows]; radices.len()], radices));
                continue;
            }
            let found = level.quantize(g, rest);
            // The decoder's gradient reaches the encoder through the first level only, hence once; the losses of every
            // level reach it through `rest.loss`.
            let left = found_value(g, level.as_ref(), &found);
            rest = Latent { value: rest.value.detach() - left, loss: rest.loss - left };
            total = Some(total.map_or(found.values, |sum| sum + found.values));
            codes.push(found.codes);
            losses.extend(named(i, found.losses));
        }
        let codes = Codes::join(codes);
        let values = if g.training() { total.expect("at least one level") } else { self.lookup(g, &codes) };
        Quantized { values: values.reshape(shape), codes, losses }
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        let columns = self.parts.split(g.store(), codes);
        let values = self.parts.0.iter().zip(&columns).map(|(level, codes)| level.lookup(g, codes));
        values.reduce(|sum, q| sum + q).expect("at least one level")
    }

    fn absorb(&self, store: &mut ParamStore<T>, stats: &Stats<T>, stream: &Stream) -> Absorbed {
        self.parts.absorb(store, stats, stream)
    }

    /// Level by level, each on the true remainders of those before it.
    fn seed(&self, store: &mut ParamStore<T>, latents: &Tensor<T>, stream: &Stream) {
        let energy = |x: &Tensor<T>| x.as_slice().iter().map(|x| x.to_f64().powi(2)).sum::<f64>();
        let whole = energy(latents);
        let mut rest = latents.clone();
        for level in &self.parts.0 {
            if energy(&rest) <= EXHAUSTED * whole {
                return;
            }
            level.seed(store, &rest, stream);
            let q = level.decode(store, &level.encode(store, &rest));
            rest.zip_assign(&q, |z, q| z - q);
        }
    }

    fn raise(&self, store: &mut ParamStore<T>, dim: usize, rng: &mut Rng) -> bool {
        self.parts.raise(store, dim, rng)
    }

    /// All levels make room, or none.
    fn widen(&self, store: &mut ParamStore<T>, dim: usize) -> bool {
        let before = store.clone();
        let all = self.parts.0.iter().all(|level| level.widen(store, dim));
        if !all {
            *store = before;
        }
        all
    }

    /// The decoder's gradient passes the first level alone.
    fn passage(&self) -> Passage {
        match self.parts.0[0].passage() {
            Passage::Identity => Passage::Identity,
            _ => Passage::Own,
        }
    }

    fn codebooks(&self) -> Vec<Book<'_>> {
        self.parts.codebooks("level")
    }
}

/// What a level takes away from the remainder: the values of its codes, a constant.
fn found_value<'t, T: Real>(
    g: &Graph<'t, T>,
    level: &dyn Quantizer<T>,
    found: &Quantized<'t, T>,
) -> Var<'t, T> {
    if g.training() { level.lookup(g, &found.codes).detach() } else { found.values }
}
