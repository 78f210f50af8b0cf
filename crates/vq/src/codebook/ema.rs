//! Codes as moving averages of the rows that chose them, and the respawn of codes that no row chooses.

use gradbook_autograd::{ParamStore, Real, Stats, Stream, Tensor, at_least};
use rayon::prelude::*;

use super::{
    book::Codebook,
    config::{Aim, Metric, Respawn, Threshold},
    learning::Learning,
};
use crate::{Absorbed, Codewords, draw::draw_distinct, search::nearest, strands};

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
                let length = strands::of_row::<16, T, T>(code, code, |e, _| e * e).sqrt();
                if length > T::ZERO {
                    code.iter_mut().for_each(|e| *e = *e / length);
                }
            }
        });
    }

    /// Moves every code with too few hits to a row of this step, no two to the same row.
    fn respawn<T: Real>(
        &self,
        store: &mut ParamStore<T>,
        stats: &Stats<T>,
        respawn: &Respawn,
        stream: &Stream,
    ) -> Absorbed {
        let hits: Vec<f64> = store.get(self.hits).as_slice().iter().map(|n| n.to_f64()).collect();
        let least = match respawn.below {
            Threshold::Hits(n) => n,
            Threshold::OfMean(share) => share * hits.iter().sum::<f64>() / hits.len() as f64,
        };
        let age = store.get(self.age).as_slice();
        let mature = |k: &usize| age[*k].to_f64() >= respawn.grace as f64;
        let mut dead: Vec<usize> = (0..hits.len()).filter(mature).filter(|&k| hits[k] < least).collect();
        dead.sort_by(|&a, &b| hits[a].total_cmp(&hits[b])); // the deadest first, if rows are few
        store.get_mut(self.age).map_assign(|age| age + T::ONE);
        store.get_mut(self.hits).as_mut_slice().fill(T::ZERO);
        let Some(rows) = stats.rows(self.codes, "rows") else { return Absorbed::default() };
        let weights = match respawn.aim {
            Aim::Uniform => vec![1.0; rows.shape()[0]],
            Aim::Distortion => self.distortions(store, rows.as_slice()),
        };
        let chosen = draw_distinct(&weights, dead.len(), &mut stream.next_use());
        dead.truncate(chosen.len());
        let width = self.width(store);
        let row = |i: usize| &rows.as_slice()[i * width..(i + 1) * width];
        let moves: Vec<(usize, &[T])> = dead.iter().zip(&chosen).map(|(&code, &i)| (code, row(i))).collect();
        self.put(store, &moves);
        Absorbed { respawned: dead.len(), overwritten: vec![(self.codes, dead)] }
    }

    /// ‖row − nearest code‖² of each row.
    fn distortions<T: Real>(&self, store: &ParamStore<T>, rows: &[T]) -> Vec<f64> {
        let (codes, width) = (self.values(store), self.width(store));
        let near = nearest(&Tensor::new([rows.len() / width, width], rows.to_vec()), &codes);
        let distance = |(row, &k): (&[T], &u32)| {
            let code = &codes.as_slice()[k as usize * width..][..width];
            row.iter().zip(code).map(|(&x, &e)| (x.to_f64() - e.to_f64()).powi(2)).sum()
        };
        rows.chunks(width).zip(&near).map(distance).collect()
    }
}

impl Respawn {
    /// Whether codes are looked at after this step.
    pub(super) fn looks(&self, step: u64) -> bool {
        (step + 1).is_multiple_of(self.every.max(1)) && self.until.is_none_or(|until| step < until)
    }
}
