//! Latent quantization: every channel takes the nearest of a few scalar values of its own, which are learned.
//! Disentanglement via Latent Quantization, Hsu et al. 2023, arXiv:2305.18378.

use gradbook_autograd::{Graph, ParamId, ParamStore, Real, Stream, Tape, Tensor, Var};
use gradbook_nn::{ConfigError, Scope};
use serde::{Deserialize, Serialize};

use super::{QuantizerConfig, digits::Digits, require_finite};
use crate::{
    Codes, KindConfig, Latent, Loss, Quantized, Quantizer,
    codebook::{Weight, rows_of},
    kmeans::{Start, kmeans},
};

/// Rounds of Lloyd's algorithm when seeding.
const SEEDING_ROUNDS: usize = 20;

/// L learned values per channel.
///
/// ```text
/// q_c = v_c[i], i = argmin_j |z_c − v_c[j]|        start: −½ … ½ in equal steps for odd L, i/L − ½ for even L
/// loss = quantization·mean(sg z − q)² + commitment·mean(z − sg q)²        ∂L/∂z = ∂L/∂q (straight-through)
/// ```
///
/// The values learn from the quantization loss: `∂/∂v_c[j] = −2·weight/(N·D)·Σ (z_c − v_c[j])` over the rows with i = j.
/// Decoding uses the values as they are now, not the grid they started from.
///
/// ```
/// use gradbook_autograd::{ParamStore, Tensor};
/// use gradbook_nn::Scope;
/// use gradbook_vq::QuantizerConfig;
/// let config: QuantizerConfig = toml::from_str("kind = \"latent\"\nlevels = [3, 4]").unwrap();
/// let mut store = ParamStore::<f64>::new();
/// let q = config.build(2, &mut Scope::new(&mut store, 0)).unwrap();
/// let codes = q.encode(&store, &Tensor::new([1, 2], vec![0.4, -0.2]));
/// assert_eq!(codes.column(0), [2 + 3 * 1]);
/// assert_eq!(q.decode(&store, &codes).as_slice(), [0.5, -0.25]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatentConfig {
    /// L of every channel. Together they make ΠL codes.
    pub levels: Vec<u64>,
    /// The weight of the loss that moves values to the latents.
    #[serde(default = "tenth")]
    pub quantization: Weight,
    /// The weight of the loss that keeps latents near the values.
    #[serde(default = "tenth")]
    pub commitment: Weight,
}

fn tenth() -> Weight {
    Weight::constant(0.1)
}

impl KindConfig for LatentConfig {
    const NAME: &'static str = "latent";
    const PAPER: &'static str = "arXiv:2305.18378";
    const SUMMARY: &'static str = "each channel takes one of a few learned scalars";

    fn check(&self) -> Result<(), ConfigError> {
        Digits::check(&self.levels)?;
        let few = self.levels.iter().all(|&l| l <= 1 << 24);
        ConfigError::unless(few, "levels", &self.levels, "at most 2²⁴ learned values for each channel")?;
        let learns = self.quantization.value > 0.0;
        let rule = "positive: the values learn from nothing else";
        ConfigError::unless(learns, "quantization", self.quantization.value, rule)?;
        self.quantization.check("quantization")?;
        self.commitment.check("commitment")
    }

    fn size(&self, dim: usize, rows: usize) -> f64 {
        self.levels.iter().map(|&l| l as f64).sum::<f64>() + rows as f64 * dim as f64
    }

    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        let digits = Digits::new(&self.levels, dim)?;
        let start = |l: u64| {
            let value = |i: u64| T::of(i as f64 / (l - l % 2) as f64 - 0.5);
            Tensor::new([l as usize, 1], (0..l).map(value).collect())
        };
        let values = self.levels.iter().enumerate();
        let values = values.map(|(c, &l)| scope.trainable(&format!("values.{c}"), start(l))).collect();
        Ok(Box::new(LatentQuantizer { config: self.clone(), digits, values }))
    }

    fn probes(_: &[QuantizerConfig]) -> Vec<Self> {
        let probe = |levels: &[u64], quantization, commitment| Self {
            levels: levels.to_vec(),
            quantization: Weight::constant(quantization),
            commitment: Weight::constant(commitment),
        };
        vec![probe(&[3, 5, 2, 4], 0.1, 0.1), probe(&[4, 4, 4, 4], 1.0, 0.0), probe(&[7], 0.3, 0.25)]
    }

    fn probe_dim(&self) -> usize {
        self.levels.len()
    }
}

/// The quantizer of a [`LatentConfig`].
pub struct LatentQuantizer {
    config: LatentConfig,
    digits: Digits,
    /// The values of each channel, `[level, 1]`.
    values: Vec<ParamId>,
}

impl<T: Real> Quantizer<T> for LatentQuantizer {
    fn dim(&self, _: &ParamStore<T>) -> usize {
        self.values.len()
    }

    fn radices(&self, _: &ParamStore<T>) -> Vec<u64> {
        vec![self.digits.all()]
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let shape = z.value.shape();
        let z = z.rows("latent", self.values.len()).finite("latent");
        let codes = self.digits.encode("latent", &z.value.value(), |channel, x| {
            let values = g.store().get(self.values[channel]).as_slice();
            let distance = |i: &usize| (values[*i].to_f64() - x).abs();
            let nearest = (0..values.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)));
            nearest.expect("at least two levels") as u64
        });
        let q = self.lookup(g, &codes);
        if !g.training() {
            return Quantized { values: q.reshape(shape), codes, losses: Vec::new() };
        }
        let mut losses = Vec::new();
        for (name, weight, to, from) in [
            ("quantization", &self.config.quantization, q, z.loss),
            ("commitment", &self.config.commitment, z.loss, q),
        ] {
            let weight = weight.at(g.step());
            if weight != 0.0 {
                losses.push(Loss::new(name, (to - from.detach()).square().mean_all() * weight));
            }
        }
        Quantized { values: z.value.straight_through(q).reshape(shape), codes, losses }
    }

    fn values_are_codes(&self) -> bool {
        true
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        let channel = |(c, &id): (usize, &ParamId)| rows_of(g.param(id), &self.digits.column(c, codes));
        Var::concat(&self.values.iter().enumerate().map(channel).collect::<Vec<_>>(), 1)
    }

    /// One-dimensional k-means in each channel.
    fn seed(&self, store: &mut ParamStore<T>, latents: &Tensor<T>, stream: &Stream) {
        require_finite("latent", latents);
        let tape = Tape::new();
        let rows = tape.constant(latents.clone());
        for (c, &id) in self.values.iter().enumerate() {
            let levels = self.digits.levels[c] as usize;
            let column = rows.slice(1, c..c + 1).value();
            let found = kmeans(&column, levels, SEEDING_ROUNDS, Start::PlusPlus, &mut stream.next_use());
            *store.get_mut(id) = found.centers;
        }
    }
}
