//! Product quantization: the channels are cut into groups, and each group has a quantizer of its own.
//! Jégou et al. 2011; HiFi-Codec, Yang et al. 2023, arXiv:2305.02765.

use gradbook_autograd::{Graph, ParamStore, Real, Rng, Stats, Stream, Tape, Tensor, Var};
use gradbook_nn::{ConfigError, Scope};
use serde::{Deserialize, Serialize};

use super::{Parts, Sharing, named, side_by_side};
use crate::{
    Absorbed, Book, Codes, GradientRule, KindConfig, KindError, Latent, Options, Quantized, Quantizer,
    Registry,
    kinds::{QuantizerConfig, check_inner},
};

/// Equal groups of channels with the same kind of quantizer: G groups of K codes each make Kᴳ.
///
/// ```text
/// z = (z₁, …, z_G)   q = (Q₁(z₁), …, Q_G(z_G))   each z_g of dim/G channels
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupedConfig<Q = QuantizerConfig> {
    /// The number of groups, which divides the channels.
    pub groups: usize,
    /// The quantizer of each group.
    pub quantizer: Q,
}

impl KindConfig for GroupedConfig {
    const NAME: &'static str = "grouped";
    const PAPER: &'static str = "arXiv:2305.02765";
    const SUMMARY: &'static str = "channels cut into groups, each with its own quantizer";

    fn check(&self) -> Result<(), ConfigError> {
        check_inner(&self.quantizer) // whether the groups divide the channels is for `build` to say
    }

    fn size(&self, dim: usize, rows: usize) -> f64 {
        let groups = self.groups.clamp(1, dim.max(1));
        groups as f64 * self.quantizer.size(dim / groups, rows)
    }

    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        if self.groups == 0 || !dim.is_multiple_of(self.groups) {
            let rule = format!("a divisor of the {dim} channels");
            return Err(ConfigError { what: "quantizer.groups".into(), got: self.groups.to_string(), rule });
        }
        let width = dim / self.groups;
        let parts = Parts::build(&self.quantizer, Sharing::Own, ("group", self.groups), width, scope)?;
        Ok(Box::new(Grouped { parts }))
    }

    fn probes(inner: &[QuantizerConfig]) -> Vec<Self> {
        let of = |(i, inner): (usize, &QuantizerConfig)| Self {
            groups: [2, 3, 1][i % 3],
            quantizer: inner.clone(),
        };
        inner.iter().enumerate().map(of).collect()
    }

    fn probe_dim(&self) -> usize {
        self.groups * self.quantizer.probe_dim()
    }

    fn read(options: Options, registry: &Registry) -> Result<Self, KindError> {
        let GroupedConfig::<Options> { groups, quantizer } = options.read()?;
        Ok(Self { groups, quantizer: registry.inner(quantizer)? })
    }
}

/// The quantizer of a [`GroupedConfig`].
pub struct Grouped<T: Real> {
    parts: Parts<T>,
}

impl<T: Real> Grouped<T> {
    /// Groups of these quantizers, each of which takes its [`dim`](Quantizer::dim) channels.
    pub fn new(parts: Vec<Box<dyn Quantizer<T>>>) -> Self {
        Self { parts: Parts::own(parts) }
    }
}

impl<T: Real> Quantizer<T> for Grouped<T> {
    fn dim(&self, store: &ParamStore<T>) -> usize {
        self.parts.iter().map(|part| part.dim(store)).sum()
    }

    fn radices(&self, store: &ParamStore<T>) -> Vec<u64> {
        self.parts.radices(store)
    }

    fn slots(&self) -> usize {
        self.parts.slots()
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let shape = z.value.shape();
        let z = z.rows("grouped", self.dim(g.store()));
        let (mut values, mut codes, mut losses) = (Vec::new(), Vec::new(), Vec::new());
        let mut from = 0;
        for (i, part) in self.parts.iter().enumerate() {
            let range = from..from + part.dim(g.store());
            from = range.end;
            let found = part.quantize(g, z.map(|z| z.slice(1, range.clone())));
            values.push(found.values);
            codes.push(found.codes);
            losses.extend(named(i, found.losses));
        }
        Quantized { values: Var::concat(&values, 1).reshape(shape), codes: Codes::join(codes), losses }
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        let columns = self.parts.split(g.store(), codes);
        assert_eq!(columns.len(), self.parts.iter().count(), "grouped: codes of all groups are needed");
        let values: Vec<_> =
            self.parts.iter().zip(&columns).map(|(part, codes)| part.lookup(g, codes)).collect();
        Var::concat(&values, 1)
    }

    fn refined(&self, finer: usize) -> Option<Box<dyn Quantizer<T>>> {
        Some(Box::new(Self { parts: self.parts.refined(|_| finer)? }))
    }

    fn bounded<'t>(&self, z: Var<'t, T>) -> Var<'t, T> {
        let width = z.shape()[1] / self.parts.iter().count();
        let part =
            |(i, part): (usize, &dyn Quantizer<T>)| part.bounded(z.slice(1, i * width..(i + 1) * width));
        Var::concat(&self.parts.iter().enumerate().map(part).collect::<Vec<_>>(), 1)
    }

    fn absorb(&self, store: &mut ParamStore<T>, stats: &Stats<T>, stream: &Stream) -> Absorbed {
        self.parts.absorb(store, stats, stream)
    }

    fn seed(&self, store: &mut ParamStore<T>, latents: &Tensor<T>, stream: &Stream) {
        let tape = Tape::new();
        let rows = tape.constant(latents.clone());
        let mut from = 0;
        for part in self.parts.iter() {
            let range = from..from + part.dim(store);
            from = range.end;
            part.seed(store, &rows.slice(1, range).value(), stream);
        }
    }

    fn raise(&self, store: &mut ParamStore<T>, dim: usize, rng: &mut Rng) -> bool {
        self.parts.raise(store, dim, rng)
    }

    fn widen(&self, store: &mut ParamStore<T>, dim: usize) -> Option<Vec<usize>> {
        let groups = self.parts.iter().count();
        let width = dim.is_multiple_of(groups).then_some(dim / groups)?;
        self.parts.widen(store, width).map(|places| side_by_side(&places, groups, width))
    }

    fn greedy(&self) -> bool {
        self.parts.iter().all(|part| part.greedy())
    }

    fn gradient_rule(&self) -> GradientRule {
        GradientRule::of_parts(self.parts.iter().map(|part| part.gradient_rule()))
    }

    fn codebooks(&self) -> Vec<Book<'_, T>> {
        self.parts.codebooks("group")
    }
}
