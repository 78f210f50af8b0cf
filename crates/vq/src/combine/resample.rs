//! Another number of places along the length of each item: by a matrix, so that the derivative is that of a product, or by
//! windows.

use gradbook_autograd::{Real, Tensor, Var};
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

/// Items that follow one another in x `[row, channel]`, each times a matrix that its length gives, with the rows it takes.
pub(super) fn each<'t, T: Real>(
    x: Var<'t, T>,
    lengths: &[usize],
    matrix: impl Fn(usize) -> (usize, Tensor<T>),
) -> Var<'t, T> {
    let channels = x.shape()[1];
    let times = |x: Var<'t, T>, items: usize, (from, matrix): (usize, Tensor<T>)| {
        let to = matrix.shape()[0];
        let product = x.tape().constant(matrix).matmul(x.reshape([items, from, channels]));
        product.reshape([items * to, channels])
    };
    if lengths.windows(2).all(|pair| pair[0] == pair[1]) {
        return times(x, lengths.len(), matrix(lengths[0]));
    }
    let mut start = 0;
    let item = |&length: &usize| {
        let (from, matrix) = matrix(length);
        start += from;
        times(x.slice(0, start - from..start), 1, (from, matrix))
    };
    Var::concat(&lengths.iter().map(item).collect::<Vec<_>>(), 0)
}

/// The window of `stride` rows that each row is in, within items of these lengths; the last window of an item may be
/// shorter.
pub(super) fn windows(lengths: &[usize], stride: usize) -> Vec<usize> {
    let mut first = 0;
    let item = |&length: &usize| {
        let start = first;
        first += length.div_ceil(stride);
        (0..length).map(move |row| start + row / stride)
    };
    lengths.iter().flat_map(item).collect()
}

/// The means of windows of `stride` rows.
pub(super) fn down<'t, T: Real>(z: Var<'t, T>, lengths: &[usize], stride: usize) -> Var<'t, T> {
    if stride == 1 {
        return z;
    }
    let windows = windows(lengths, stride);
    let mut sizes = vec![0u32; windows.last().map_or(0, |last| last + 1)];
    windows.iter().for_each(|&window| sizes[window] += 1);
    let shares = sizes.iter().map(|&size| T::of(1.0 / f64::from(size))).collect();
    let shares = z.tape().constant(Tensor::new([sizes.len(), 1], shares));
    z.scatter_add(&windows, sizes.len()) * shares
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

    #[test]
    fn windows_end_where_an_item_ends() {
        assert_eq!(windows(&[3, 2], 2), [0, 0, 1, 2, 2]);
        let tape = gradbook_autograd::Tape::<f64>::new();
        let z = tape.constant(Tensor::new([5, 1], vec![1.0, 3.0, 5.0, 7.0, 8.0]));
        assert_eq!(down(z, &[3, 2], 2).value().as_slice(), [2.0, 5.0, 7.5]);
        assert_eq!(down(z, &[3, 2], 1).value(), z.value());
    }

    #[test]
    fn each_item_of_any_length_is_averaged_by_itself() {
        let tape = gradbook_autograd::Tape::<f64>::new();
        let z = tape.constant(Tensor::new([6, 1], vec![1.0, 3.0, 5.0, 7.0, 8.0, 9.0]));
        let means = |lengths: &[usize]| each(z, lengths, |length| (length, averages(length, 1))).value();
        assert_eq!(means(&[2, 4]).as_slice(), [2.0, 7.25]);
        assert_eq!(means(&[3, 3]).as_slice(), [3.0, 8.0]);
    }
}
