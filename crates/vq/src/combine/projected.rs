//! Codes of another width than the latents: a linear map into the quantizer and one out of it.
//! Vector-quantized Image Modeling with Improved VQGAN, Yu et al. 2021, arXiv:2110.04627.

use gradbook_autograd::{Graph, ParamId, ParamStore, Real, Rng, Stats, Stream, Tape, Tensor, Var};
use gradbook_nn::{ConfigError, Init, Scope, rules};
use serde::{Deserialize, Serialize};

use crate::{
    Absorbed, Book, Codes, KindConfig, KindError, Latent, Options, Quantized, Quantizer, Registry, SKIPPED,
    block::{set_block, widen_entry},
    kinds::{QuantizerConfig, check_inner},
};

/// The most channels of a code.
const MOST_CHANNELS: usize = 1 << 16;

/// A quantizer of `dim` channels between two linear maps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectedConfig<Q = QuantizerConfig> {
    /// The width of the codes.
    pub dim: usize,
    /// The quantizer of that width.
    pub quantizer: Q,
}

impl KindConfig for ProjectedConfig {
    const NAME: &'static str = "projected";
    const PAPER: &'static str = "arXiv:2110.04627";
    const SUMMARY: &'static str = "a quantizer of another width between two linear maps";

    fn check(&self) -> Result<(), ConfigError> {
        rules::count("dim", self.dim, 1..=MOST_CHANNELS)?;
        check_inner(&self.quantizer)
    }

    fn size(&self, dim: usize, rows: usize) -> f64 {
        2.0 * dim as f64 * self.dim as f64 + self.quantizer.size(self.dim, rows)
    }

    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        let inner = match takes_the_names(&self.quantizer, self.dim)? {
            true => self.quantizer.build(self.dim, &mut scope.at("inner"))?,
            false => self.quantizer.build(self.dim, scope)?,
        };
        let map = |scope: &mut Scope<'_, T>, name: &str, from: usize, to: usize| {
            let weight = scope.parameter(&format!("{name}.weight"), [from, to], Init::torch(from));
            let bias = scope.parameter(&format!("{name}.bias"), [to], Init::torch(from));
            Map { weight, bias }
        };
        let inward = map(scope, "in", dim, self.dim);
        let outward = map(scope, "out", self.dim, dim);
        Ok(Box::new(Projected { dim, inner, inward, outward }))
    }

    fn probes(inner: &[QuantizerConfig]) -> Vec<Self> {
        let of = |inner: &QuantizerConfig| Self { dim: inner.probe_dim(), quantizer: inner.clone() };
        inner.iter().map(of).collect()
    }

    fn probe_dim(&self) -> usize {
        5
    }

    fn read(options: Options, registry: &Registry) -> Result<Self, KindError> {
        let ProjectedConfig::<Options> { dim, quantizer } = options.read()?;
        Ok(Self { dim, quantizer: registry.inner(quantizer)? })
    }
}

/// Whether a quantizer has maps `in` and `out` in the scope it is built in, so that a projection around it cannot.
fn takes_the_names(quantizer: &QuantizerConfig, dim: usize) -> Result<bool, ConfigError> {
    let mut alone = ParamStore::<f64>::new();
    quantizer.build(dim, &mut Scope::new(&mut alone, 0))?;
    Ok(alone.iter().any(|(_, entry)| ["in.", "out."].iter().any(|map| entry.name.starts_with(map))))
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

    /// The map with its old weights `[i, j]` at `[rows[i], columns[j]]` of these, and no bias for new columns.
    pub fn set_block<T: Real>(
        &self,
        store: &mut ParamStore<T>,
        rows: &[usize],
        columns: &[usize],
        new: Tensor<T>,
    ) {
        let to = new.shape()[1];
        let wide = set_block(store.get(self.weight), rows, columns, new);
        *store.get_mut(self.weight) = wide;
        widen_entry(store, self.bias, columns, to, T::ZERO);
    }

    pub fn apply<'t, T: Real>(&self, g: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        x.matmul(g.param(self.weight)) + g.param(self.bias)
    }
}

/// The matrix `[2·dim, dim]` by which `[x, c]` becomes x − c on the way in (0) and x + c on the way out (1).
pub(super) fn joining<T: Real>(dim: usize, way: usize) -> Tensor<T> {
    Tensor::build([2 * dim, dim], |out| {
        out.fill(T::ZERO);
        for c in 0..dim {
            out[c * dim + c] = T::ONE;
            out[(dim + c) * dim + c] = if way == 0 { -T::ONE } else { T::ONE };
        }
    })
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

    fn quantize_items<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>, lengths: &[usize]) -> Quantized<'t, T> {
        let z = z.rows("projected", self.dim).map(|z| self.inward.apply(g, z));
        let found = self.inner.quantize_items(g, z, lengths);
        Quantized { values: self.outward.apply(g, found.values), ..found }
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

    /// A row that is skipped altogether is zero: it has no bias either.
    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        let values = self.outward.apply(g, self.inner.lookup(g, codes));
        let skipped =
            |row: usize| (0..codes.slots()).all(|slot| codes.column(slot).get(row) == Some(&SKIPPED));
        let rows = values.shape()[0];
        let keep: Vec<T> = (0..rows).map(|row| if skipped(row) { T::ZERO } else { T::ONE }).collect();
        let all = !keep.contains(&T::ZERO);
        if all { values } else { values * g.tape().constant(Tensor::new([rows, 1], keep)) }
    }

    fn rowwise(&self) -> bool {
        self.inner.rowwise()
    }

    fn stride(&self) -> usize {
        self.inner.stride()
    }

    fn decodable(&self) -> Vec<usize> {
        self.inner.decodable()
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

    fn codebooks(&self) -> Vec<Book<'_, T>> {
        self.inner.codebooks()
    }

    fn raise(&self, store: &mut ParamStore<T>, dim: usize, rng: &mut Rng) -> bool {
        let Some(places) = self.inner.widen(store, dim) else { return self.inner.raise(store, dim, rng) };
        let outer: Vec<usize> = (0..self.dim).collect();
        let new: Vec<usize> = (0..dim).filter(|channel| !places.contains(channel)).collect();
        // New channels of the latents start at 0, as those of the codes do: distances and values stay what they were.
        // The way out starts random, so that a gradient comes back through it.
        self.inward.set_block(store, &outer, &places, Tensor::zeros([self.dim, dim]));
        let fresh = Init::torch(dim).draw::<T>([new.len(), self.dim].into(), rng);
        let fresh = set_block(&fresh, &new, &outer, Tensor::zeros([dim, self.dim]));
        self.outward.set_block(store, &places, &outer, fresh);
        true
    }
}
