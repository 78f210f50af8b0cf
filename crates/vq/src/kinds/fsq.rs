//! Finite scalar quantization: every channel is rounded to a few levels; no codebook, nothing to collapse.
//! Mentzer et al. 2023, arXiv:2309.15505; the symmetric variant: Parker et al. 2024, arXiv:2411.19842.

use gradbook_autograd::{Graph, ParamStore, Real, Var};
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
///
/// A residual stack takes the bounded z apart, level l in steps L^l times as fine. The bound of a symmetric stack is
/// c·tanh(z/c), c = L/(L − 1), so that the outermost levels have full cells too. This is `ResidualFSQ` of
/// vector-quantize-pytorch, which is always symmetric.
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
        let digits = Digits::new(&self.levels, dim)?;
        Ok(Box::new(Fsq { digits, symmetric: self.symmetric, level: None }))
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
#[derive(Clone)]
pub struct Fsq {
    digits: Digits,
    symmetric: bool,
    /// Which level of a residual stack it is, if of any.
    level: Option<usize>,
}

impl Fsq {
    /// z bounded so that rounding gives one of the L levels.
    fn positions<'t, T: Real>(&self, z: Var<'t, T>) -> Var<'t, T> {
        let row =
            |f: &dyn Fn(f64) -> f64| self.digits.row(z, |channel| f(self.digits.levels[channel] as f64));
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

    fn value_of(&self, channel: usize, digit: u64) -> f64 {
        let l = self.digits.levels[channel];
        if self.symmetric {
            2.0 * digit as f64 / (l - 1) as f64 - 1.0
        } else {
            (digit as f64 - (l / 2) as f64) / (l / 2) as f64
        }
    }

    /// What one unit of [`positions`](Self::positions) is worth in the value.
    fn step(&self, channel: usize) -> f64 {
        let l = self.digits.levels[channel];
        if self.symmetric { 2.0 / (l - 1) as f64 } else { 1.0 / (l / 2) as f64 }
    }

    /// The middle of what the levels cover: the plain variant has one more below 0 than above if L is even.
    fn middle(&self, channel: usize) -> f64 {
        let even = self.digits.levels[channel].is_multiple_of(2);
        if !self.symmetric && even { -0.5 * self.step(channel) } else { 0.0 }
    }

    /// L^−l in level l of a stack.
    fn scale(&self, channel: usize) -> f64 {
        (self.digits.levels[channel] as f64).powi(-(self.level.unwrap_or(0) as i32))
    }

    /// The digit of what the levels before this one left over.
    fn digit_of(&self, channel: usize, value: f64) -> u64 {
        let lowest = if self.symmetric { 1.0 } else { self.middle(channel) };
        self.digit(channel, (value / self.scale(channel) + lowest) / self.step(channel))
    }

    /// Whether tanh alone bounds its rows: those of a symmetric stack have a wider bound, and then they are bounded.
    fn by_tanh(&self) -> bool {
        self.level.is_none_or(|level| level == 0 && !self.symmetric)
    }

    /// z where the values lie.
    fn among_values<'t, T: Real>(&self, z: Var<'t, T>) -> Var<'t, T> {
        if self.by_tanh() {
            let value = self.positions(z) * self.digits.row(z, |channel| self.step(channel));
            return if self.symmetric { value - 1.0 } else { value };
        }
        if self.level != Some(0) {
            return z;
        }
        let c = self.digits.row(z, |channel| 1.0 + 1.0 / (self.digits.levels[channel] - 1) as f64);
        (z / c).tanh() * c
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
        let z = z.rows("fsq", dim).value;
        let (soft, codes) = if self.by_tanh() {
            let at = self.positions(z);
            let codes = self.digits.encode("fsq", &at.value(), |channel, x| self.digit(channel, x));
            (at * self.digits.row(z, |channel| self.step(channel)), codes)
        } else {
            let x = self.among_values(z);
            (x, self.digits.encode("fsq", &x.value(), |channel, x| self.digit_of(channel, x)))
        };
        let hard = self.lookup(g, &codes);
        // Rounding is passed straight through; the bound keeps its own derivative.
        let values = if g.training() { hard.surrogate(soft) } else { hard };
        Quantized { values: values.reshape(shape), codes, losses: Vec::new() }
    }

    fn values_are_codes(&self) -> bool {
        true
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        let centered = |channel: usize| if self.by_tanh() { 0.0 } else { self.middle(channel) };
        let value = |channel: usize, digit: u64| {
            self.scale(channel) * (self.value_of(channel, digit) - centered(channel))
        };
        g.tape().constant(self.digits.decode(codes, value))
    }

    fn refined(&self, finer: usize) -> Option<Box<dyn Quantizer<T>>> {
        Some(Box::new(Self { level: Some(self.level.unwrap_or(0) + finer), ..self.clone() }))
    }

    fn bounded<'t>(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.among_values(z)
    }
}
