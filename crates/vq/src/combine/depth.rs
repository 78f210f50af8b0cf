//! How many levels of a residual stack take part: quantizer dropout. SoundStream, Zeghidour et al. 2021, arXiv:2107.03312.

use gradbook_autograd::{Graph, Real};
use ndarray_rand::rand::Rng as _;
use serde::{Deserialize, Serialize};

use crate::{Codes, SKIPPED};

/// How many levels a training step uses (quantizer dropout), so that decoding from the first few works too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// All of them, always.
    #[default]
    All,
    /// A number drawn uniformly from 1 … L for each batch: the same in all shards of a step, and in all stacks of a model.
    PerBatch,
    /// A number drawn uniformly from 1 … L for each row. A level learns from the rows that reach it.
    PerRow,
}

impl Depth {
    /// How many of the `levels` each row uses.
    pub(super) fn of_rows<T: Real>(self, g: &Graph<'_, T>, rows: usize, levels: usize) -> Vec<usize> {
        match self {
            Self::PerBatch if g.training() => vec![g.batch_rng().random_range(1..=levels); rows],
            Self::PerRow if g.training() => {
                let mut rng = g.rng();
                (0..rows).map(|_| rng.random_range(1..=levels)).collect()
            }
            _ => vec![levels; rows],
        }
    }
}

/// The codes of some rows among `count`; the others are skipped.
pub(super) fn at_rows(codes: &Codes, places: &[usize], count: usize) -> Codes {
    let column = |slot: usize| {
        let mut column = vec![SKIPPED; count];
        places.iter().zip(codes.column(slot)).for_each(|(&row, &code)| column[row] = code);
        column
    };
    let slots = 0..codes.slots();
    Codes::new(slots.clone().map(column).collect(), slots.map(|slot| codes.radix(slot)).collect())
}
