//! Finite scalar quantization: every channel is rounded to a few levels; no codebook, nothing to collapse.
//! Mentzer et al. 2023, arXiv:2309.15505; the symmetric variant: Parker et al. 2024, arXiv:2411.19842.

use gradbook_autograd::{Graph, ParamStore, Real, Tensor, Var};
use gradbook_nn::{ConfigError, Scope};
use serde::{Deserialize, Serialize};

use super::{QuantizerConfig, digits::Digits};
use crate::{Codes, KindConfig, Latent, Quantized, Quantizer};

/// How far beyond the outermost level the bound of the plain variant reaches.
const SLACK: f64 = 1e-3;

/// FSQ with one number of levels L per channel; the gradient passes the rounding as if it were not there.
///
/// ```text
/// plain      q = round(½(L − 1)·tanh(z + s) − o) / ⌊L/2⌋     o = 0, s = 0 for odd L; o = ½, s = artanh(1/(L − 1)) for even L
/// symmetric  q = 2·round(½(L − 1)·(tanh z + 1)) / (L − 1) − 1
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FsqConfig {
    /// L of every channel. Together they make ΠL codes.
    pub levels: Vec<u64>,
    /// Levels evenly spaced on [−1, 1] for every L; the plain variant has 0 as a level for every L.
    #[serde(default)]
    pub symmetric: bool,
}

impl KindConfig for FsqConfig {
    const NAME: &'static str = "fsq";
    const PAPER: &'static str = "arXiv:2309.15505";
    const SUMMARY: &'static str = "each channel rounded to a few levels; no codebook";

    fn check(&self) -> Result<(), ConfigError> {
        Digits::check(&self.levels)
    }

    fn build<T: Real>(&self, dim: usize, _: &mut Scope<'_, T>) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        Ok(Box::new(Fsq { digits: Digits::new(&self.levels, dim)?, symmetric: self.symmetric }))
    }

    fn probes(_: &[QuantizerConfig]) -> Vec<Self> {
        let config = |levels: &[u64], symmetric| Self { levels: levels.to_vec(), symmetric };
        vec![
            config(&[3, 5, 2, 4], false),
            config(&[3, 5, 2, 4], true),
            config(&[7], false),
            config(&[1 << 20, 1 << 20, 1 << 20], true),
        ]
    }

    fn probe_dim(&self) -> usize {
        self.levels.len()
    }
}

/// The quantizer of an [`FsqConfig`].
pub struct Fsq {
    digits: Digits,
    symmetric: bool,
}

impl Fsq {
    /// z bounded so that rounding gives one of the L levels, as a function of tape values; one row of constants per
    /// quantity, broadcast over rows.
    fn bounded<'t, T: Real>(&self, z: Var<'t, T>) -> Var<'t, T> {
        let tape = z.tape();
        let row = |f: &dyn Fn(f64) -> f64| {
            let values: Vec<T> = self.digits.levels.iter().map(|&l| T::of(f(l as f64))).collect();
            tape.constant(Tensor::new([1, values.len()], values))
        };
        if self.symmetric {
            return (z.tanh() + 1.0) * row(&|l| (l - 1.0) / 2.0); // 0 … L − 1
        }
        let half = |l: f64| (l - 1.0) * (1.0 + SLACK) / 2.0;
        let offset = |l: f64| if l % 2.0 == 0.0 { 0.5 } else { 0.0 };
        let shift = row(&|l| (offset(l) / half(l)).clamp(-1.0 + 1e-7, 1.0 - 1e-7).atanh());
        (z + shift).tanh() * row(&half) - row(&offset) // about −L/2 … L/2
    }

    /// The level of each channel, 0 … L − 1, and its value.
    fn digit(&self, channel: usize, bounded: f64) -> u64 {
        let l = self.digits.levels[channel];
        let lowest = if self.symmetric { 0.0 } else { -((l / 2) as f64) };
        ((bounded + 0.5).floor() - lowest).clamp(0.0, (l - 1) as f64) as u64
    }

    fn level(&self, channel: usize, digit: u64) -> f64 {
        let l = self.digits.levels[channel];
        if self.symmetric {
            2.0 * digit as f64 / (l - 1) as f64 - 1.0
        } else {
            (digit as f64 - (l / 2) as f64) / (l / 2) as f64
        }
    }

    /// What one unit of [`bounded`](Self::bounded) is worth in the value.
    fn steps(&self) -> Vec<f64> {
        let step = |&l: &u64| if self.symmetric { 2.0 / (l - 1) as f64 } else { 1.0 / (l / 2) as f64 };
        self.digits.levels.iter().map(step).collect()
    }
}

impl<T: Real> Quantizer<T> for Fsq {
    fn dim(&self, _: &ParamStore<T>) -> usize {
        self.digits.levels.len()
    }

    fn radices(&self, _: &ParamStore<T>) -> Vec<u64> {
        vec![self.digits.all()]
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let (shape, dim) = (z.value.shape(), self.digits.levels.len());
        let bounded = self.bounded(z.rows("fsq", dim).value);
        let codes = self.digits.encode("fsq", &bounded.value(), |channel, x| self.digit(channel, x));
        let hard = self.lookup(g, &codes);
        let steps: Vec<T> = self.steps().into_iter().map(T::of).collect();
        // Rounding is passed straight through; the bound keeps its own derivative.
        let soft = bounded * g.tape().constant(Tensor::new([1, dim], steps));
        let values = if g.training() { hard.surrogate(soft) } else { hard };
        Quantized { values: values.reshape(shape), codes, losses: Vec::new() }
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        g.tape().constant(self.digits.decode(codes, |channel, digit| self.level(channel, digit)))
    }
}
