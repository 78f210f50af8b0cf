//! More codes, or wider ones, in the middle of training.

use gradbook_autograd::{ParamStore, Real, Rng, Tensor};
use ndarray_rand::{rand::distr::Distribution, rand_distr::StandardNormal};

use super::{
    book::{Codebook, identity},
    learning::Form,
};
use crate::{
    Codewords,
    block::{set_block, widen_entry},
};

/// How a codebook gets more codes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Growth {
    /// New codes are copies of the most used old ones, moved by noise of this size relative to the codes' deviation.
    Jitter(f64),
}

/// Grows a codebook to `count` codes; the old ones stay as they are.
#[track_caller]
pub(crate) fn grow<T: Real>(
    book: &(impl Codewords<T> + ?Sized),
    store: &mut ParamStore<T>,
    count: usize,
    how: Growth,
    rng: &mut Rng,
) {
    let old = book.len(store);
    assert!(count >= old, "grow: {count} codes are fewer than the {old} there are");
    let Growth::Jitter(size) = how;
    let (values, entries) = (book.values(store), book.per_code());
    let (width, deviation) = (values.shape()[1], deviation(values.as_slice()));
    let mut order: Vec<usize> = (0..old).collect();
    let named = |wanted: &str| entries.iter().find(|(name, _)| *name == wanted).map(|(_, id)| *id);
    if let Some(used) = named("counts").or_else(|| named("hits")) {
        let counts = store.get(used).as_slice();
        order.sort_by(|&a, &b| counts[b].partial_cmp(&counts[a]).unwrap_or(std::cmp::Ordering::Equal));
    }
    let jitter = T::of(size * deviation);
    let rows: Vec<Vec<T>> = (old..count)
        .map(|k| {
            let row = &values.as_slice()[order[(k - old) % old] * width..][..width];
            row.iter().map(|&e| e + jitter * T::of(StandardNormal.sample(rng))).collect()
        })
        .collect();
    for (_, id) in entries {
        let value = store.get(id);
        let mut shape = value.shape().to_vec();
        let row = value.as_slice().len() / old;
        shape[0] = count;
        let mut elements = value.as_slice().to_vec();
        // A place of zeros would lower the mean count that new codes get.
        let mean = value.as_slice().iter().map(|x| x.to_f64()).sum::<f64>() / value.as_slice().len() as f64;
        elements.resize(count * row, T::of(mean));
        *store.get_mut(id) = Tensor::new(&shape[..], elements);
    }
    let rows: Vec<(usize, &[T])> = rows.iter().enumerate().map(|(i, row)| (old + i, &row[..])).collect();
    book.set_rows(store, &rows);
}

impl Codebook {
    /// Gives every code zeros in new channels, behind the old ones, up to `dim` of them. `None` if that is fewer.
    pub(super) fn widen<T: Real>(&self, store: &mut ParamStore<T>, dim: usize) -> Option<Vec<usize>> {
        let old = store.get(self.codes).shape()[1];
        let (rows, places): (Vec<usize>, Vec<usize>) =
            ((0..store.get(self.codes).shape()[0]).collect(), (0..old).collect());
        if dim < old {
            return None;
        }
        let averages = self.ema.iter().flat_map(|ema| [ema.sums, ema.new_sums]);
        for id in averages.chain([self.codes]) {
            let wide = set_block(store.get(id), &rows, &places, Tensor::zeros([rows.len(), dim]));
            *store.get_mut(id) = wide;
        }
        match self.config.learning.form() {
            Form::Plain => {}
            Form::Linear => {
                let wide = set_block(store.get(self.shared[0]), &places, &places, identity(dim));
                *store.get_mut(self.shared[0]) = wide;
            }
            Form::Affine => {
                widen_entry(store, self.shared[0], &places, dim, T::ONE);
                widen_entry(store, self.shared[1], &places, dim, T::ZERO);
            }
        }
        Some(places)
    }
}

/// √ of the mean square of the elements about their mean; if they are all equal, their size, or 1.
fn deviation<T: Real>(x: &[T]) -> f64 {
    let n = x.len().max(1) as f64;
    let mean = x.iter().map(|x| x.to_f64()).sum::<f64>() / n;
    let deviation = (x.iter().map(|x| (x.to_f64() - mean).powi(2)).sum::<f64>() / n).sqrt();
    [deviation, mean.abs(), 1.0].into_iter().find(|&d| d > 1e-6 * mean.abs()).unwrap_or(1.0)
}
