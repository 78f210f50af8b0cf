//! The health of a codebook, as plain data: how many codes live, how evenly they are used, how many dimensions matter.

use std::collections::BTreeMap;

use gradbook_autograd::{Real, Tensor, gemm::gemm};
use serde::{Deserialize, Serialize};

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

/// The share of codes that coincide with an earlier one to within `tolerance` of the codes' deviation.
pub fn duplicate_rate<T: Real>(codes: &Tensor<T>, tolerance: f64) -> f64 {
    let rows = codes.rows();
    let scale = covariance(codes).iter().map(|row| row.0[row.1]).sum::<f64>();
    let near = |i: usize, j: usize| {
        let d: f64 =
            rows.row(i).iter().zip(rows.row(j)).map(|(a, b)| (a.to_f64() - b.to_f64()).powi(2)).sum();
        d <= tolerance * tolerance * scale
    };
    let doubles = (0..rows.nrows()).filter(|&i| (0..i).any(|j| near(i, j))).count();
    doubles as f64 / rows.nrows().max(1) as f64
}

/// exp of the entropy of the spectrum of the rows' covariance: how many directions carry their variance. Between 1 and
/// the number of channels.
///
/// ```
/// use gradbook_autograd::Tensor;
/// use gradbook_vq::diagnostics::effective_dimension;
/// let square = Tensor::new([4, 3], vec![1.0, 1.0, 0.0, 1.0, -1.0, 0.0, -1.0, 1.0, 0.0, -1.0, -1.0, 0.0]);
/// assert!((effective_dimension(&square) - 2.0).abs() < 1e-9); // two equal directions of three
/// ```
pub fn effective_dimension<T: Real>(rows: &Tensor<T>) -> f64 {
    let values = principal_axes(rows).0;
    let total: f64 = values.iter().sum();
    if total <= 0.0 {
        return 1.0;
    }
    values.iter().map(|v| v / total).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum::<f64>().exp()
}

/// The variances of the rows along their principal axes, largest first, and the axes `[axis, channel]`.
///
/// By cyclic Jacobi rotations of the covariance in f64 (Golub & Van Loan, 8.5).
pub fn principal_axes<T: Real>(rows: &Tensor<T>) -> (Vec<f64>, Vec<Vec<f64>>) {
    let mut a: Vec<Vec<f64>> = covariance(rows).into_iter().map(|(row, _)| row).collect();
    let n = a.len();
    let mut v: Vec<Vec<f64>> =
        (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    let scale: f64 = a.iter().flatten().map(|x| x * x).sum();
    for _sweep in 0..12 {
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i][j] * a[i][j]).sum();
        if off <= 1e-18 * scale {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut v, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[j][j].total_cmp(&a[i][i]));
    (order.iter().map(|&i| a[i][i].max(0.0)).collect(), order.iter().map(|&i| v[i].clone()).collect())
}

/// The rotation of axes p and q that makes a[p][q] zero; `v` holds the axes as rows.
fn rotate(a: &mut [Vec<f64>], v: &mut [Vec<f64>], p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    for row in a.iter_mut() {
        (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
    }
    for m in [a, v] {
        let (above, below) = m.split_at_mut(q);
        for (x, y) in above[p].iter_mut().zip(&mut below[0]) {
            (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
        }
    }
}

/// The covariance matrix, row by row, with each row's number.
fn covariance<T: Real>(rows: &Tensor<T>) -> Vec<(Vec<f64>, usize)> {
    let x = rows.rows();
    let (count, channels) = x.dim();
    let mut centered = x.mapv(|x| x.to_f64());
    for mut column in centered.columns_mut() {
        let mean = column.sum() / count.max(1) as f64;
        column.mapv_inplace(|x| x - mean);
    }
    let mut c = ndarray::Array2::zeros((channels, channels));
    gemm(centered.t(), centered.view(), 0.0, c.view_mut());
    (0..channels).map(|i| (c.row(i).iter().map(|x| x / count.max(1) as f64).collect(), i)).collect()
}
