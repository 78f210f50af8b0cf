//! One digit per channel, and all digits of a row in one exact integer (mixed radix, first channel fastest).

use gradbook_autograd::{Real, Tensor, Var};
use gradbook_nn::ConfigError;

use super::{illegal, require_finite};
use crate::{Codes, SKIPPED};

/// L levels per channel, which make ΠL codes: index = Σ_c digit_c·Π_{j<c} L_j.
#[derive(Clone)]
pub(super) struct Digits {
    pub levels: Vec<u64>,
    all: u64,
}

impl Digits {
    /// The digits of rows of `dim` channels, with levels that have been [checked](Self::check).
    pub fn new(levels: &[u64], dim: usize) -> Result<Self, ConfigError> {
        if levels.len() != dim {
            let rule = format!("one number for each of the {dim} channels (or put it behind a projection)");
            return illegal("quantizer.levels", levels, &rule);
        }
        Ok(Self { levels: levels.to_vec(), all: levels.iter().product() })
    }

    /// Whether levels make digits.
    pub fn check(levels: &[u64]) -> Result<(), ConfigError> {
        let enough = !levels.is_empty() && levels.iter().all(|&l| l >= 2);
        ConfigError::unless(enough, "levels", levels, "one number for each channel, at least two")?;
        let all = levels.iter().try_fold(1u64, |all, &l| all.checked_mul(l));
        ConfigError::unless(
            all.is_some_and(|all| all <= 1 << 63),
            "levels",
            levels,
            "together at most 2⁶³ codes",
        )
    }

    /// One number per channel, `[1, channel]`.
    pub fn row<'t, T: Real>(&self, z: Var<'t, T>, number: impl Fn(usize) -> f64) -> Var<'t, T> {
        let numbers = (0..self.levels.len()).map(|channel| T::of(number(channel))).collect();
        z.tape().constant(Tensor::new([1, self.levels.len()], numbers))
    }

    /// ΠL
    pub fn all(&self) -> u64 {
        self.all
    }

    /// The codes of rows, given the digit of an element by channel and value.
    #[track_caller]
    pub fn encode<T: Real>(&self, op: &str, rows: &Tensor<T>, digit: impl Fn(usize, f64) -> u64) -> Codes {
        require_finite(op, rows);
        let index = |row: &[T]| {
            let digits = row.iter().enumerate().rev();
            digits.fold(0, |index, (c, x)| {
                index * self.levels[c] + digit(c, x.to_f64()).min(self.levels[c] - 1)
            })
        };
        Codes::single(rows.as_slice().chunks(self.levels.len()).map(index).collect(), self.all)
    }

    /// The digit of one channel in each code; a skipped code has skipped digits.
    pub fn column(&self, channel: usize, codes: &Codes) -> Vec<u64> {
        let below: u64 = self.levels[..channel].iter().product();
        let digit = |&k: &u64| if k == SKIPPED { k } else { k / below % self.levels[channel] };
        codes.column(0).iter().map(digit).collect()
    }

    /// The values `[row, channel]` of codes, given the value of a digit by channel; zero where codes are skipped.
    pub fn decode<T: Real>(&self, codes: &Codes, value: impl Fn(usize, u64) -> f64) -> Tensor<T> {
        let (column, dim) = (codes.column(0), self.levels.len());
        let mut values = Vec::with_capacity(column.len() * dim);
        for &code in column {
            let mut rest = code;
            for (c, &l) in self.levels.iter().enumerate() {
                values.push(if code == SKIPPED { T::ZERO } else { T::of(value(c, rest % l)) });
                rest /= l;
            }
        }
        Tensor::new([column.len(), dim], values)
    }
}
