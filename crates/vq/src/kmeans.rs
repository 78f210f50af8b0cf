//! k-means: a spread start, then Lloyd's iteration, and no center that is empty, double or zero. The start of a codebook.

use std::collections::HashSet;

use gradbook_autograd::{Real, Rng, Tensor, at_least};
use ndarray_rand::{
    rand::{Rng as _, seq::index},
    rand_distr::{Distribution, StandardNormal},
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{clusters::Clusters, draw::draw_distinct, kinds::require_finite, lanes, search::nearest};

/// Where the centers begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// Each next center is a row drawn with probability ∝ its squared distance to the centers so far, among a sample of
    /// 8 rows per center (k-means++, Arthur & Vassilvitskii 2007).
    #[default]
    PlusPlus,
    /// Rows drawn uniformly.
    Random,
}

/// What [`kmeans`] found.
#[derive(Clone, Debug)]
pub struct Clustering<T: Real> {
    /// The centers `[center, channel]`: no two equal, none zero.
    pub centers: Tensor<T>,
    /// The rows nearest to each center in the last assignment.
    pub hits: Vec<u64>,
    /// Σ ‖row − center‖² of every assignment; it never increases.
    pub inertia: Vec<f64>,
}

/// Clusters the rows of `x` `[…, channel]` into `count` groups by `iterations` rounds of Lloyd's algorithm (fewer if
/// nothing moves any more).
///
/// ```text
/// assign   i_n = argmin_k ‖x_n − c_k‖²          update   c_k = mean of the rows with i_n = k
/// ```
///
/// A center without rows moves to a row drawn with probability ∝ its squared distance to its center. With fewer
/// distinct rows than centers, the remaining centers are rows with a little noise. The result depends on `rng` alone,
/// not on the number of threads. Lloyd 1982.
///
/// ```
/// use gradbook_autograd::{Rng, Tensor};
/// use gradbook_vq::kmeans::{Start, kmeans};
/// use ndarray_rand::rand::SeedableRng;
/// let x = Tensor::new([4, 1], vec![1.0f32, 2.0, 9.0, 10.0]);
/// let found = kmeans(&x, 2, 10, Start::PlusPlus, &mut Rng::seed_from_u64(1));
/// let mut centers = found.centers.as_slice().to_vec();
/// centers.sort_by(f32::total_cmp);
/// assert_eq!((centers, found.inertia.last()), (vec![1.5, 9.5], Some(&1.0)));
/// ```
///
/// # Panics
/// If there are no rows, centers or iterations, or if a row is not finite.
#[track_caller]
pub fn kmeans<T: Real>(
    x: &Tensor<T>,
    count: usize,
    iterations: usize,
    start: Start,
    rng: &mut Rng,
) -> Clustering<T> {
    let (rows, width) = x.rows().dim();
    assert!(
        rows > 0 && width > 0 && count > 0 && iterations > 0,
        "kmeans: {count} centers of x {:?} (…, channel)\n  rule: at least one row, one center and one iteration",
        x.shape()
    );
    require_finite("kmeans", x);
    let mut centers = match start {
        Start::PlusPlus => plus_plus(x, count, rng),
        Start::Random => {
            let sample = index::sample(rng, rows, rows.min(count)).into_vec();
            pick(x, &(0..count).map(|k| k % sample.len()).collect::<Vec<_>>(), &sample)
        }
    };
    make_distinct(&mut centers, x, rng);
    lloyd(x, centers, iterations, rng)
}

/// [`kmeans`] from given centers `[center, channel]`. `rng` draws new places for centers without rows alone.
///
/// # Panics
/// If there are no rows, centers or iterations, if channels differ, or if a row is not finite.
#[track_caller]
pub fn lloyd<T: Real>(x: &Tensor<T>, centers: Tensor<T>, iterations: usize, rng: &mut Rng) -> Clustering<T> {
    let (count, width) = centers.rows().dim();
    assert!(iterations > 0, "lloyd: no iterations\n  rule: at least one");
    let mut found = Clustering { centers, hits: Vec::new(), inertia: Vec::new() };
    let mut before = Vec::new();
    for _ in 0..iterations {
        let nearest = nearest(x, &found.centers);
        let clusters = Clusters::new(&nearest, count);
        let distances = distances(x, &found.centers, &nearest);
        found.inertia.push(distances.iter().sum());
        found.hits = clusters.hits();
        if nearest == before {
            break;
        }
        let empty: Vec<usize> = (0..count).filter(|&k| found.hits[k] == 0).collect();
        let reborn = draw_distinct(&distances, empty.len(), rng);
        clusters.recenter(x, &mut found.centers);
        let to = found.centers.as_mut_slice();
        for (k, row) in empty.into_iter().zip(reborn) {
            to[k * width..(k + 1) * width].copy_from_slice(&x.as_slice()[row * width..(row + 1) * width]);
        }
        before = nearest;
    }
    make_distinct(&mut found.centers, x, rng);
    found
}

/// Σ ‖x_n − c_{i_n}‖² for the nearest centers.
pub(crate) fn inertia<T: Real>(x: &Tensor<T>, centers: &Tensor<T>) -> f64 {
    distances(x, centers, &nearest(x, centers)).iter().sum()
}

/// ‖x_n − c_{i_n}‖² of every row.
fn distances<T: Real>(x: &Tensor<T>, centers: &Tensor<T>, nearest: &[u32]) -> Vec<f64> {
    let width = centers.rows().ncols();
    let centers = centers.as_slice();
    let of = |(x, &k): (&[T], &u32)| squared_distance(x, &centers[k as usize * width..][..width]);
    x.as_slice().par_chunks_exact(width).zip(nearest).with_min_len(at_least(1)).map(of).collect()
}

/// ‖a − b‖², added up in f64.
#[inline(always)] // into callers that are compiled for wide vectors
pub(crate) fn squared_distance<T: Real>(a: &[T], b: &[T]) -> f64 {
    lanes::of_row::<8, T, f64>(a, b, |a, b| (a.to_f64() - b.to_f64()).powi(2))
}

/// The rows `order[choice]` of x.
fn pick<T: Real>(x: &Tensor<T>, choice: &[usize], order: &[usize]) -> Tensor<T> {
    let width = x.rows().ncols();
    Tensor::build([choice.len(), width], |out| {
        for (out, &c) in out.chunks_exact_mut(width).zip(choice) {
            out.copy_from_slice(&x.as_slice()[order[c] * width..][..width]);
        }
    })
}

/// Rows of a sample that are far from each other.
fn plus_plus<T: Real>(x: &Tensor<T>, count: usize, rng: &mut Rng) -> Tensor<T> {
    const BLOCK: usize = 512;
    let (rows, width) = x.rows().dim();
    let sample = index::sample(rng, rows, rows.min(8 * count)).into_vec();
    // Blocks of rows, transposed: lanes are rows.
    let blocks: Vec<Vec<T>> = sample
        .chunks(BLOCK)
        .map(|rows| {
            let column = |d: usize| rows.iter().map(move |row| x.as_slice()[row * width + d]);
            (0..width).flat_map(column).collect()
        })
        .collect();
    let mut nearest = vec![T::of(f64::MAX); sample.len()]; // squared distance to the nearest center so far
    let mut chosen = vec![rng.random_range(0..sample.len())];
    while chosen.len() < count {
        let last = &x.as_slice()[sample[chosen[chosen.len() - 1]] * width..][..width];
        nearest.par_chunks_mut(BLOCK).zip(&blocks).with_min_len(at_least(1)).for_each(|(nearest, block)| {
            let mut distance = [T::ZERO; BLOCK];
            for (x, &c) in block.chunks_exact(nearest.len()).zip(last) {
                distance.iter_mut().zip(x).for_each(|(sum, &x)| *sum += (x - c) * (x - c));
            }
            nearest.iter_mut().zip(distance).for_each(|(n, d)| *n = if d < *n { d } else { *n });
        });
        let total: f64 = nearest.iter().map(|d| d.to_f64()).sum();
        let mut left = rng.random::<f64>() * total;
        let drawn = nearest.iter().position(|d| {
            left -= d.to_f64();
            left < 0.0
        });
        // No distance left: every distinct row is a center already.
        chosen.push(drawn.unwrap_or_else(|| rng.random_range(0..sample.len())));
    }
    pick(x, &chosen, &sample)
}

/// Moves centers that repeat an earlier one, or are zero, by a little noise on the scale of the data.
pub(crate) fn make_distinct<T: Real>(centers: &mut Tensor<T>, x: &Tensor<T>, rng: &mut Rng) {
    let width = x.rows().ncols();
    let bits = |center: &[T]| center.iter().map(|c| (c.to_f64() + 0.0).to_bits()).collect::<Vec<_>>(); // −0 is 0
    let mut seen = HashSet::from([vec![0; width]]);
    let mut spread_of_x = None;
    for center in centers.as_mut_slice().chunks_exact_mut(width) {
        let mut share = 0.01;
        while !seen.insert(bits(center)) {
            let scale = share * *spread_of_x.get_or_insert_with(|| spread(x));
            share *= 2.0; // next to a large center too little noise is none
            for c in center.iter_mut() {
                let noise: f64 = StandardNormal.sample(rng);
                *c += T::of(scale * noise);
            }
        }
    }
}

/// The standard deviation of the elements; if they are all equal, their size, or 1.
fn spread<T: Real>(x: &Tensor<T>) -> f64 {
    let n = x.as_slice().len() as f64;
    let mean = x.as_slice().iter().map(|x| x.to_f64()).sum::<f64>() / n;
    let variance = x.as_slice().iter().map(|x| (x.to_f64() - mean).powi(2)).sum::<f64>() / n;
    [variance.sqrt(), mean.abs()].into_iter().find(|&s| s > 1e-6 * mean.abs()).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use ndarray_rand::rand::SeedableRng;

    use super::*;

    fn column(numbers: &[f64]) -> Tensor<f64> {
        Tensor::new([numbers.len(), 1], numbers.to_vec())
    }

    fn assert_near(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance, "{found}, not {expected}");
    }

    #[test]
    fn centers_that_repeat_or_are_zero_move_by_a_hundredth_of_the_deviation() {
        let x = column(&[-30.0, 10.0, -10.0, 30.0]); // a deviation of √500
        let far = |centers: &[f64], x: &Tensor<f64>| {
            let moves = (0..2000).map(|seed| {
                let mut moved = column(centers);
                make_distinct(&mut moved, x, &mut Rng::seed_from_u64(seed));
                assert_eq!(moved.as_slice()[0], centers[0], "the first stays");
                (moved.as_slice()[1] - centers[1]).powi(2)
            });
            (moves.sum::<f64>() / 2000.0).sqrt()
        };
        assert_near(far(&[5.0, 5.0], &x) / 500f64.sqrt(), 0.01, 0.0005);
        assert_near(far(&[5.0, 0.0], &x) / 500f64.sqrt(), 0.01, 0.0005);
        assert_near(far(&[5.0, -0.0], &x) / 500f64.sqrt(), 0.01, 0.0005);
        assert_eq!(far(&[5.0, 6.0], &x), 0.0);
        // Rows that are all equal have no deviation: their size, or 1, stands in.
        assert_near(far(&[5.0, 5.0], &column(&[-8.0; 3])) / 8.0, 0.01, 0.0005);
        assert_near(far(&[5.0, 5.0], &column(&[0.0; 3])), 0.01, 0.0005);
        // Next to a center of 10¹⁵ noise of 0.01 is none: it doubles until it is.
        assert!(far(&[1e17, 1e17], &column(&[1.0, 2.0])) >= 16.0);
    }
}
