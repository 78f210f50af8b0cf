//! Finite scalar perturbation: a channel is mapped to [0, 1] by a distribution function and cut into equal bins. Training
//! moves it by noise as wide as a bin instead of to the bin's middle. arXiv:2602.17133.

use gradbook_autograd::{Graph, ParamStore, Real, Tensor, Var};
use gradbook_nn::{ConfigError, Scope, rules};
use ndarray_rand::rand::Rng as _;
use serde::{Deserialize, Serialize};

use super::{Cdf, QuantizerConfig, digits::Digits};
use crate::{Codes, KindConfig, Latent, Loss, Quantized, Quantizer, codebook::Weight};

/// √12, which gives a uniform variable variance 1.
const SPREAD: f64 = 3.464_101_615_137_754_6;

/// FSP with one number of bins per channel.
///
/// ```text
/// p = F(z)        digit = ⌊pL⌋        q = √12·((digit + ½)/L − ½)        √12·(p − ½) has variance 1 if z has distribution F
/// training: √12·(p + ξ − ½), ξ uniform in ±1/(2L); where p + ξ leaves (0, 1), ξ = 0
/// ∂q/∂z = √12·F'(z) in both
/// ```
///
/// A residual stack takes √12·(F(z) − ½) apart: the bins of level l are as wide as those of level l − 1 are cut into L.
///
/// ```
/// use gradbook_autograd::{ParamStore, Tensor};
/// use gradbook_nn::Scope;
/// use gradbook_vq::QuantizerConfig;
/// let config: QuantizerConfig = toml::from_str("kind = \"fsp\"\nlevels = [3, 2]\ncdf = \"normal\"").unwrap();
/// let mut store = ParamStore::<f64>::new();
/// let q = config.build(2, &mut Scope::new(&mut store, 0)).unwrap();
/// let codes = q.encode(&store, &Tensor::new([1, 2], vec![0.1, 0.1])); // p = 0.54: the 2nd of 3 bins, the 2nd of 2
/// assert_eq!(codes.column(0), [1 + 3 * 1]);
/// assert_eq!(q.decode(&store, &codes).as_slice(), [0.0, 0.25 * 12f64.sqrt()]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FspConfig {
    /// L of every channel. Together they make ΠL codes.
    pub levels: Vec<u64>,
    /// F
    #[serde(default)]
    pub cdf: Cdf,
    /// The share of elements that training does move to the middle of their bin.
    #[serde(default)]
    pub quantize_rate: f64,
    /// The weight of 0.1·mean μ² + 0.07·mean (σ² − σ_F²)², μ and σ² of each channel over the rows, which gives latents the
    /// mean 0 and the variance σ_F² of F, hence p an even distribution.
    #[serde(default = "unit")]
    pub moments: Weight,
}

fn unit() -> Weight {
    Weight::constant(1.0)
}

impl KindConfig for FspConfig {
    const NAME: &'static str = "fsp";
    const PAPER: &'static str = "arXiv:2602.17133";
    const SUMMARY: &'static str =
        "bins of equal probability per channel, with noise in training; no codebook";

    fn check(&self) -> Result<(), ConfigError> {
        Digits::check(&self.levels)?;
        rules::fraction("quantize_rate", self.quantize_rate)?;
        self.moments.check("moments")
    }

    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        let (digits, place) = (Digits::new(&self.levels, dim)?, scope.name("moments"));
        Ok(Box::new(Fsp { digits, config: self.clone(), level: 0, place }))
    }

    fn probes(_: &[QuantizerConfig]) -> Vec<Self> {
        let probe = |levels: &[u64], cdf, quantize_rate, moments| Self {
            levels: levels.to_vec(),
            cdf,
            quantize_rate,
            moments: Weight::constant(moments),
        };
        vec![
            probe(&[3, 5, 2, 4], Cdf::Tanh, 0.0, 1.0),
            probe(&[3, 5, 2, 4], Cdf::Sigmoid, 0.5, 1.0),
            probe(&[8, 2, 2, 8], Cdf::Normal, 1.0, 0.0),
            probe(&[7], Cdf::Laplace, 0.2, 0.5),
        ]
    }

    fn probe_dim(&self) -> usize {
        self.levels.len()
    }
}

/// The quantizer of an [`FspConfig`].
#[derive(Clone)]
pub struct Fsp {
    config: FspConfig,
    digits: Digits,
    /// How many levels of a residual stack come before it.
    level: usize,
    /// Tells its loss from others in the same model.
    place: String,
}

impl Fsp {
    /// √12/L^level: the width of all bins of a channel together. What a bin leaves over is as wide as the bin.
    fn width(&self, channel: usize) -> f64 {
        SPREAD / (self.digits.levels[channel] as f64).powi(self.level as i32)
    }

    /// p: of z in the first level, of what lies among the values already in the next ones.
    fn probability<'t, T: Real>(&self, z: Var<'t, T>) -> Var<'t, T> {
        match self.level {
            0 => self.config.cdf.apply(z),
            _ => z / self.digits.row(z, |channel| self.width(channel)) + 0.5,
        }
    }

    /// What training makes of p: noise, except where p is moved to the middle of its bin.
    fn perturbed<T: Real>(&self, g: &Graph<'_, T>, p: &Tensor<T>) -> Tensor<T> {
        let (mut rng, levels) = (g.rng(), &self.digits.levels);
        Tensor::build(*p.shape(), |out| {
            for (i, (out, p)) in out.iter_mut().zip(p.as_slice()).enumerate() {
                let (p, l) = (p.to_f64(), levels[i % levels.len()] as f64);
                let moved = p + (rng.random::<f64>() - 0.5) / l;
                let value = if rng.random::<f64>() < self.config.quantize_rate {
                    (bin(p, l) + 0.5) / l
                } else if 0.0 < moved && moved < 1.0 {
                    moved
                } else {
                    p
                };
                *out = T::of(self.width(i % levels.len()) * (value - 0.5));
            }
        })
    }
}

/// 0.1·mean μ² + 0.07·mean (σ² − σ_F²)² over all rows
fn moments<T: Real>(z: Var<'_, T>, aim: f64) -> Var<'_, T> {
    let mean = z.mean_keep(&[0]);
    let variance = (z - mean).square().mean(&[0]);
    0.1 * mean.square().mean_all() + 0.07 * (variance - aim).square().mean_all()
}

/// ⌊pL⌋, at most L − 1
fn bin(p: f64, l: f64) -> f64 {
    (p * l).floor().clamp(0.0, l - 1.0)
}

impl<T: Real> Quantizer<T> for Fsp {
    fn dim(&self, _: &ParamStore<T>) -> usize {
        self.digits.levels.len()
    }

    fn radices(&self, _: &ParamStore<T>) -> Vec<u64> {
        vec![self.digits.all()]
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let (shape, levels) = (z.value.shape(), &self.digits.levels);
        let z = z.rows("fsp", levels.len()).finite("fsp");
        let p = self.probability(z.value);
        let codes = self.digits.encode("fsp", &p.value(), |channel, p| bin(p, levels[channel] as f64) as u64);
        if !g.training() {
            return Quantized { values: self.lookup(g, &codes).reshape(shape), codes, losses: Vec::new() };
        }
        let noisy = g.tape().constant(self.perturbed(g, &p.value()));
        let weight = self.config.moments.at(g.step());
        let mut losses = Vec::new();
        if weight != 0.0 && self.level == 0 {
            let aim = self.config.cdf.variance();
            let value = g.over_batch(&self.place, z.loss, &[], move |z, _| moments(z, aim));
            losses.push(Loss::new("moments", value * weight));
        }
        let soft = (p - 0.5) * self.digits.row(p, |channel| self.width(channel));
        Quantized { values: noisy.surrogate(soft).reshape(shape), codes, losses }
    }

    fn refined(&self, finer: usize) -> Option<Box<dyn Quantizer<T>>> {
        Some(Box::new(Self { level: self.level + finer, ..self.clone() }))
    }

    fn bounded<'t>(&self, z: Var<'t, T>) -> Var<'t, T> {
        if self.level == 0 { (self.probability(z) - 0.5) * SPREAD } else { z }
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        let middle = |channel: usize, digit: u64| (digit as f64 + 0.5) / self.digits.levels[channel] as f64;
        let value = |channel: usize, digit: u64| self.width(channel) * (middle(channel, digit) - 0.5);
        g.tape().constant(self.digits.decode(codes, value))
    }
}
