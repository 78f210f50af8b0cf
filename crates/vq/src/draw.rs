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

#[cfg(test)]
mod tests {
    use gradbook_autograd::Stream;

    use super::*;

    #[test]
    fn the_first_is_drawn_by_weight_and_none_twice_and_none_without_weight() {
        let mut rng = Stream::new(1, 0, 0).next_use();
        let draws: Vec<Vec<usize>> =
            (0..8000).map(|_| draw_distinct(&[1.0, 0.0, 2.0, 5.0], 2, &mut rng)).collect();
        let share = |of: &dyn Fn(&[usize]) -> bool| draws.iter().filter(|d| of(d)).count() as f64 / 8000.0;
        for (index, weight) in [(0, 1.0), (2, 2.0), (3, 5.0)] {
            assert!((share(&|d| d[0] == index) - weight / 8.0).abs() < 0.02, "{index} first");
        }
        // After 3 the weights 1 and 2 are left.
        assert!((share(&|d| d == [3, 0]) - 5.0 / 8.0 / 3.0).abs() < 0.02);
        assert!(draws.iter().all(|d| d.len() == 2 && d[0] != d[1] && !d.contains(&1)));
    }

    #[test]
    fn there_are_no_more_than_have_weight() {
        let mut rng = Stream::new(2, 0, 0).next_use();
        assert!(draw_distinct(&[1.0, 1.0], 0, &mut rng).is_empty());
        assert!(draw_distinct(&[0.0, 0.0], 2, &mut rng).is_empty());
        let mut all = draw_distinct(&[0.5, 0.0, 3.0], 5, &mut rng);
        all.sort_unstable();
        assert_eq!(all, [0, 2]);
    }
}
