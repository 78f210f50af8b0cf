//! [`Codewords`]: the codes of a codebook, whatever its type is, as diagnostics, levers and the contract see them.

use gradbook_autograd::{ParamId, ParamStore, Real, Rng, Stat, Stats, Tensor, Var};

use crate::{
    clusters::Clusters,
    codebook::{Growth, Respawn, grow},
};

/// A codebook of K vectors. A quantizer that hands out its codebooks ([`Quantizer::codebooks`]) has its codes in reports and
/// maps, grows by `train.grow`, and is held to what the contract asks of codebooks.
///
/// Only [`parameter`](Self::parameter) must be said. The defaults are those of codes that are what is stored, and of rows
/// that choose the nearest.
///
/// [`Quantizer::codebooks`]: crate::Quantizer::codebooks
pub trait Codewords<T: Real> {
    /// The entry that codes are made of, `[code, …]`. Statistics of the codebook are about it.
    fn parameter(&self) -> ParamId;

    /// Every entry with one row per code, by name. `counts` or `hits` says which codes are used most.
    fn per_code(&self) -> Vec<(&'static str, ParamId)> {
        vec![("codes", self.parameter())]
    }

    /// The codes `[code, channel]` as lookup gives them.
    fn values(&self, store: &ParamStore<T>) -> Tensor<T> {
        store.get(self.parameter()).clone()
    }

    /// K, now.
    fn len(&self, store: &ParamStore<T>) -> usize {
        store.get(self.parameter()).shape()[0]
    }

    /// The width of a code, now.
    fn width(&self, store: &ParamStore<T>) -> usize {
        self.values(store).shape()[1]
    }

    /// Rows as codes are compared with, as in: of length 1.
    fn metric<'t>(&self, rows: Var<'t, T>) -> Var<'t, T> {
        rows
    }

    /// How far a row (as [`metric`](Self::metric) gives it) is from a code; the nearest has the smallest. By default
    /// ‖z − e‖².
    fn distance(&self, store: &ParamStore<T>, row: &[T], code: &[T]) -> f64 {
        let _ = store;
        row.iter().zip(code).map(|(z, e)| (z.to_f64() - e.to_f64()).powi(2)).sum()
    }

    /// Makes the value of each `(code, row)` the row.
    fn set_rows(&self, store: &mut ParamStore<T>, rows: &[(usize, &[T])]) {
        let codes = store.get_mut(self.parameter()).as_mut_slice();
        rows.iter().for_each(|(k, row)| codes[k * row.len()..][..row.len()].copy_from_slice(row));
    }

    /// The statistics of a step for moving averages: under `hits` the number of rows `[row, channel]` that chose each code,
    /// under `sums` the sum of these rows, `[code, channel]`.
    fn seen(&self, store: &ParamStore<T>, chosen: &[u32], rows: &Tensor<T>) -> Stats<T> {
        let clusters = Clusters::new(chosen, self.len(store));
        let mut stats = Stats::one(self.parameter(), "hits", Stat::Counts(clusters.hits()));
        stats.insert(self.parameter(), "sums", Stat::Sum(clusters.sums(rows)));
        stats
    }

    /// How often each code was chosen, in the statistics of a step; `None` if the codebook took no part.
    fn hits<'s>(&self, stats: &'s Stats<T>) -> Option<&'s [u64]> {
        stats.counts(self.parameter(), "hits")
    }

    /// Grows the codebook to `count` codes; the old ones stay as they are.
    ///
    /// # Panics
    /// If `count` is smaller than K.
    #[track_caller]
    fn grow(&self, store: &mut ParamStore<T>, count: usize, how: Growth, rng: &mut Rng) {
        grow(self, store, count, how, rng);
    }

    /// How dead codes come back, if they do; then a code that came back has its grace.
    fn respawn(&self) -> Option<&Respawn> {
        None
    }

    /// γ, if the codes are moving averages m/N updated in each step, with entries `counts` and `sums` per code; then the
    /// contract adds them up itself.
    fn moving_average(&self) -> Option<f64> {
        None
    }
}
