//! Random choices that the policies share.

use gradbook_autograd::Rng;
use ndarray_rand::rand::Rng as _;

/// Up to `count` distinct indices, drawn one after the other with probability ∝ their weight, never one of weight zero.
///
/// The indices with the largest u^(1/w), u uniform, are such a draw (Efraimidis & Spirakis 2006); ln u / w orders alike.
pub(crate) fn draw_distinct(weights: &[f64], count: usize, rng: &mut Rng) -> Vec<usize> {
    if count == 0 {
        return Vec::new();
    }
    let mut keys: Vec<(f64, usize)> = weights
        .iter()
        .enumerate()
        .map(|(i, &w)| ((1.0 - rng.random::<f64>()).ln() / w, i))
        .filter(|&(_, i)| weights[i] > 0.0)
        .collect();
    let count = count.min(keys.len());
    if count < keys.len() && count > 0 {
        keys.select_nth_unstable_by(count - 1, |a, b| b.0.total_cmp(&a.0));
    }
    keys.truncate(count);
    keys.sort_by(|a, b| b.0.total_cmp(&a.0));
    keys.into_iter().map(|(_, i)| i).collect()
}
