//! A mean and a deviation: what a model was trained with must travel with the model.

use ndarray::{Array2, ArrayBase, DataMut, Dimension};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Deviations below this (silence and nothing else) are taken as 1.
const LEAST_DEVIATION: f64 = 1e-4;

/// Scalar standardization, `z = (x − mean) / deviation`, and its inverse.
///
/// ```
/// use gradbook_audio::Standardization;
/// use ndarray::array;
/// let mut x = array![[1.0, 5.0]];
/// let standard = Standardization { mean: 3.0, deviation: 2.0 };
/// standard.apply(&mut x);
/// assert_eq!(x, array![[-1.0, 1.0]]);
/// standard.invert(&mut x);
/// assert_eq!(x, array![[1.0, 5.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standardization {
    /// The mean of the training frames.
    pub mean: f32,
    /// Their standard deviation.
    pub deviation: f32,
}

impl Standardization {
    /// The mean and deviation of frames `[frame, mel]`.
    pub fn of(frames: &Array2<f32>) -> Self {
        Moments::standardization([Moments::of(frames)])
    }

    /// Whether it can be used.
    ///
    /// # Errors
    /// Unless the mean is finite and the deviation positive.
    pub fn check(&self) -> Result<()> {
        Error::unless(self.mean.is_finite(), "mean", self.mean, "finite")?;
        let positive = self.deviation > 0.0 && self.deviation.is_finite();
        Error::unless(positive, "deviation", self.deviation, "positive and finite")
    }

    /// `x ← (x − mean) / deviation`.
    pub fn apply<S: DataMut<Elem = f32>, D: Dimension>(&self, x: &mut ArrayBase<S, D>) {
        x.mapv_inplace(|v| self.standard(v));
    }

    /// `x ← x · deviation + mean`.
    pub fn invert<S: DataMut<Elem = f32>, D: Dimension>(&self, x: &mut ArrayBase<S, D>) {
        x.mapv_inplace(|v| self.original(v));
    }

    /// (x − mean) / deviation.
    pub(crate) fn standard(self, x: f32) -> f32 {
        (x - self.mean) / self.deviation
    }

    /// x · deviation + mean.
    pub(crate) fn original(self, x: f32) -> f32 {
        x * self.deviation + self.mean
    }
}

/// Count, sum and sum of squares: enough for mean and deviation, and they add up over clips.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Moments {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) squares: f64,
}

impl Moments {
    pub(crate) fn of<'a>(values: impl IntoIterator<Item = &'a f32>) -> Self {
        values.into_iter().map(|&v| f64::from(v)).fold(Self::default(), |m, v| Self {
            count: m.count + 1,
            sum: m.sum + v,
            squares: m.squares + v * v,
        })
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            squares: self.squares + other.squares,
        }
    }

    pub(crate) fn standardization(parts: impl IntoIterator<Item = Self>) -> Standardization {
        let all = parts.into_iter().fold(Self::default(), Self::plus);
        let mean = all.sum / all.count as f64;
        let deviation = (all.squares / all.count as f64 - mean * mean).max(0.0).sqrt();
        let deviation = if deviation < LEAST_DEVIATION { 1.0 } else { deviation };
        Standardization { mean: mean as f32, deviation: deviation as f32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_and_deviation_of_1_2_4_9_are_those_of_numpy_however_they_are_cut() {
        let of = |parts: &[&[f32]]| Moments::standardization(parts.iter().map(|part| Moments::of(*part)));
        let found = of(&[&[1.0, 2.0, 4.0, 9.0]]);
        assert_eq!((found.mean, found.deviation), (4.0, 3.082_207));
        assert_eq!(of(&[&[1.0], &[2.0, 4.0], &[9.0]]), found);
    }

    #[test]
    fn a_deviation_below_a_ten_thousandth_counts_as_1() {
        let of = |x: f32| Moments::standardization([Moments::of(&[x, -x])]).deviation;
        assert_eq!([of(0.0), of(0.9e-4), of(1.1e-4)], [1.0, 1.0, 1.1e-4]);
        let exactly = Moments { count: 1, sum: 0.0, squares: 1e-8 };
        assert_eq!(Moments::standardization([exactly]).deviation, 1e-4);
    }
}
