//! Codes as moving averages of the rows that chose them.

use gradbook_autograd::{ParamStore, Real, Stats, Stream, Tensor, at_least};
use rayon::prelude::*;

use super::{book::Codebook, config::Metric, learning::Learning};
use crate::{Absorbed, Codewords, lanes};

/// ε in the Laplace smoothing of counts.
const EPSILON: f64 = 1e-5;
/// Fewer elements of codes than these are not handed to another thread.
const WORTH_A_THREAD: usize = 1 << 16;

impl Codebook {
    /// Applies the merged statistics of one step: the moving average first, then respawn, so that a respawned code is
    /// not written over by the same step's average.
    pub(super) fn absorb_stats<T: Real>(
        &self,
        store: &mut ParamStore<T>,
        stats: &Stats<T>,
        stream: &Stream,
    ) -> Absorbed {
        let Some(counts) = stats.counts(self.codes, "hits") else { return Absorbed::default() };
        let hits = store.get_mut(self.hits).as_mut_slice();
        hits.iter_mut().zip(counts).for_each(|(hits, &n)| *hits += T::of(n as f64));
        if let Some(sums) = stats.sum(self.codes, "sums") {
            self.average(store, counts, sums.as_slice());
        }
        match &self.config.respawn {
            Some(respawn) if respawn.looks(stream.step()) => self.respawn(store, stats, respawn, stream),
            _ => Absorbed::default(),
        }
    }

    /// N ← γN + (1−γ)n, m ← γm + (1−γ)Σz, e = m/Ñ with Ñ = (N+ε)/(ΣN+Kε)·ΣN, once enough batches are collected.
    fn average<T: Real>(&self, store: &mut ParamStore<T>, counts: &[u64], sums: &[T]) {
        let (Some(ema), Learning::Ema { decay, accumulate, .. }) = (&self.ema, &self.config.learning) else {
            return;
        };
        let new_counts = store.get_mut(ema.new_counts).as_mut_slice();
        new_counts.iter_mut().zip(counts).for_each(|(n, &c)| *n += T::of(c as f64));
        let new_sums = store.get_mut(ema.new_sums).as_mut_slice();
        new_sums.iter_mut().zip(sums).for_each(|(m, &z)| *m += z);
        store.get_mut(ema.batches).map_assign(|b| b + T::ONE);
        if store.get(ema.batches).item().to_f64() < *accumulate as f64 {
            return;
        }
        store.get_mut(ema.batches).map_assign(|_| T::ZERO);
        for (average, new) in [(ema.counts, ema.new_counts), (ema.sums, ema.new_sums)] {
            let (keep, take) = (T::of(*decay), T::of(1.0 - decay));
            let zeros = Tensor::zeros(*store.get(new).shape());
            let fresh = std::mem::replace(store.get_mut(new), zeros);
            store.get_mut(average).zip_assign(&fresh, |old, new| keep * old + take * new);
        }
        let (n, m) = (store.get(ema.counts).clone(), store.get(ema.sums).clone());
        let total: f64 = n.as_slice().iter().map(|n| n.to_f64()).sum();
        let smooth = total / (total + n.as_slice().len() as f64 * EPSILON);
        let width = self.width(store);
        let codes = store.get_mut(self.codes).as_mut_slice();
        let all = codes.par_chunks_mut(width).zip(m.as_slice().par_chunks(width)).zip(n.as_slice());
        all.with_min_len(at_least(WORTH_A_THREAD / width.max(1))).for_each(|((code, m), n)| {
            let scale = T::of(1.0 / ((n.to_f64() + EPSILON) * smooth));
            code.iter_mut().zip(m).for_each(|(e, &m)| *e = m * scale);
            if self.config.metric == Metric::Cosine {
                let length = lanes::of_row::<16, T, T>(code, code, |e, _| e * e).sqrt();
                if length > T::ZERO {
                    code.iter_mut().for_each(|e| *e = *e / length);
                }
            }
        });
    }
}
