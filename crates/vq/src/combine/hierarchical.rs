//! Coarse features first, then finer ones given what the coarser decoded: VQ-VAE-2, Razavi et al. 2019, arXiv:1906.00446.

use gradbook_autograd::{Graph, ParamStore, Real, Rng, Stats, Stream, Tape, Tensor, Var};
use gradbook_nn::{ConfigError, Scope};
use serde::{Deserialize, Serialize};

use super::{
    Parts, Sharing, named,
    projected::{Map, joining},
    resample::{down, windows},
    seeds, side_by_side,
};
use crate::{
    Absorbed, Book, Codes, KindConfig, KindError, Latent, Options, Quantized, Quantizer, Registry,
    kinds::{QuantizerConfig, check_inner},
};

/// Levels of falling stride f along the length of z `[…, length, channel]`, each with its own codes and linear maps.
///
/// ```text
/// h_l = means of f_l places of z          c_l = d_{l−1}, each place repeated f_{l−1}/f_l times
/// u_l = [h_l, c_l]·A_l + a_l              what is quantized: the features, given what is already decoded
/// q_l = quantize(u_l)                     ⌈length/f_l⌉ codes
/// d_l = [q_l, c_l]·B_l + b_l              what is decoded so far;  the value is d of the last level, whose stride is 1
/// ```
///
/// The coarsest level has no c: u = h and d = q. The maps start with u = h − c and d = q + c, a residual stack, and learn
/// from there. Gradients pass each level's estimator and the maps, so the encoder starts with ∂L/∂z = ∂L/∂q.
///
/// ```
/// use gradbook_autograd::{ParamStore, Tensor};
/// use gradbook_nn::Scope;
/// use gradbook_vq::QuantizerConfig;
/// let text = "kind = \"hierarchical\"\nstrides = [2]\nquantizer = { kind = \"lfq\" }";
/// let config: QuantizerConfig = toml::from_str(text).unwrap();
/// let mut store = ParamStore::<f64>::new();
/// let q = config.build(1, &mut Scope::new(&mut store, 0)).unwrap();
/// let codes = q.encode(&store, &Tensor::new([4, 1], vec![5.0, 3.0, 0.5, -1.5]));
/// assert_eq!([codes.column(0), codes.column(1)], [&[1, 0][..], &[1, 1, 1, 0]]);
/// assert_eq!(q.decode(&store, &codes).as_slice(), [2.0, 2.0, 0.0, -2.0]);
/// ```
///
/// # Panics
/// If the length of an item is not a multiple of the largest stride. (The rows of a z `[row, channel]` may be any number.)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HierarchicalConfig<Q = QuantizerConfig> {
    /// The strides of the levels before the last, from coarse to fine, each a multiple of the next.
    pub strides: Vec<usize>,
    /// The quantizer of each level.
    pub quantizer: Q,
}

impl KindConfig for HierarchicalConfig {
    const NAME: &'static str = "hierarchical";
    const PAPER: &'static str = "arXiv:1906.00446";
    const SUMMARY: &'static str = "coarse features first, finer ones given what is decoded";

    fn check(&self) -> Result<(), ConfigError> {
        let nested = self.strides.windows(2).all(|pair| pair[0] > pair[1] && pair[0].is_multiple_of(pair[1]));
        let some = self.strides.last().is_some_and(|&last| last >= 2);
        let rule = "one or more strides, falling, each a multiple of the next, the last at least 2";
        ConfigError::unless(nested && some, "strides", &self.strides, rule)?;
        check_inner(&self.quantizer)
    }

    fn size(&self, dim: usize, rows: usize) -> f64 {
        (self.strides.len() + 1) as f64 * (self.quantizer.size(dim, rows) + 4.0 * (dim as f64).powi(2))
    }

    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        let levels = self.strides.len() + 1;
        let parts = Parts::build(&self.quantizer, Sharing::Own, ("level", levels), dim, scope)?;
        let mut map = |level: usize, way: usize| {
            Map::starting(&mut scope.at("map").at(level).at(["in", "out"][way]), joining(dim, way))
        };
        let maps = (1..levels).map(|level| [map(level, 0), map(level, 1)]).collect();
        Ok(Box::new(Hierarchical { strides: self.strides.clone(), parts, maps }))
    }

    fn probes(inner: &[QuantizerConfig]) -> Vec<Self> {
        let of = |(i, inner): (usize, &QuantizerConfig)| Self {
            strides: [vec![3], vec![5], vec![4, 2]][i % 3].clone(),
            quantizer: inner.clone(),
        };
        inner.iter().enumerate().map(of).collect()
    }

    fn probe_dim(&self) -> usize {
        self.quantizer.probe_dim()
    }

    fn read(options: Options, registry: &Registry) -> Result<Self, KindError> {
        let HierarchicalConfig::<Options> { strides, quantizer } = options.read()?;
        Ok(Self { strides, quantizer: registry.inner(quantizer)? })
    }
}

/// The quantizer of a [`HierarchicalConfig`].
pub struct Hierarchical<T: Real> {
    strides: Vec<usize>,
    parts: Parts<T>,
    /// The ways in (A) and out (B) of every level but the first.
    maps: Vec<[Map; 2]>,
}

impl<T: Real> Hierarchical<T> {
    fn stride(&self, level: usize) -> usize {
        self.strides.get(level).copied().unwrap_or(1)
    }

    /// c: what the level before decoded, at the places of this one.
    fn condition<'t>(&self, level: usize, decoded: Var<'t, T>, lengths: &[usize]) -> Var<'t, T> {
        let repeat = self.stride(level - 1) / self.stride(level);
        let places: Vec<usize> = lengths.iter().map(|n| n.div_ceil(self.stride(level))).collect();
        decoded.gather_rows(&windows(&places, repeat))
    }

    /// The values of the columns of items of these lengths.
    fn assemble<'t>(&self, g: &Graph<'t, T>, columns: &[Codes], lengths: &[usize]) -> Var<'t, T> {
        let mut decoded: Option<Var<'t, T>> = None;
        for (level, (part, codes)) in self.parts.iter().zip(columns).enumerate() {
            let c = decoded.map(|d| self.condition(level, d, lengths));
            decoded = Some(self.join(g, (level, 1), part.lookup(g, codes), c));
        }
        decoded.expect("two levels")
    }

    /// `[x, c]` through the way in (0) or out (1) of a level.
    fn join<'t>(
        &self,
        g: &Graph<'t, T>,
        (level, way): (usize, usize),
        x: Var<'t, T>,
        c: Option<Var<'t, T>>,
    ) -> Var<'t, T> {
        c.map_or(x, |c| self.maps[level - 1][way].apply(g, Var::concat(&[x, c], 1)))
    }
}

impl<T: Real> Quantizer<T> for Hierarchical<T> {
    fn dim(&self, store: &ParamStore<T>) -> usize {
        self.parts.dim(store)
    }

    fn radices(&self, store: &ParamStore<T>) -> Vec<u64> {
        self.parts.radices(store)
    }

    fn slots(&self) -> usize {
        self.parts.slots()
    }

    fn rowwise(&self) -> bool {
        false
    }

    fn stride(&self) -> usize {
        self.strides[0]
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let (shape, coarsest) = (z.value.shape(), self.strides[0]);
        // Whole windows, so that no window spans two items; then items need not be told apart.
        if shape.len() > 2 && !shape[shape.len() - 2].is_multiple_of(coarsest) {
            let rule = format!("the length is a multiple of the largest stride, {coarsest}");
            let operands = [("z", &shape, "…, length, channel")];
            gradbook_autograd::mismatch("hierarchical", "windows do not fit", &operands, &rule);
        }
        let z = z.rows("hierarchical", self.dim(g.store()));
        let found = self.quantize_items(g, z, &[z.value.shape()[0]]);
        Quantized { values: found.values.reshape(shape), ..found }
    }

    fn quantize_items<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>, lengths: &[usize]) -> Quantized<'t, T> {
        let z = z.rows("hierarchical", self.dim(g.store())).finite("hierarchical");
        let (mut codes, mut losses) = (Vec::new(), Vec::new());
        let mut decoded: Option<Var<'t, T>> = None;
        for (level, part) in self.parts.iter().enumerate() {
            let c = decoded.map(|d| self.condition(level, d, lengths));
            let joined = |z| self.join(g, (level, 0), down(z, lengths, self.stride(level)), c);
            let found = part.quantize(g, z.map(joined));
            decoded = Some(self.join(g, (level, 1), found.values, c));
            codes.push(found.codes);
            losses.extend(named(level, found.losses));
        }
        let values = decoded.filter(|_| g.training()).unwrap_or_else(|| self.assemble(g, &codes, lengths));
        Quantized { values, codes: Codes::join(codes), losses }
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        let columns = self.parts.split(g.store(), codes);
        assert_eq!(columns.len(), self.strides.len() + 1, "hierarchical: codes of all levels are needed");
        let length = columns[self.strides.len()].column(0).len();
        let fits = |(l, codes): (usize, &Codes)| codes.column(0).len() == length.div_ceil(self.stride(l));
        assert!(
            columns.iter().enumerate().all(fits),
            "hierarchical: the columns are not those of {length} places in strides {:?}",
            self.strides
        );
        self.assemble(g, &columns, &[length])
    }

    fn absorb(&self, store: &mut ParamStore<T>, stats: &Stats<T>, stream: &Stream) -> Absorbed {
        self.parts.absorb(store, stats, stream)
    }

    /// Level by level, each given what those before it decode.
    fn seed(&self, store: &mut ParamStore<T>, latents: &Tensor<T>, stream: &Stream) {
        let rows = &[latents.shape()[0]];
        let mut decoded: Option<Tensor<T>> = None;
        for (level, part) in self.parts.iter().enumerate() {
            let joined = |store: &ParamStore<T>, way: usize, x: Tensor<T>| {
                let tape = Tape::new();
                let c = decoded.clone().map(|d| self.condition(level, tape.constant(d), rows));
                self.join(&Graph::eval(&tape, store), (level, way), tape.constant(x), c).value()
            };
            let h = down(Tape::new().constant(latents.clone()), rows, self.stride(level)).value();
            let input = joined(store, 0, h);
            part.seed(store, &seeds(&input, latents), stream);
            let q = part.decode(store, &part.encode(store, &input));
            decoded = Some(joined(store, 1, q));
        }
    }

    fn raise(&self, store: &mut ParamStore<T>, dim: usize, rng: &mut Rng) -> bool {
        self.parts.raise(store, dim, rng)
    }

    /// The maps treat new channels as they treated the old ones at the start.
    fn widen(&self, store: &mut ParamStore<T>, dim: usize) -> Option<Vec<usize>> {
        let places = self.parts.widen(store, dim)?;
        for (way, map) in self.maps.iter().flat_map(|maps| maps.iter().enumerate()) {
            map.set_block(store, &side_by_side(&places, 2, dim), &places, joining(dim, way));
        }
        Some(places)
    }

    fn greedy(&self) -> bool {
        self.parts.distinct().all(|part| part.greedy())
    }

    fn codebooks(&self) -> Vec<Book<'_, T>> {
        self.parts.codebooks("level")
    }
}
