//! Quantizers made of quantizers. Each combinator takes any quantizer, another combinator included.

mod beam;
mod depth;
mod grouped;
mod heads;
mod hierarchical;
mod multi_scale;
mod projected;
mod resample;
mod residual;

pub use depth::Depth;
pub use grouped::{Grouped, GroupedConfig};
pub use heads::{Heads, HeadsConfig};
pub use hierarchical::{Hierarchical, HierarchicalConfig};
pub use multi_scale::{MultiScale, MultiScaleConfig};
pub use projected::{Projected, ProjectedConfig};
pub use resample::Upsample;
pub use residual::{Residual, ResidualConfig};

use std::borrow::Cow;

use gradbook_autograd::{Graph, ParamStore, Real, Rng, Stats, Stream, Tensor, Var};
use gradbook_nn::{ConfigError, Scope};
use serde::{Deserialize, Serialize};

use crate::{
    Absorbed, Book, Codes, Loss, Quantized, Quantizer,
    kinds::{QuantizerConfig, illegal},
};

/// The most levels, scales or partial sums of a combinator.
pub(crate) const MOST_PARTS: usize = 1024;

/// Whose codes the levels of a residual quantizer use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// Each level has its own.
    #[default]
    Own,
    /// All levels have the same, which learn from the rows of all of them.
    Shared,
}

/// The quantizers of the levels or groups of a combinator: one for each, or one for all.
pub(crate) struct Parts<T: Real> {
    quantizers: Vec<Box<dyn Quantizer<T>>>,
    count: usize,
}

impl<T: Real> Parts<T> {
    pub fn own(quantizers: Vec<Box<dyn Quantizer<T>>>) -> Self {
        Self { count: quantizers.len(), quantizers }
    }

    /// `count` parts of `dim` channels, named `what.0`, `what.1`, … or, if they are one, `what`.
    pub fn build(
        config: &QuantizerConfig,
        sharing: Sharing,
        (what, count): (&str, usize),
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Self, ConfigError> {
        let quantizers = match sharing {
            Sharing::Shared => vec![rowwise(config.build(dim, &mut scope.at(what))?)?],
            Sharing::Own => (0..count)
                .map(|i| rowwise(config.build(dim, &mut scope.at(what).at(i))?))
                .collect::<Result<_, _>>()?,
        };
        Ok(Self { quantizers, count })
    }

    /// The parts on finer grids, part i by so many levels, if all of them are fixed grids.
    pub fn refined(&self, finer: impl Fn(usize) -> usize) -> Option<Self> {
        let parts: Option<Vec<_>> = self.iter().enumerate().map(|(i, part)| part.refined(finer(i))).collect();
        parts.map(Self::own)
    }

    /// The quantizer of each part.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Quantizer<T>> {
        (0..self.count).map(|i| &*self.quantizers[i % self.quantizers.len()])
    }

    /// Each quantizer once.
    pub fn distinct(&self) -> impl Iterator<Item = &dyn Quantizer<T>> {
        self.quantizers.iter().map(|quantizer| &**quantizer)
    }

    /// The quantizer of all parts, if they share it.
    pub fn single(&self) -> Option<&dyn Quantizer<T>> {
        if self.quantizers.len() < self.count { self.distinct().next() } else { None }
    }

    /// The channels of each part, where they are alike.
    pub fn dim(&self, store: &ParamStore<T>) -> usize {
        self.quantizers[0].dim(store)
    }

    pub fn radices(&self, store: &ParamStore<T>) -> Vec<u64> {
        self.iter().flat_map(|part| part.radices(store)).collect()
    }

    pub fn slots(&self) -> usize {
        self.iter().map(|part| part.slots()).sum()
    }

    /// The columns of each part, for as many parts as there are columns.
    pub fn split(&self, store: &ParamStore<T>, codes: &Codes) -> Vec<Codes> {
        let mut from = 0;
        let mut parts = Vec::new();
        for part in self.iter() {
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
        self.distinct().for_each(|part| all.merge(part.absorb(store, stats, stream)));
        all
    }

    /// All parts make room, and alike, or none does.
    pub fn widen(&self, store: &mut ParamStore<T>, dim: usize) -> Option<Vec<usize>> {
        let before = store.clone();
        let places: Option<Vec<_>> = self.distinct().map(|part| part.widen(store, dim)).collect();
        let places = places.filter(|places| places.windows(2).all(|pair| pair[0] == pair[1]));
        if places.is_none() {
            *store = before;
        }
        places?.pop()
    }

    /// Raises every part, and tells whether that did anything in any of them.
    pub fn raise(&self, store: &mut ParamStore<T>, dim: usize, rng: &mut Rng) -> bool {
        let raised: Vec<bool> = self.distinct().map(|part| part.raise(store, dim, rng)).collect();
        raised.contains(&true)
    }

    /// The codebooks of all parts, their places prefixed with `what` and the part's number.
    pub fn codebooks(&self, what: &str) -> Vec<Book<'_, T>> {
        placed(what, self.iter())
    }
}

/// The codebooks of quantizers whose slots follow one another, their places prefixed with `what` and a number.
fn placed<'q, T: Real>(what: &str, parts: impl Iterator<Item = &'q dyn Quantizer<T>>) -> Vec<Book<'q, T>> {
    let mut all = Vec::new();
    let mut slots = 0;
    for (i, part) in parts.enumerate() {
        all.extend(part.codebooks().into_iter().map(|book| Book {
            place: format!("{what} {i}{}{}", if book.place.is_empty() { "" } else { ", " }, book.place),
            slots: slots + book.slots.start..slots + book.slots.end,
            ..book
        }));
        slots += part.slots();
    }
    all
}

/// A quantizer that may be part of another: one that looks at rows alone.
fn rowwise<T: Real>(quantizer: Box<dyn Quantizer<T>>) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
    if quantizer.rowwise() {
        return Ok(quantizer);
    }
    let rule =
        "a quantizer of single rows: one that looks along the length comes outside (or behind a projection)";
    illegal("quantizer.quantizer", "multi_scale or hierarchical", rule)
}

/// The places of `parts` times these channels, side by side, each part being `width` channels now.
fn side_by_side(places: &[usize], parts: usize, width: usize) -> Vec<usize> {
    (0..parts).flat_map(|part| places.iter().map(move |place| part * width + place)).collect()
}

/// What to seed a level on: the remainder, or where that has too small a share of the latents' energy to learn from, the
/// latents themselves, a hundredth as large. Codes that were left as they were drawn would be as large as the latents, and
/// add their whole length as an error; these add next to none, and are different. Shares of a stack within a stack multiply:
/// the least is 10⁻⁴ · 10⁻⁷, well above rounding, which leaves 10⁻¹⁴ in f32.
fn seeds<'x, T: Real>(rest: &'x Tensor<T>, latents: &Tensor<T>) -> Cow<'x, Tensor<T>> {
    let mean_square = |x: &Tensor<T>| {
        x.as_slice().iter().map(|x| x.to_f64().powi(2)).sum::<f64>() / x.as_slice().len() as f64
    };
    if mean_square(rest) > 1e-7 * mean_square(latents) {
        return Cow::Borrowed(rest);
    }
    let [count, width] = [0, 1].map(|axis| rest.shape()[axis]);
    let again = latents.as_slice().iter().cycle().take(count * width);
    Cow::Owned(Tensor::new([count, width], again.map(|&x| x * T::of(0.01)).collect()))
}

/// The losses of part `i`, named after it.
pub(crate) fn named<'t, T: Real>(i: usize, losses: Vec<Loss<'t, T>>) -> impl Iterator<Item = Loss<'t, T>> {
    losses.into_iter().map(move |loss| Loss::new(format!("{i}.{}", loss.name), loss.value))
}

/// What a level takes away from the remainder: the values of its codes, a constant, `[row, channel]`.
fn dequantized<'t, T: Real>(
    g: &Graph<'t, T>,
    level: &dyn Quantizer<T>,
    found: &Quantized<'t, T>,
) -> Var<'t, T> {
    match g.training() {
        false => found.values,
        true if level.values_are_codes() => found.values.detach(),
        true => level.lookup(g, &found.codes).detach(),
    }
}
