//! The respawn of codes that no row chooses: they move to rows that the other codes serve badly, or to any.

use gradbook_autograd::{ParamStore, Real, Stats, Stream, Tensor};

use super::{
    book::Codebook,
    config::{Aim, Respawn, Threshold},
};
use crate::{Absorbed, Codewords, draw::draw_distinct, search::nearest};

impl Codebook {
    /// Moves every code with too few hits to a row of this step, no two to the same row.
    pub(super) fn respawn<T: Real>(
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
        self.set_rows(store, &moves);
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
