//! [`Stats`]: what a forward pass observed, as data that merges. Shards fold theirs in order; layers absorb the sum.

use std::collections::BTreeMap;

use crate::{ParamId, Real, Shape, Tensor, mismatch};

/// One mergeable observation.
#[derive(Clone, Debug, PartialEq)]
pub enum Stat<T: Real> {
    /// Merged by addition: Σz, Σz², a number of rows.
    Sum(Tensor<T>),
    /// Merged by addition of exact integers: hits of each code.
    Counts(Vec<u64>),
    /// Merged by putting the rows one below the other: samples `[row, …]`.
    Rows(Tensor<T>),
}

/// Observations, keyed by the buffer they are about and a name.
///
/// ```
/// use gradbook_autograd::{ParamStore, Role, Stat, Stats, Tensor};
/// let mut store = ParamStore::<f64>::new();
/// let mean = store.add("norm.mean", Tensor::zeros([1]), Role::Buffer);
/// let shard = |x: f64| Stats::one(mean, "sum", Stat::Sum(Tensor::new([1], vec![x])));
/// let mut all = shard(1.5);
/// all.merge(shard(2.0));
/// assert_eq!(all.sum(mean, "sum").unwrap().as_slice(), [3.5]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats<T: Real> {
    found: BTreeMap<(ParamId, &'static str), Stat<T>>,
}

impl<T: Real> Stats<T> {
    /// No observation.
    pub fn new() -> Self {
        Self { found: BTreeMap::new() }
    }

    /// A single observation about the buffer `about`.
    pub fn one(about: ParamId, name: &'static str, stat: Stat<T>) -> Self {
        let mut stats = Self::new();
        stats.insert(about, name, stat);
        stats
    }

    /// Adds an observation, merging it with one of the same key.
    ///
    /// # Panics
    /// If the two are of different kinds or of different shapes (of rows, all axes but the first).
    #[track_caller]
    pub fn insert(&mut self, about: ParamId, name: &'static str, stat: Stat<T>) {
        let Some(own) = self.found.get_mut(&(about, name)) else {
            self.found.insert((about, name), stat);
            return;
        };
        match (own, stat) {
            (Stat::Sum(a), Stat::Sum(b)) => {
                one_shape(name, a.shape(), b.shape());
                a.zip_assign(&b, |a, b| a + b);
            }
            (Stat::Counts(a), Stat::Counts(b)) => {
                one_shape(name, &[a.len()].into(), &[b.len()].into());
                a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            }
            (Stat::Rows(a), Stat::Rows(b)) => {
                a.shape().check_axes(name, &[0]);
                b.shape().check_axes(name, &[0]);
                one_shape(name, &a.shape()[1..].into(), &b.shape()[1..].into());
                let shape = a.shape().with_axis(0, a.shape()[0] + b.shape()[0]);
                *a = Tensor::new(shape, [a.as_slice(), b.as_slice()].concat());
            }
            _ => panic!("stats: `{name}` was reported as two kinds of observation"),
        }
    }

    /// Adds everything `other` observed.
    ///
    /// # Panics
    /// If two observations do not merge; see [`insert`](Self::insert).
    #[track_caller]
    pub fn merge(&mut self, other: Stats<T>) {
        for ((about, name), stat) in other.found {
            self.insert(about, name, stat);
        }
    }

    /// A [`Stat::Sum`].
    pub fn sum(&self, about: ParamId, name: &'static str) -> Option<&Tensor<T>> {
        let Stat::Sum(sum) = self.found.get(&(about, name))? else { return None };
        Some(sum)
    }

    /// A [`Stat::Counts`].
    pub fn counts(&self, about: ParamId, name: &'static str) -> Option<&[u64]> {
        let Stat::Counts(counts) = self.found.get(&(about, name))? else { return None };
        Some(counts)
    }

    /// A [`Stat::Rows`].
    pub fn rows(&self, about: ParamId, name: &'static str) -> Option<&Tensor<T>> {
        let Stat::Rows(rows) = self.found.get(&(about, name))? else { return None };
        Some(rows)
    }

    /// Whether nothing was observed.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}

#[track_caller]
fn one_shape(name: &str, one: &Shape, other: &Shape) {
    if one != other {
        let what = format!("`{name}` was reported in two shapes");
        mismatch(
            "stats",
            &what,
            &[("one", one, ""), ("other", other, "")],
            "all shards report the same shape",
        );
    }
}
