//! The health of a codebook, as plain data: how many codes live, how evenly they are used, how many dimensions matter.
//!
//! [`Health`] is measured on rows, best those of an evaluation set; a [`Window`] watches codes over training steps.

mod health;
mod spectrum;
mod window;

use std::collections::BTreeMap;

use gradbook_autograd::{Real, Tensor};
use serde::{Deserialize, Serialize};

pub use health::{Health, SlotHealth};
pub use spectrum::{duplicate_rate, effective_dimension, principal_axes};
pub use window::Window;

use crate::{Codes, SKIPPED};

/// How the codes of one slot were used over some rows, from exact counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// How many codes there are.
    pub codes: u64,
    /// Uses of each code that was used at all, by index.
    pub counts: BTreeMap<u64, u64>,
}

impl Usage {
    /// The usage of one slot.
    ///
    /// ```
    /// use gradbook_vq::{Codes, diagnostics::Usage};
    /// let usage = Usage::of(&Codes::single(vec![0, 0, 3, 3], 8), 0);
    /// assert_eq!((usage.alive(), usage.codes), (2, 8));
    /// assert!((usage.perplexity() - 2.0).abs() < 1e-12 && (usage.bits() - 1.0).abs() < 1e-12);
    /// ```
    pub fn of(codes: &Codes, slot: usize) -> Self {
        let mut usage = Self { codes: codes.radix(slot), counts: BTreeMap::new() };
        usage.add(codes.column(slot));
        usage
    }

    /// Counts more rows.
    pub fn add(&mut self, column: &[u64]) {
        column.iter().filter(|&&k| k != SKIPPED).for_each(|&k| *self.counts.entry(k).or_default() += 1);
    }

    /// Codes used at least once.
    pub fn alive(&self) -> usize {
        self.counts.len()
    }

    /// H = −Σ p ln p over the shares p of all uses, in nats.
    pub fn entropy(&self) -> f64 {
        let total = self.counts.values().sum::<u64>() as f64;
        self.counts.values().map(|&n| n as f64 / total).map(|p| -p * p.ln()).sum::<f64>().max(0.0)
    }

    /// exp H: as many equally used codes would have this entropy. Between 1 and K.
    pub fn perplexity(&self) -> f64 {
        self.entropy().exp()
    }

    /// H in bits: what a token costs with a perfect entropy coder.
    pub fn bits(&self) -> f64 {
        self.entropy() / std::f64::consts::LN_2
    }

    /// How many codes would be used at least once by `rows` of these uses, drawn without replacement: Σₖ 1 − C(N − nₖ, r) /
    /// C(N, r) for r of N uses (rarefaction: Hurlbert 1971). Unlike [`alive`](Self::alive) it does not grow with the size of
    /// the sample; none if there are fewer uses.
    ///
    /// ```
    /// use gradbook_vq::{Codes, diagnostics::Usage};
    /// let usage = Usage::of(&Codes::single(vec![0, 0, 0, 3], 8), 0);
    /// // Of the six pairs of uses three have both codes: 1.5 on average.
    /// assert!((usage.alive_in(2).unwrap() - 1.5).abs() < 1e-12);
    /// assert_eq!((usage.alive_in(4), usage.alive_in(5)), (Some(2.0), None));
    /// ```
    pub fn alive_in(&self, rows: u64) -> Option<f64> {
        let all: u64 = self.counts.values().sum();
        // C(N − n, r) / C(N, r) = Π (N − r − i) / (N − i) over i < n: no row of the draw is one of these n.
        let missed = |n: u64| {
            (0..n).map(|i| (all - i).saturating_sub(rows) as f64 / (all - i) as f64).product::<f64>()
        };
        (rows <= all).then(|| self.counts.values().map(|&n| 1.0 - missed(n)).sum())
    }

    /// The share of codes with at least a tenth of an even share of all uses: alive, and not barely.
    ///
    /// ```
    /// use gradbook_vq::{Codes, diagnostics::Usage};
    /// let column = [vec![0; 97], vec![1; 2], vec![2]].concat(); // an even share of 100 uses of 5 codes is 20
    /// assert_eq!(Usage::of(&Codes::single(column, 5), 0).lively(), 0.4);
    /// ```
    pub fn lively(&self) -> f64 {
        let all = self.counts.values().sum::<u64>() as f64;
        let enough = |n: &&u64| **n as f64 * self.codes as f64 >= 0.1 * all;
        self.counts.values().filter(enough).count() as f64 / self.codes as f64
    }

    /// The uses of all codes, those of dead ones being 0. For slots small enough to list.
    pub fn dense(&self) -> Vec<u64> {
        (0..self.codes).map(|k| self.counts.get(&k).copied().unwrap_or(0)).collect()
    }
}

/// 10·log₁₀ of the energy of rows over that of their quantization error, in decibels.
pub fn signal_to_noise<T: Real>(z: &Tensor<T>, q: &Tensor<T>) -> f64 {
    let pairs = || z.as_slice().iter().zip(q.as_slice()).map(|(z, q)| (z.to_f64(), q.to_f64()));
    let (signal, noise) = pairs().fold((0.0, 0.0), |(s, n), (z, q)| (s + z * z, n + (z - q) * (z - q)));
    10.0 * (signal / noise).log10()
}

/// The share of rows whose code in a slot is another than before. Over the same rows at two times, this is how much a
/// codebook still churns.
///
/// ```
/// use gradbook_vq::{Codes, diagnostics::recoded};
/// let (before, after) = (Codes::single(vec![0, 1, 2, 3], 4), Codes::single(vec![0, 1, 3, 3], 4));
/// assert_eq!(recoded(&before, &after, 0), 0.25);
/// ```
pub fn recoded(before: &Codes, after: &Codes, slot: usize) -> f64 {
    let (before, after) = (before.column(slot), after.column(slot));
    before.iter().zip(after).filter(|(a, b)| a != b).count() as f64 / before.len().max(1) as f64
}
