//! Clusters of a least size: k-means serves dense places with huge cells and odd rows with cells of their own, and a
//! code that only odd rows choose is dead on other data.

use gradbook_autograd::{Real, Rng, Tensor};
use ndarray_rand::rand::Rng as _;

use crate::{clusters::Clusters, search::nearest};

/// Rows that are taken for one occasion: neighbors in time look alike, and so do recordings made one after the other.
const CHUNK: usize = 64;
/// Rounds at the end in which centers only settle.
const SETTLE: usize = 3;
/// How far the two halves of a split cell are put from its mean, relative to a row of the cell: near, so that they are
/// about equal.
const APART: f64 = 0.1;

/// Moves centers `[center, channel]` until (nearly) every one has a share of at least `min_share` of the rows of `x`
/// `[row, channel]`, 1 being the mean share. Each round is one of Lloyd's, and then
///
/// ```text
/// share_k = min(rows of k / mean, chunks of 64 rows that hold k / mean)
/// the poorest with share_k < min_share and the fullest  →  c ± 0.1(row − c), c the fullest's center and row one of its rows
/// the next poorest and the next fullest             →  …
/// ```
///
/// so full cells are split in halves, and the neighbors of a poor one take over its rows. Chunks count because a
/// hundred rows of one recording are one occasion, and say little about the next recording.
pub(crate) fn balance<T: Real>(
    x: &Tensor<T>,
    centers: &mut Tensor<T>,
    min_share: f64,
    rounds: usize,
    rng: &mut Rng,
) {
    let (count, width) = centers.rows().dim();
    for round in 0..rounds {
        let chosen = nearest(x, centers);
        let clusters = Clusters::new(&chosen, count);
        clusters.recenter(x, centers);
        if round + SETTLE >= rounds {
            continue;
        }
        let hits = clusters.hits();
        let (rows, occasions) = (shares(&hits), occasions(&chosen, count));
        let share = |k: usize| rows[k].min(occasions[k]);
        let mut poor: Vec<usize> = (0..count).filter(|&k| share(k) < min_share).collect();
        poor.sort_by(|&a, &b| share(a).total_cmp(&share(b)));
        let mut full: Vec<usize> = (0..count).filter(|&k| share(k) >= 1.0).collect();
        full.sort_by_key(|&k| std::cmp::Reverse(hits[k]));
        for (poor, full) in poor.into_iter().zip(full) {
            let members = clusters.members(full);
            let row = members[rng.random_range(0..members.len())] as usize;
            let row = &x.as_slice()[row * width..][..width];
            let centers = centers.as_mut_slice();
            for (d, &x) in row.iter().enumerate() {
                let (center, step) = (centers[full * width + d], T::of(APART));
                centers[poor * width + d] = center + step * (x - center);
                centers[full * width + d] = center - step * (x - center);
            }
        }
    }
}

/// Numbers relative to their mean.
fn shares(numbers: &[u64]) -> Vec<f64> {
    let mean = numbers.iter().sum::<u64>() as f64 / numbers.len() as f64;
    numbers.iter().map(|&n| n as f64 / mean).collect()
}

/// The chunks that hold each code, relative to their mean.
pub(crate) fn occasions(chosen: &[u32], count: usize) -> Vec<f64> {
    shares(&chunks(chosen, count))
}

/// How many chunks of rows hold each code.
fn chunks(chosen: &[u32], count: usize) -> Vec<u64> {
    let mut found = vec![0; count];
    for chunk in chosen.chunks(CHUNK) {
        let mut codes = chunk.to_vec();
        codes.sort_unstable();
        codes.dedup();
        codes.iter().for_each(|&k| found[k as usize] += 1);
    }
    found
}

#[cfg(test)]
mod tests {
    use gradbook_autograd::Stream;
    use ndarray_rand::rand_distr::{Distribution, StandardNormal};

    use super::*;

    /// 6,400 numbers about 0, and 64 in a row about 50: one occasion.
    fn crowd_and_outliers(rng: &mut Rng) -> Tensor<f64> {
        let mut draw = |center: f64| center + Distribution::<f64>::sample(&StandardNormal, rng);
        let rows = (0..6464).map(|i| draw(if i < 6400 { 0.0 } else { 50.0 })).collect();
        Tensor::new([6464, 1], rows)
    }

    #[test]
    fn poor_cells_go_and_full_cells_are_split() {
        let mut rng = Stream::new(1, 0, 0).next_use();
        let x = crowd_and_outliers(&mut rng);
        let mut centers = Tensor::new([8, 1], vec![0.0, 47.0, 48.0, 49.0, 50.0, 51.0, 52.0, 53.0]);
        balance(&x, &mut centers, 0.2, 20, &mut rng);
        let chosen = nearest(&x, &centers);
        let (hits, held) = (Clusters::new(&chosen, 8).hits(), chunks(&chosen, 8));
        assert!(hits.iter().filter(|&&n| n >= 160).count() >= 7, "{hits:?}"); // 0.2 of the mean
        assert!(held.iter().filter(|&&n| n >= 16).count() >= 7, "{held:?}");
    }

    #[test]
    fn without_a_least_share_the_rounds_are_those_of_lloyd() {
        let mut rng = Stream::new(2, 0, 0).next_use();
        let x = Tensor::new([4, 1], vec![1.0, 2.0, 9.0, 10.0]);
        let mut centers = Tensor::new([2, 1], vec![0.0, 4.0]);
        balance(&x, &mut centers, 0.0, 5, &mut rng);
        assert_eq!(centers.as_slice(), [1.5, 9.5]);
    }

    #[test]
    fn a_full_cell_is_split_before_the_last_rounds_if_another_is_poor() {
        let x = Tensor::new([128, 1], (0..128).map(|i| f64::from(i % 2 * 4)).collect());
        let after = |min_share: f64, rounds: usize| {
            let mut rng = Stream::new(5, 0, 0).next_use();
            let mut centers = Tensor::new([2, 1], vec![1.0, 100.0]);
            balance(&x, &mut centers, min_share, rounds, &mut rng);
            let mut centers = centers.as_slice().to_vec();
            centers.sort_by(f64::total_cmp);
            centers
        };
        assert_eq!(after(0.5, 4), [0.0, 4.0], "one round to split, three to settle");
        assert_eq!(after(0.5, 3), [2.0, 100.0], "three rounds are there to settle");
        assert_eq!(after(0.0, 4), [2.0, 100.0], "none is poor");
    }

    #[test]
    fn a_cell_of_one_occasion_is_poor_however_many_rows_it_has() {
        // Three codes of 64 rows each, the first in one chunk, the others in two.
        let x =
            Tensor::new([192, 1], (0..192).map(|i| if i < 64 { 50.0 } else { f64::from(i % 2) }).collect());
        let chosen: Vec<u32> = (0..192).map(|i| if i < 64 { 0 } else { 1 + i % 2 }).collect();
        assert_eq!(occasions(&chosen, 3), [0.6, 1.2, 1.2]);
        let after = |min_share: f64| {
            let mut rng = Stream::new(6, 0, 0).next_use();
            let mut centers = Tensor::new([3, 1], vec![50.0, 0.0, 1.0]);
            balance(&x, &mut centers, min_share, 4, &mut rng);
            centers.as_slice()[0]
        };
        assert_eq!(after(0.59), 50.0);
        assert!(after(0.61) < 50.0, "it left the rows of its one occasion");
    }

    #[test]
    fn a_chunk_counts_once_for_each_code_in_it() {
        let chosen: Vec<u32> = (0..192).map(|i| u32::from(i % 2 == 0 && i < 128)).collect();
        assert_eq!(chunks(&chosen, 3), [3, 2, 0]);
    }
}
