//! Lookup-free quantization: every channel becomes its sign, a bit. The codes are the corners of a cube (LFQ, Yu et al.
//! 2023, arXiv:2310.05737) or of a cube within the unit sphere (BSQ, Zhao et al. 2024, arXiv:2406.07548).

use gradbook_autograd::{Graph, ParamStore, Real, Tensor, Var};
use gradbook_nn::{ConfigError, Scope, rules};
use serde::{Deserialize, Serialize};

use super::{BatchEntropy, Entropy, QuantizerConfig, entropy::EXACT_BITS, illegal, require_finite};
use crate::{
    Codes, KindConfig, Latent, Loss, Quantized, Quantizer, SKIPPED, codebook::Weight, unit::unit_rows,
};

/// One bit per channel: d channels have 2^d codes, d ≤ 63.
///
/// ```text
/// q_c = s·sign(u_c), 0 counting as −       u = z, s = 1 (LFQ)       u = z/‖z‖, s = 1/√d (BSQ)
/// index = Σ_c bit_c·2^(d−1−c), + being 1: the first channel is the most significant bit
/// ∂L/∂u = ∂L/∂q (straight-through); on the sphere it then passes the normalization
/// ```
///
/// Level l of a residual stack has codes of size s/2^l: what is left of a channel in ±2s by a code ±s is in ±s.
///
/// ```
/// use gradbook_autograd::{ParamStore, Tensor};
/// use gradbook_nn::Scope;
/// use gradbook_vq::QuantizerConfig;
/// let config: QuantizerConfig = toml::from_str("kind = \"lfq\"\nspace = \"sphere\"").unwrap();
/// let mut store = ParamStore::<f64>::new();
/// let q = config.build(4, &mut Scope::new(&mut store, 0)).unwrap();
/// let codes = q.encode(&store, &Tensor::new([1, 4], vec![3.0, -1.0, 0.0, 0.2]));
/// assert_eq!(codes.column(0), [0b1001]);
/// assert_eq!(q.decode(&store, &codes).as_slice(), [0.5, -0.5, -0.5, 0.5]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LfqConfig {
    /// Where the codes lie.
    #[serde(default)]
    pub space: Space,
    /// The loss that makes each row's choice certain and all rows' choices different.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entropy: Option<Entropy>,
    /// β of the commitment loss β·mean(u − sg q)².
    #[serde(default = "commitment")]
    pub commitment: Weight,
}

/// Where the corners lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Space {
    /// ±1 in every channel (LFQ).
    #[default]
    Cube,
    /// ±1/√d in every channel, with rows brought to length 1 first (BSQ).
    Sphere,
}

fn commitment() -> Weight {
    Weight::constant(0.25)
}

impl KindConfig for LfqConfig {
    const NAME: &'static str = "lfq";
    const PAPER: &'static str = "arXiv:2310.05737, arXiv:2406.07548";
    const SUMMARY: &'static str =
        "the signs of the channels, on the cube (LFQ) or the sphere (BSQ); no codebook";

    fn check(&self) -> Result<(), ConfigError> {
        self.commitment.check("commitment")?;
        let Some(entropy) = &self.entropy else { return Ok(()) };
        entropy.weight.check("entropy.weight")?;
        rules::not_negative("entropy.gamma", entropy.gamma)?;
        rules::positive("entropy.temperature", entropy.temperature)
    }

    fn size(&self, dim: usize, rows: usize) -> f64 {
        let exact = self.entropy.as_ref().is_some_and(|entropy| entropy.batch == BatchEntropy::Exact);
        rows as f64 * if exact { (dim.min(EXACT_BITS) as f64).exp2() } else { dim as f64 }
    }

    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        if !(1..=63).contains(&dim) {
            return illegal(
                "quantizer.dim",
                dim,
                "1 to 63 channels, one bit each (or put it behind a projection)",
            );
        }
        let batch = self.entropy.as_ref().map(|entropy| entropy.batch);
        if batch == Some(BatchEntropy::Exact) && dim > EXACT_BITS {
            let rule =
                format!("`per_bit` for more than {EXACT_BITS} channels, here {dim}: there are 2^d codes");
            return illegal("quantizer.entropy.batch", BatchEntropy::Exact, &rule);
        }
        Ok(Box::new(Lfq { config: self.clone(), dim, level: 0, place: scope.name("entropy") }))
    }

    fn probes(_: &[QuantizerConfig]) -> Vec<Self> {
        let probe =
            |space, entropy, commitment| Self { space, entropy, commitment: Weight::constant(commitment) };
        let entropy = |gamma, temperature, batch| {
            Some(Entropy { weight: Weight::constant(0.1), gamma, temperature, batch })
        };
        vec![
            probe(Space::Cube, None, 0.25),
            probe(Space::Sphere, None, 0.0),
            probe(Space::Cube, entropy(1.0, 1.0, BatchEntropy::Exact), 0.25),
            probe(Space::Cube, entropy(0.7, 0.01, BatchEntropy::PerBit), 0.0),
            probe(Space::Sphere, entropy(1.0, 0.01, BatchEntropy::PerBit), 0.25),
            probe(Space::Sphere, entropy(0.7, 1.0, BatchEntropy::Exact), 0.25),
        ]
    }
}

/// The quantizer of an [`LfqConfig`].
#[derive(Clone)]
pub struct Lfq {
    config: LfqConfig,
    dim: usize,
    /// How many levels of a residual stack come before it.
    level: usize,
    /// Tells its entropy from others in the same model.
    place: String,
}

impl Lfq {
    /// s, the size of a code in each channel: half as large with every level of a stack, for that is what is left over.
    fn size(&self) -> f64 {
        let first = match self.config.space {
            Space::Cube => 1.0,
            Space::Sphere => 1.0 / (self.dim as f64).sqrt(),
        };
        first * 0.5f64.powi(self.level as i32)
    }

    /// u: rows where the codes lie. What a level of a stack is left with lies there already.
    fn among_codes<'t, T: Real>(&self, z: Var<'t, T>) -> Var<'t, T> {
        if self.config.space == Space::Sphere && self.level == 0 { unit_rows(z) } else { z }
    }

    fn losses<'t, T: Real>(&self, g: &Graph<'t, T>, u: Var<'t, T>, q: Var<'t, T>) -> Vec<Loss<'t, T>> {
        let mut losses = Vec::new();
        let step = g.step();
        let commitment = self.config.commitment.at(step);
        if commitment != 0.0 {
            losses.push(Loss::new("commitment", (u - q.detach()).square().mean_all() * commitment));
        }
        if let Some(entropy) = &self.config.entropy {
            let value = entropy.of(g, &self.place, u * (4.0 * self.size() / entropy.temperature));
            losses.push(Loss::new("entropy", value * entropy.weight.at(step)));
        }
        losses
    }
}

impl<T: Real> Quantizer<T> for Lfq {
    fn dim(&self, _: &ParamStore<T>) -> usize {
        self.dim
    }

    fn radices(&self, _: &ParamStore<T>) -> Vec<u64> {
        vec![1 << self.dim]
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let shape = z.value.shape();
        let u = z.rows("lfq", self.dim).finite("lfq").map(|z| self.among_codes(z));
        let rows = u.value.value();
        require_finite("lfq", &rows);
        let index = |row: &[T]| row.iter().fold(0, |index, &u| 2 * index + u64::from(u > T::ZERO));
        let codes = Codes::single(rows.as_slice().chunks(self.dim).map(index).collect(), 1 << self.dim);
        let q = self.lookup(g, &codes);
        if !g.training() {
            return Quantized { values: q.reshape(shape), codes, losses: Vec::new() };
        }
        let values = u.value.straight_through(q).reshape(shape);
        Quantized { values, codes, losses: self.losses(g, u.loss, q) }
    }

    fn refined(&self, finer: usize) -> Option<Box<dyn Quantizer<T>>> {
        Some(Box::new(Self { level: self.level + finer, ..self.clone() }))
    }

    fn bounded<'t>(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.among_codes(z)
    }

    fn values_are_codes(&self) -> bool {
        true
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        let size = T::of(self.size());
        let value = |code: u64, bit: usize| match code {
            SKIPPED => T::ZERO,
            _ if code >> bit & 1 == 1 => size,
            _ => -size,
        };
        let column = codes.column(0);
        let values =
            column.iter().flat_map(|&code| (0..self.dim).rev().map(move |bit| value(code, bit))).collect();
        g.tape().constant(Tensor::new([column.len(), self.dim], values))
    }
}
