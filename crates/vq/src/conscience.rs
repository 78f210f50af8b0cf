//! Clusters of like size by conscience: a center that wins often asks for a smaller distance, so that its poorer
//! neighbors take over rows at its border. DeSieno 1988, "Adding a conscience to competitive learning".

use gradbook_autograd::{Real, Tensor};

use crate::{balance::occasions, clusters::Clusters, search::nearest};

/// How much of the conscience so far remains each round, and how much the present adds: it has a memory, for prices that
/// only knew the present would swing.
const KEEP: f64 = 0.8;
const ADD: f64 = 0.32;
/// No share counts for less: an empty cell shall not take everything.
const LEAST: f64 = 0.02;

/// Rounds of Lloyd's algorithm on `centers` `[center, channel]` in which a row of `x` `[row, channel]` goes to
///
/// ```text
/// argmin_k  w_k‖x − c_k‖²        ln w_k ← 0.8 ln w_k + 0.32 ln share_k
/// share_k = chunks of 64 rows that hold k as the nearest, over the mean of all centers
/// ```
pub(crate) fn even_out<T: Real>(x: &Tensor<T>, centers: &mut Tensor<T>, rounds: usize) {
    let count = centers.rows().nrows();
    let lifted = Lifted::new(x);
    let mut logs = vec![0.0; count];
    for _ in 0..rounds {
        let shares = occasions(&nearest(x, centers), count);
        logs.iter_mut().zip(shares).for_each(|(log, s)| *log = KEEP * *log + ADD * s.max(LEAST).ln());
        let weights: Vec<f64> = logs.iter().map(|log| log.exp()).collect();
        Clusters::new(&lifted.nearest(centers, &weights), count).recenter(x, centers);
    }
}

/// Rows made ready for argmin_k w_k‖x − c_k‖² as a search for the nearest in two more channels, of rows and centers about 0
/// at scale 1:
///
/// ```text
/// x' = (x, ‖x‖², 0)    c' = (w c, −w/2, h)    h² = H + w‖c‖² − w²‖c‖² − w²/4
/// ‖x' − c'‖² = ‖x'‖² + w‖x − c‖² + H
/// ```
struct Lifted<T: Real> {
    mean: Vec<f64>,
    scale: f64,
    /// x'
    rows: Tensor<T>,
}

impl<T: Real> Lifted<T> {
    fn new(x: &Tensor<T>) -> Self {
        let (count, width) = x.rows().dim();
        let rows = || x.as_slice().chunks(width);
        let mut mean = vec![0.0; width];
        rows().for_each(|row| mean.iter_mut().zip(row).for_each(|(m, x)| *m += x.to_f64()));
        mean.iter_mut().for_each(|m| *m /= count as f64);
        let mut all = Self { mean, scale: 1.0, rows: Tensor::zeros([count, width + 2]) };
        let scale = (rows().map(|row| square(&all.unit(row))).sum::<f64>() / count as f64).sqrt();
        if scale > 0.0 {
            all.scale = scale;
        }
        let lifted = |row: &[T]| {
            let row = all.unit(row);
            let square = square(&row);
            row.into_iter().chain([square, 0.0]).map(T::of).collect::<Vec<_>>()
        };
        all.rows = Tensor::new([count, width + 2], rows().flat_map(lifted).collect());
        all
    }

    /// A row or a center, about 0 and at scale 1.
    fn unit(&self, row: &[T]) -> Vec<f64> {
        row.iter().zip(&self.mean).map(|(x, m)| (x.to_f64() - m) / self.scale).collect()
    }

    fn nearest(&self, centers: &Tensor<T>, weights: &[f64]) -> Vec<u32> {
        let (count, width) = centers.rows().dim();
        let units: Vec<Vec<f64>> = centers.as_slice().chunks(width).map(|c| self.unit(c)).collect();
        let rise = |(c, w): (&Vec<f64>, &f64)| (w - w * w) * square(c) - w * w / 4.0;
        let lowest = units.iter().zip(weights).map(rise).fold(f64::MAX, f64::min);
        let raised = |(c, w): (&Vec<f64>, &f64)| {
            let height = (rise((c, w)) - lowest).max(0.0).sqrt();
            c.iter().map(|c| w * c).chain([-w / 2.0, height]).map(T::of).collect::<Vec<_>>()
        };
        let centers = units.iter().zip(weights).flat_map(raised).collect();
        nearest(&self.rows, &Tensor::new([count, width + 2], centers))
    }
}

fn square(row: &[f64]) -> f64 {
    row.iter().map(|x| x * x).sum()
}

#[cfg(test)]
mod tests {
    use gradbook_autograd::Stream;
    use ndarray_rand::rand::Rng as _;

    use super::*;
    use crate::kmeans::squared_distance;

    #[test]
    fn the_lifted_search_finds_the_least_weighted_distance() {
        let mut rng = Stream::new(3, 0, 0).next_use();
        let mut draw =
            |n: usize| Tensor::new([n, 5], (0..n * 5).map(|_| 7.0 + rng.random::<f64>()).collect());
        let (x, centers) = (draw(300), draw(9));
        let weights: Vec<f64> = (0..9).map(|k| 0.1 + f64::from(k) / 3.0).collect();
        let chosen = Lifted::new(&x).nearest(&centers, &weights);
        for (row, &k) in x.as_slice().chunks(5).zip(&chosen) {
            let asked = |k: usize| weights[k] * squared_distance(row, &centers.as_slice()[k * 5..][..5]);
            let least = (0..9).map(asked).fold(f64::MAX, f64::min);
            assert_eq!(asked(k as usize), least);
        }
    }

    /// Two centers after some rounds on 64 numbers and as many more.
    fn after(rounds: usize, rows: [Vec<f64>; 2], centers: [f64; 2]) -> Vec<f64> {
        let rows: Vec<f64> = rows
            .into_iter()
            .flat_map(|mut half| {
                half.resize(64, 0.0);
                half
            })
            .collect();
        let mut centers = Tensor::new([2, 1], centers.to_vec());
        even_out(&Tensor::new([128, 1], rows), &mut centers, rounds);
        centers.as_slice().to_vec()
    }

    fn assert_near(found: &[f64], expected: [f64; 2]) {
        let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(near, "{found:?}, not {expected:?}");
    }

    #[test]
    fn the_border_moves_by_the_weights_and_they_remember() {
        // 0 holds two chunks and 1 one: ln w = 0.32 ln 4/3 and 0.32 ln 2/3, so the border is at 0.4723, not at ½.
        let rows = || [vec![0.34, 0.47, 0.48, 1.0], vec![]];
        assert_near(&after(1, rows(), [0.0, 1.0]), [0.81 / 126.0, 0.74]);
        // Again two and one: ln w is 1.8 times what it was, which puts the border at 0.337. Without a memory: at 0.353.
        assert_near(&after(2, rows(), [0.0, 1.0]), [0.0, (0.34 + 0.47 + 0.48 + 1.0) / 4.0]);
    }

    #[test]
    fn an_empty_cell_asks_for_no_less_than_a_fiftieth_of_the_mean() {
        // Weights 2^0.32 and 0.02^0.32: the border between 0 and 10 is at 3.237.
        assert_near(&after(1, [vec![3.2, 3.3], vec![]], [0.0, 10.0]), [3.2 / 127.0, 3.3]);
    }

    #[test]
    fn cells_of_a_dense_and_a_thin_place_come_to_be_alike() {
        let mut rng = Stream::new(4, 0, 0).next_use();
        let mut draw = |i: usize| rng.random::<f64>() + if i.is_multiple_of(16) { 5.0 } else { 0.0 };
        let x = Tensor::new([6400, 1], (0..6400).map(&mut draw).collect());
        let mut centers = Tensor::new([8, 1], vec![0.2, 0.4, 0.6, 0.8, 5.2, 5.4, 5.6, 5.8]);
        let least =
            |centers: &Tensor<f64>| occasions(&nearest(&x, centers), 8).into_iter().fold(f64::MAX, f64::min);
        let before = least(&centers);
        even_out(&x, &mut centers, 10);
        assert!(least(&centers) > before, "{before} to {}", least(&centers));
    }
}
