//! Quantizers made of quantizers. Each combinator takes any quantizer, another combinator included.

mod grouped;
mod projected;
mod residual;

pub use grouped::{Grouped, GroupedConfig};
pub use projected::{Projected, ProjectedConfig};
pub use residual::{Depth, Residual, ResidualConfig};

use gradbook_autograd::{ParamStore, Real, Rng, Stats, Stream};

use crate::{Absorbed, Book, Codes, Loss, Quantizer};

/// Quantizers side by side, each with its own slots.
pub(crate) struct Parts<T: Real>(pub Vec<Box<dyn Quantizer<T>>>);

impl<T: Real> Parts<T> {
    pub fn radices(&self, store: &ParamStore<T>) -> Vec<u64> {
        self.0.iter().flat_map(|part| part.radices(store)).collect()
    }

    pub fn slots(&self) -> usize {
        self.0.iter().map(|part| part.slots()).sum()
    }

    /// The columns of each part, for as many parts as there are columns.
    pub fn split(&self, store: &ParamStore<T>, codes: &Codes) -> Vec<Codes> {
        let mut from = 0;
        let mut parts = Vec::new();
        for part in &self.0 {
            let slots = part.radices(store).len();
            if from + slots > codes.slots() {
                break;
            }
            parts.push(codes.part(from, slots));
            from += slots;
        }
        parts
    }

    pub fn absorb(&self, store: &mut ParamStore<T>, stats: &Stats<T>, stream: &Stream) -> Absorbed {
        let mut all = Absorbed::default();
        self.0.iter().for_each(|part| all.merge(part.absorb(store, stats, stream)));
        all
    }

    /// Raises every part, and tells whether that did anything in any of them.
    pub fn raise(&self, store: &mut ParamStore<T>, dim: usize, rng: &mut Rng) -> bool {
        let raised: Vec<bool> = self.0.iter().map(|part| part.raise(store, dim, rng)).collect();
        raised.contains(&true)
    }

    /// The codebooks of all parts, their places prefixed with `what` and the part's number.
    pub fn codebooks(&self, what: &str) -> Vec<Book<'_>> {
        let mut all = Vec::new();
        let mut slots = 0;
        for (i, part) in self.0.iter().enumerate() {
            all.extend(part.codebooks().into_iter().map(|book| Book {
                place: format!("{what} {i}{}{}", if book.place.is_empty() { "" } else { ", " }, book.place),
                slots: slots + book.slots.start..slots + book.slots.end,
                ..book
            }));
            slots += part.slots();
        }
        all
    }
}

/// The losses of part `i`, named after it.
pub(crate) fn named<'t, T: Real>(i: usize, losses: Vec<Loss<'t, T>>) -> impl Iterator<Item = Loss<'t, T>> {
    losses.into_iter().map(move |loss| Loss::new(format!("{i}.{}", loss.name), loss.value))
}
