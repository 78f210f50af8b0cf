//! Beam search through the levels of a residual quantizer: the best code of a level need not be part of the best sum.

use gradbook_autograd::{ParamStore, Real, Tensor};

use super::Parts;
use crate::Codes;

/// The codes of rows `z` `[row, channel]` by keeping, level after level, the `width` sums that leave the least error.
///
/// ```text
/// paths of level l+1 = the `width` smallest of ‖r − e‖² over paths with remainder r and the `width` codes e nearest to r
/// ```
///
/// With `width` 1 this is the greedy choice. Babenko & Lempitsky 2014 (additive quantization).
pub(super) fn search<T: Real>(parts: &Parts<T>, store: &ParamStore<T>, z: &Tensor<T>, width: usize) -> Codes {
    let [rows, dim] = [0, 1].map(|axis| z.shape()[axis]);
    // The paths of a row follow one another, the best first: path p of row n is entry n·paths + p.
    let (mut paths, mut rest) = (1, z.clone());
    let mut columns: Vec<Vec<u64>> = Vec::new();
    for level in parts.iter() {
        let options = level.candidates(store, &rest, width).expect("checked when built");
        let left: Vec<Tensor<T>> =
            options.iter().map(|codes| rest.zip(&level.decode(store, codes), |r, q| r - q)).collect();
        let row_of = |option: usize, entry: usize| &left[option].as_slice()[entry * dim..(entry + 1) * dim];
        let error = |&(entry, option): &(usize, usize)| -> f64 {
            row_of(option, entry).iter().map(|r| r.to_f64().powi(2)).sum()
        };
        let kept = width.min(paths * options.len());
        let best = |row: usize| {
            let entries = row * paths..(row + 1) * paths;
            let pairs = entries.flat_map(|entry| (0..options.len()).map(move |option| (entry, option)));
            let mut scored: Vec<_> = pairs.map(|pair| (error(&pair), pair)).collect();
            scored.sort_by(|a, b| a.0.total_cmp(&b.0));
            scored.truncate(kept);
            scored.into_iter().map(|(_, pair)| pair)
        };
        let chosen: Vec<(usize, usize)> = (0..rows).flat_map(best).collect();
        for column in &mut columns {
            *column = chosen.iter().map(|&(entry, _)| column[entry]).collect();
        }
        for slot in 0..options[0].slots() {
            columns.push(chosen.iter().map(|&(entry, option)| options[option].column(slot)[entry]).collect());
        }
        let elements = chosen.iter().flat_map(|&(entry, option)| row_of(option, entry)).copied().collect();
        rest = Tensor::new([rows * kept, dim], elements);
        paths = kept;
    }
    let first = |column: Vec<u64>| column.into_iter().step_by(paths).collect();
    Codes::new(columns.into_iter().map(first).collect(), parts.radices(store))
}
