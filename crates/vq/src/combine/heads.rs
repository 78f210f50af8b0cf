//! Heads: the channels are cut into equal parts that all choose from one quantizer's codes. (Parts with codes of their own
//! are [`grouped`](super::Grouped).) Multi-headed codes of VectorQuantize in vector-quantize-pytorch.

use gradbook_autograd::{Graph, ParamStore, Real, Rng, Stats, Stream, Tensor, Var};
use gradbook_nn::{ConfigError, Scope};
use serde::{Deserialize, Serialize};

use super::{placed, rowwise, side_by_side};
use crate::{
    Absorbed, Book, Codes, GradientRule, KindConfig, KindError, Latent, Options, Quantized, Quantizer,
    Registry,
    kinds::{QuantizerConfig, check_inner, illegal},
};

/// Equal parts of the channels, one quantizer for all of them.
///
/// ```text
/// z [row, head·d] → [row·head, d] → quantizer of d channels → [row, head·d]          one slot per head
/// ```
///
/// So every row gives the codebook as many rows to learn from as there are heads, and K codes make K^heads values.
///
/// ```
/// use gradbook_autograd::{ParamStore, Tensor};
/// use gradbook_nn::Scope;
/// use gradbook_vq::QuantizerConfig;
/// let text = "kind = \"heads\"\nheads = 3\nquantizer = { kind = \"fsq\", levels = [3] }";
/// let config: QuantizerConfig = toml::from_str(text).unwrap();
/// let mut store = ParamStore::<f64>::new();
/// let q = config.build(3, &mut Scope::new(&mut store, 0)).unwrap();
/// let codes = q.encode(&store, &Tensor::new([2, 3], vec![-9.0, 0.0, 9.0, 9.0, 9.0, 0.0]));
/// assert_eq!([0, 1, 2].map(|head| codes.column(head)), [&[0, 2], &[1, 2], &[2, 1]]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadsConfig<Q = QuantizerConfig> {
    /// The number of heads, which divides the channels.
    pub heads: usize,
    /// The quantizer of all heads.
    pub quantizer: Q,
}

impl KindConfig for HeadsConfig {
    const NAME: &'static str = "heads";
    const PAPER: &'static str = "vector-quantize-pytorch";
    const SUMMARY: &'static str = "channels cut into parts that share one quantizer";

    fn check(&self) -> Result<(), ConfigError> {
        check_inner(&self.quantizer) // whether the heads divide the channels is for `build` to say
    }

    fn size(&self, dim: usize, rows: usize) -> f64 {
        let heads = self.heads.clamp(1, dim.max(1));
        self.quantizer.size(dim / heads, rows * heads)
    }

    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        if self.heads == 0 || !dim.is_multiple_of(self.heads) {
            return illegal("quantizer.heads", self.heads, &format!("a divisor of the {dim} channels"));
        }
        let inner = rowwise(self.quantizer.build(dim / self.heads, scope)?)?;
        Ok(Box::new(Heads { heads: self.heads, inner }))
    }

    fn probes(inner: &[QuantizerConfig]) -> Vec<Self> {
        let of = |(i, inner): (usize, &QuantizerConfig)| Self {
            heads: [1, 2, 3][i % 3],
            quantizer: inner.clone(),
        };
        inner.iter().enumerate().map(of).collect()
    }

    fn probe_dim(&self) -> usize {
        self.heads * self.quantizer.probe_dim()
    }

    fn read(options: Options, registry: &Registry) -> Result<Self, KindError> {
        let HeadsConfig::<Options> { heads, quantizer } = options.read()?;
        Ok(Self { heads, quantizer: registry.inner(quantizer)? })
    }
}

/// The quantizer of a [`HeadsConfig`].
pub struct Heads<T: Real> {
    heads: usize,
    inner: Box<dyn Quantizer<T>>,
}

impl<T: Real> Quantizer<T> for Heads<T> {
    fn dim(&self, store: &ParamStore<T>) -> usize {
        self.heads * self.inner.dim(store)
    }

    fn radices(&self, store: &ParamStore<T>) -> Vec<u64> {
        self.inner.radices(store).repeat(self.heads)
    }

    fn slots(&self) -> usize {
        self.inner.slots() * self.heads
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let (shape, width) = (z.value.shape(), self.inner.dim(g.store()));
        let z = z.rows("heads", self.heads * width).finite("heads");
        let parts = z.value.shape()[0] * self.heads;
        let found = self.inner.quantize(g, z.map(|z| z.reshape([parts, width])));
        // Row by row, head by head: head h of each row is every heads-th entry from the h-th on.
        let of_head = |h: usize, slot: usize| -> Vec<u64> {
            found.codes.column(slot).iter().skip(h).step_by(self.heads).copied().collect()
        };
        let slots = found.codes.slots();
        let columns = (0..self.heads).flat_map(|h| (0..slots).map(move |slot| (h, slot)));
        let columns = columns.map(|(h, slot)| of_head(h, slot)).collect();
        let codes = Codes::new(columns, self.radices(g.store()));
        Quantized { values: found.values.reshape(shape), codes, losses: found.losses }
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        let radices = self.inner.radices(g.store());
        let (slots, rows) = (radices.len(), codes.column(0).len());
        assert_eq!(codes.slots(), slots * self.heads, "heads: a row has {slots} codes for each head");
        let of_slot = |slot: usize| -> Vec<u64> {
            (0..rows * self.heads)
                .map(|i| codes.column(i % self.heads * slots + slot)[i / self.heads])
                .collect()
        };
        let values = self.inner.lookup(g, &Codes::new((0..slots).map(of_slot).collect(), radices));
        values.reshape([rows, self.dim(g.store())])
    }

    fn refined(&self, finer: usize) -> Option<Box<dyn Quantizer<T>>> {
        Some(Box::new(Self { heads: self.heads, inner: self.inner.refined(finer)? }))
    }

    fn bounded<'t>(&self, z: Var<'t, T>) -> Var<'t, T> {
        let [rows, channels] = [0, 1].map(|axis| z.shape()[axis]);
        let parts = z.reshape([rows * self.heads, channels / self.heads]);
        self.inner.bounded(parts).reshape([rows, channels])
    }

    fn absorb(&self, store: &mut ParamStore<T>, stats: &Stats<T>, stream: &Stream) -> Absorbed {
        self.inner.absorb(store, stats, stream)
    }

    fn seed(&self, store: &mut ParamStore<T>, latents: &Tensor<T>, stream: &Stream) {
        let width = self.inner.dim(store);
        self.inner.seed(store, &latents.reshaped([latents.shape()[0] * self.heads, width]), stream);
    }

    fn raise(&self, store: &mut ParamStore<T>, dim: usize, rng: &mut Rng) -> bool {
        self.inner.raise(store, dim, rng)
    }

    fn widen(&self, store: &mut ParamStore<T>, dim: usize) -> Option<Vec<usize>> {
        let width = dim.is_multiple_of(self.heads).then_some(dim / self.heads)?;
        self.inner.widen(store, width).map(|places| side_by_side(&places, self.heads, width))
    }

    fn greedy(&self) -> bool {
        self.inner.greedy()
    }

    fn gradient_rule(&self) -> GradientRule {
        GradientRule::of_parts([self.inner.gradient_rule()])
    }

    fn codebooks(&self) -> Vec<Book<'_, T>> {
        placed("head", (0..self.heads).map(|_| &*self.inner))
    }
}
