//! Multi-scale residual quantization: the length is first seen at a few places, then at more and more, each scale coding
//! what is left. Visual Autoregressive Modeling (VAR), Tian et al. 2024, arXiv:2404.02905.

use gradbook_autograd::{Graph, ParamStore, Real, Rng, Stats, Stream, Tape, Tensor, Var};
use gradbook_nn::{ConfigError, Scope};
use serde::{Deserialize, Serialize};

use super::{
    MOST_PARTS, Parts, Sharing, dequantized, named,
    resample::{Upsample, averages, each},
    seeds,
};
use crate::{
    Absorbed, Book, Codes, GradientRule, KindConfig, KindError, Latent, Options, Quantized, Quantizer,
    kinds::{QuantizerConfig, check_inner, pairwise},
};

/// The most places of a scale.
const MOST_PLACES: usize = 1 << 16;

/// A residual stack along the length of z `[batch, length, channel]`; z `[row, channel]` is one item.
///
/// ```text
/// r ← z;  for each scale s:   q_s = quantize(down_s r) [batch, s, channel],   r ← r − up q_s;         q = Σ_s up q_s
/// ```
///
/// `down_s` averages the windows [⌊i·L/s⌋, ⌈(i+1)·L/s⌉) of the length L, and `up` brings s places back to L. The last
/// scale is always L itself. A scale's column of [`Codes`] has batch·s entries, so columns differ in length.
///
/// The encoder gets the decoder's gradient exactly once, ∂L/∂z = ∂L/∂q: one straight-through estimator around all scales.
/// The codes get what their way of learning gives them, and each scale's commitment loss reaches the encoder.
///
/// ```
/// use gradbook_autograd::{ParamStore, Tensor};
/// use gradbook_nn::Scope;
/// use gradbook_vq::QuantizerConfig;
/// let text = "kind = \"multi_scale\"\nscales = [1, 2]\nquantizer = { kind = \"lfq\" }";
/// let config: QuantizerConfig = toml::from_str(text).unwrap();
/// let mut store = ParamStore::<f64>::new();
/// let q = config.build(1, &mut Scope::new(&mut store, 0)).unwrap();
/// let codes = q.encode(&store, &Tensor::new([2, 4, 1], vec![2.0, 2.0, 0.5, -0.5, 3.0, 3.0, 3.0, 3.0]));
/// assert_eq!([0, 1, 2].map(|scale| codes.column(scale).len()), [2, 4, 8]);
/// assert_eq!(q.decode(&store, &codes).as_slice(), [1.0, 2.5, -0.5, -1.0, 3.0, 3.0, 3.0, 3.0]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultiScaleConfig<Q = QuantizerConfig> {
    /// The numbers of places before the whole length, from coarse to fine.
    pub scales: Vec<usize>,
    /// The quantizer of each scale.
    pub quantizer: Q,
    /// Whether all scales share their codes, as in the paper.
    #[serde(default = "shared")]
    pub sharing: Sharing,
    /// How a scale is brought back to the whole length.
    #[serde(default)]
    pub upsample: Upsample,
}

fn shared() -> Sharing {
    Sharing::Shared
}

impl KindConfig for MultiScaleConfig {
    const NAME: &'static str = "multi_scale";
    const PAPER: &'static str = "arXiv:2404.02905";
    const SUMMARY: &'static str = "residual levels that see the length from coarse to fine";

    fn check(&self) -> Result<(), ConfigError> {
        let rising = self.scales.windows(2).all(|pair| pair[0] < pair[1]);
        let some = self.scales.first().is_some_and(|&first| first > 0) && self.scales.len() < MOST_PARTS;
        let short = self.scales.last().is_some_and(|&last| last <= MOST_PLACES);
        let rule = "one or more numbers of places, rising from 1 or more to 65,536 at most";
        ConfigError::unless(rising && some && short, "scales", &self.scales, rule)?;
        check_inner(&self.quantizer)
    }

    fn size(&self, dim: usize, rows: usize) -> f64 {
        (self.scales.len() + 1) as f64 * self.quantizer.size(dim, rows)
    }

    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        let parts =
            Parts::build(&self.quantizer, self.sharing, ("scale", self.scales.len() + 1), dim, scope)?;
        Ok(Box::new(MultiScale { scales: self.scales.clone(), parts, upsample: self.upsample }))
    }

    fn probes(inner: &[QuantizerConfig]) -> Vec<Self> {
        let of = |row: Vec<usize>| Self {
            scales: [vec![1, 2, 3], vec![2], vec![1, 7]][row[1]].clone(),
            quantizer: inner[row[0]].clone(),
            sharing: [Sharing::Shared, Sharing::Own][row[2]],
            upsample: [Upsample::Linear, Upsample::Nearest][row[3]],
        };
        pairwise(&[inner.len(), 3, 2, 2]).into_iter().map(of).collect()
    }

    fn probe_dim(&self) -> usize {
        self.quantizer.probe_dim()
    }

    fn read(options: Options, registry: &crate::Registry) -> Result<Self, KindError> {
        let MultiScaleConfig::<Options> { scales, quantizer, sharing, upsample } = options.read()?;
        Ok(Self { scales, quantizer: registry.inner(quantizer)?, sharing, upsample })
    }
}

/// The quantizer of a [`MultiScaleConfig`].
pub struct MultiScale<T: Real> {
    scales: Vec<usize>,
    parts: Parts<T>,
    upsample: Upsample,
}

impl<T: Real> MultiScale<T> {
    /// All scales with their quantizers; `None` is the whole length.
    fn levels(&self) -> impl Iterator<Item = (Option<usize>, &dyn Quantizer<T>)> {
        self.scales.iter().copied().map(Some).chain([None]).zip(self.parts.iter())
    }

    /// Rows `[row, channel]` of items of these lengths, at the places of a scale.
    fn down<'t>(&self, x: Var<'t, T>, lengths: &[usize], scale: Option<usize>) -> Var<'t, T> {
        let Some(scale) = scale else { return x };
        each(x, lengths, |length| (length, averages(length, scale)))
    }

    /// Rows of a scale at all places.
    fn up<'t>(&self, x: Var<'t, T>, lengths: &[usize], scale: Option<usize>) -> Var<'t, T> {
        let Some(scale) = scale else { return x };
        each(x, lengths, |length| (scale, self.upsample.matrix(scale, length)))
    }

    /// The values of the columns of items of these lengths.
    fn assemble<'t>(&self, g: &Graph<'t, T>, columns: &[Codes], lengths: &[usize]) -> Var<'t, T> {
        let values = self.levels().zip(columns);
        let values = values.map(|((scale, part), codes)| self.up(part.lookup(g, codes), lengths, scale));
        values.reduce(|sum, q| sum + q).expect("at least two scales")
    }
}

impl<T: Real> Quantizer<T> for MultiScale<T> {
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

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let shape = z.value.shape();
        let z = z.rows("multi_scale", self.dim(g.store()));
        let rows = z.value.shape()[0];
        let length = if shape.len() < 3 { rows } else { shape[shape.len() - 2] };
        let found = self.quantize_items(g, z, &vec![length; rows / length]);
        Quantized { values: found.values.reshape(shape), ..found }
    }

    fn quantize_items<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>, lengths: &[usize]) -> Quantized<'t, T> {
        let z = z.rows("multi_scale", self.dim(g.store())).finite("multi_scale");
        let (mut codes, mut losses) = (Vec::new(), Vec::new());
        let mut rest = Latent { value: z.value.detach(), loss: z.loss };
        // 0 with the gradient of z: the scales themselves see z detached.
        let mut total = g.tape().constant(Tensor::zeros(z.value.shape())).surrogate(z.value);
        for (i, (scale, part)) in self.levels().enumerate() {
            let found = part.quantize(g, rest.map(|z| self.down(z, lengths, scale)));
            let left = self.up(dequantized(g, part, &found), lengths, scale);
            rest = rest.map(|z| z - left);
            total = total + self.up(found.values, lengths, scale);
            codes.push(found.codes);
            losses.extend(named(i, found.losses));
        }
        let values = if g.training() { total } else { self.assemble(g, &codes, lengths) };
        Quantized { values, codes: Codes::join(codes), losses }
    }

    /// Needs all columns: the first says how many items there are, the last how long they are.
    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        let columns = self.parts.split(g.store(), codes);
        assert_eq!(columns.len(), self.scales.len() + 1, "multi_scale: codes of all scales are needed");
        let rows = columns[self.scales.len()].column(0).len();
        let batch = columns[0].column(0).len() / self.scales[0];
        let fits = |(scale, codes): (&usize, &Codes)| {
            (0..codes.slots()).all(|slot| codes.column(slot).len() == batch * scale)
        };
        assert!(
            batch > 0 && rows.is_multiple_of(batch) && self.scales.iter().zip(&columns).all(fits),
            "multi_scale: the columns are no items of one length\n  rule: {:?} codes of each item, then one for every place",
            self.scales
        );
        self.assemble(g, &columns, &vec![rows / batch; batch])
    }

    fn absorb(&self, store: &mut ParamStore<T>, stats: &Stats<T>, stream: &Stream) -> Absorbed {
        self.parts.absorb(store, stats, stream)
    }

    /// Shared codes are seeded on the rows. Own codes, scale by scale, on remainders of the rows cut into items of twice
    /// the largest scale.
    fn seed(&self, store: &mut ParamStore<T>, latents: &Tensor<T>, stream: &Stream) {
        let rows = latents.shape()[0];
        assert!(rows > 0, "multi_scale: no latents to seed from\n  rule: at least one row");
        if let Some(all) = self.parts.single() {
            return all.seed(store, latents, stream);
        }
        let length = rows.min(2 * self.scales[self.scales.len() - 1]);
        let lengths = vec![length; rows / length];
        let tape = Tape::new();
        let mut rest = tape.constant(latents.clone()).slice(0, 0..lengths.len() * length);
        for (scale, part) in self.levels() {
            // Means may vanish where what they are taken from does not.
            let coarse = self.down(rest, &lengths, scale).value();
            part.seed(store, &seeds(&coarse, latents), stream);
            let q = part.decode(store, &part.encode(store, &coarse));
            rest = rest - self.up(tape.constant(q), &lengths, scale);
        }
    }

    fn raise(&self, store: &mut ParamStore<T>, dim: usize, rng: &mut Rng) -> bool {
        self.parts.raise(store, dim, rng)
    }

    fn widen(&self, store: &mut ParamStore<T>, dim: usize) -> Option<Vec<usize>> {
        self.parts.widen(store, dim)
    }

    fn greedy(&self) -> bool {
        self.parts.distinct().all(|part| part.greedy())
    }

    fn gradient_rule(&self) -> GradientRule {
        GradientRule::Identity
    }

    fn codebooks(&self) -> Vec<Book<'_, T>> {
        self.parts.codebooks("scale")
    }
}
