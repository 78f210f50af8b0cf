//! What the contract is tried on: options whose every two choices meet.

use std::collections::BTreeSet;

/// Rows of choices, one of `sizes[i]` for option i, such that any two choices of two options meet in some row.
///
/// Greedy: a row begins with the first two that have not met, and takes for every other option the choice that makes the
/// most new pairs.
pub(crate) fn pairwise(sizes: &[usize]) -> Vec<Vec<usize>> {
    if sizes.contains(&0) {
        return Vec::new();
    }
    let choices = || sizes.iter().enumerate().flat_map(|(i, &size)| (0..size).map(move |a| (i, a)));
    let pairs = choices().flat_map(|one| choices().map(move |two| (one, two)));
    let mut waiting: BTreeSet<_> = pairs.filter(|(one, two)| one.0 < two.0).collect();
    let mut rows = Vec::new();
    while let Some(&(one, two)) = waiting.first() {
        let mut row = vec![one, two];
        for i in (0..sizes.len()).filter(|&i| i != one.0 && i != two.0) {
            let new =
                |a: usize| row.iter().filter(|&&b| waiting.contains(&((i, a).min(b), (i, a).max(b)))).count();
            // The lowest of the best.
            let best = (0..sizes[i]).rev().max_by_key(|&a| new(a)).expect("every option has a choice");
            row.push((i, best));
        }
        row.sort_unstable();
        for (n, &b) in row.iter().enumerate() {
            row[..n].iter().for_each(|&a| _ = waiting.remove(&(a, b)));
        }
        rows.push(row.into_iter().map(|(_, a)| a).collect());
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_two_choices_of_two_options_meet() {
        let sizes = [5, 3, 1, 2, 2];
        let rows = pairwise(&sizes);
        assert_eq!(rows[0], [0; 5]);
        assert!(rows.len() < 20, "{} rows of {} combinations", rows.len(), 5 * 3 * 2 * 2);
        for (i, j) in (0..5).flat_map(|i| (0..i).map(move |j| (i, j))) {
            let met: BTreeSet<_> = rows.iter().map(|row| (row[i], row[j])).collect();
            assert_eq!(met.len(), sizes[i] * sizes[j], "options {i} and {j}");
        }
    }
}
