//! Another number of places along the length, as a matrix: so its derivative is that of a product.

use gradbook_autograd::{Real, Tensor};
use serde::{Deserialize, Serialize};

/// Values at L places from values at s places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Upsample {
    /// On the line between the two neighbors; place i of s sits at (i + ½)/s.
    #[default]
    Linear,
    /// The value of the nearest place.
    Nearest,
}

impl Upsample {
    /// The matrix `[to, from]`: each row holds the shares of the places in one value.
    pub(super) fn matrix<T: Real>(self, from: usize, to: usize) -> Tensor<T> {
        Tensor::build([to, from], |out| {
            out.fill(T::ZERO);
            for (i, row) in out.chunks_mut(from).enumerate() {
                let at = (i as f64 + 0.5) * from as f64 / to as f64;
                let left = (at - 0.5).clamp(0.0, (from - 1) as f64);
                match self {
                    Self::Nearest => row[i * from / to] = T::ONE,
                    Self::Linear => {
                        let (i, share) = (left as usize, left.fract());
                        row[i] = T::of(1.0 - share);
                        if share > 0.0 {
                            row[i + 1] = T::of(share);
                        }
                    }
                }
            }
        })
    }
}

/// The matrix `[to, from]` of the means of the windows [⌊i·from/to⌋, ⌈(i+1)·from/to⌉).
pub(super) fn averages<T: Real>(from: usize, to: usize) -> Tensor<T> {
    Tensor::build([to, from], |out| {
        out.fill(T::ZERO);
        for (i, row) in out.chunks_mut(from).enumerate() {
            let window = i * from / to..((i + 1) * from).div_ceil(to);
            let share = T::of(1.0 / window.len() as f64);
            row[window].fill(share);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_a_mean_of_others_for_any_lengths() {
        for (from, to) in [(1, 5), (3, 7), (7, 3), (5, 5), (2, 1)] {
            let matrices = [
                averages::<f64>(from, to),
                Upsample::Linear.matrix(from, to),
                Upsample::Nearest.matrix(from, to),
            ];
            for row in matrices.iter().flat_map(|matrix| matrix.as_slice().chunks(from)) {
                assert!(
                    (row.iter().sum::<f64>() - 1.0).abs() < 1e-12 && row.iter().all(|&share| share >= 0.0)
                );
            }
        }
        assert_eq!(
            Upsample::Linear.matrix::<f64>(2, 4).as_slice(),
            [1.0, 0.0, 0.75, 0.25, 0.25, 0.75, 0.0, 1.0]
        );
        assert_eq!(averages::<f64>(3, 2).as_slice(), [0.5, 0.5, 0.0, 0.0, 0.5, 0.5]);
    }
}
