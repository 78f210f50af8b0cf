//! Codes of another width than the latents: a linear map into the quantizer and one out of it.
//! Vector-quantized Image Modeling with Improved VQGAN, Yu et al. 2021, arXiv:2110.04627.

use gradbook_autograd::{Graph, ParamId, ParamStore, Real, Rng, Stats, Stream, Tape, Tensor, Var};
use gradbook_nn::{ConfigError, Init, Scope};
use serde::{Deserialize, Serialize};

use crate::{Absorbed, Book, Codes, KindConfig, Latent, Quantized, Quantizer, kinds::QuantizerConfig};

/// A quantizer of `dim` channels between two linear maps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectedConfig {
    /// The width of the codes.
    pub dim: usize,
    /// The quantizer of that width.
    pub quantizer: Box<QuantizerConfig>,
}

impl KindConfig for ProjectedConfig {
    const NAME: &'static str = "projected";
    const PAPER: &'static str = "arXiv:2110.04627";
    const SUMMARY: &'static str = "a quantizer of another width between two linear maps";

    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        let inner = self.quantizer.build(self.dim, scope)?;
        let map = |scope: &mut Scope<'_, T>, name: &str, from: usize, to: usize| {
            let weight = scope.parameter(&format!("{name}.weight"), [from, to], Init::torch(from));
            let bias = scope.parameter(&format!("{name}.bias"), [to], Init::torch(from));
            Map { weight, bias }
        };
        let inward = map(scope, "in", dim, self.dim);
        let outward = map(scope, "out", self.dim, dim);
        Ok(Box::new(Projected { dim, inner, inward, outward }))
    }

    fn probes() -> Vec<Self> {
        let codebooks = crate::codebook::CodebookConfig::probes().into_iter().map(QuantizerConfig::Codebook);
        let fsq = crate::kinds::FsqConfig::probes().into_iter().map(QuantizerConfig::Fsq);
        codebooks
            .step_by(4)
            .chain(fsq)
            .map(|quantizer| Self { dim: quantizer.probe_dim(), quantizer: Box::new(quantizer) })
            .collect()
    }

    fn probe_dim(&self) -> usize {
        5
    }
}

/// x·W + b
pub(super) struct Map {
    weight: ParamId,
    bias: ParamId,
}

impl Map {
    /// A map that starts with this matrix and no bias.
    pub fn starting<T: Real>(scope: &mut Scope<'_, T>, weight: Tensor<T>) -> Self {
        let bias = scope.parameter("bias", [weight.shape()[1]], Init::Constant(0.0));
        Self { weight: scope.trainable("weight", weight), bias }
    }

    pub fn apply<'t, T: Real>(&self, g: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        x.matmul(g.param(self.weight)) + g.param(self.bias)
    }
}

/// The quantizer of a [`ProjectedConfig`].
pub struct Projected<T: Real> {
    dim: usize,
    inner: Box<dyn Quantizer<T>>,
    inward: Map,
    outward: Map,
}

impl<T: Real> Projected<T> {
    /// Rows as the inner quantizer sees them.
    fn narrow(&self, store: &ParamStore<T>, rows: &Tensor<T>) -> Tensor<T> {
        let tape = Tape::new();
        self.inward.apply(&Graph::eval(&tape, store), tape.constant(rows.clone())).value()
    }
}

impl<T: Real> Quantizer<T> for Projected<T> {
    fn dim(&self, _: &ParamStore<T>) -> usize {
        self.dim
    }

    fn radices(&self, store: &ParamStore<T>) -> Vec<u64> {
        self.inner.radices(store)
    }

    fn slots(&self) -> usize {
        self.inner.slots()
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let shape = z.value.shape();
        let width = self.inner.dim(g.store());
        let narrow = [&shape[..shape.len() - 1], &[width]].concat();
        // The axes before the channels stay: the inner quantizer may look along the length.
        let z = z.rows("projected", self.dim).map(|z| self.inward.apply(g, z).reshape(&narrow[..]));
        let found = self.inner.quantize(g, z);
        let values =
            self.outward.apply(g, found.values.reshape([shape.size() / self.dim, width])).reshape(shape);
        Quantized { values, ..found }
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        self.outward.apply(g, self.inner.lookup(g, codes))
    }

    fn rowwise(&self) -> bool {
        self.inner.rowwise()
    }

    fn greedy(&self) -> bool {
        self.inner.greedy()
    }

    fn candidates(&self, store: &ParamStore<T>, z: &Tensor<T>, count: usize) -> Option<Vec<Codes>> {
        self.inner.candidates(store, &self.narrow(store, z), count)
    }

    fn absorb(&self, store: &mut ParamStore<T>, stats: &Stats<T>, stream: &Stream) -> Absorbed {
        self.inner.absorb(store, stats, stream)
    }

    fn seed(&self, store: &mut ParamStore<T>, latents: &Tensor<T>, stream: &Stream) {
        let narrow = self.narrow(store, latents);
        self.inner.seed(store, &narrow, stream);
    }

    fn codebooks(&self) -> Vec<Book<'_>> {
        self.inner.codebooks()
    }

    fn raise(&self, store: &mut ParamStore<T>, dim: usize, rng: &mut Rng) -> bool {
        if !self.inner.widen(store, dim) {
            return false;
        }
        let [from, old] = [0, 1].map(|axis| store.get(self.inward.weight).shape()[axis]);
        // New channels of the latents start at 0, as those of the codes do: distances and values stay what they were.
        // The way out starts random, so that a gradient comes back through it.
        let narrow = store.get(self.inward.weight).clone();
        *store.get_mut(self.inward.weight) = Tensor::build([from, dim], |out| {
            out.fill(T::ZERO);
            out.chunks_mut(dim)
                .zip(narrow.as_slice().chunks(old))
                .for_each(|(to, row)| to[..old].copy_from_slice(row));
        });
        let mut bias = store.get(self.inward.bias).as_slice().to_vec();
        bias.resize(dim, T::ZERO);
        *store.get_mut(self.inward.bias) = Tensor::new([dim], bias);
        let mut rows = store.get(self.outward.weight).as_slice().to_vec();
        rows.extend_from_slice(Init::torch(dim).draw::<T>([dim - old, self.dim].into(), rng).as_slice());
        *store.get_mut(self.outward.weight) = Tensor::new([dim, self.dim], rows);
        true
    }
}
