//! [`Quantizer`]: the contract of everything that turns rows of numbers into codes and back.

use std::ops::Range;

use gradbook_autograd::{Graph, ParamId, ParamStore, Real, Rng, Stats, Stream, Tape, Tensor, Var};

use crate::{CodeError, Codes, Codewords, Latent, masked};

/// A vector quantizer. Rows `z` of [`dim`](Self::dim) channels become codes, and codes become rows again.
///
/// *Forward is pure.* [`quantize`](Self::quantize) changes nothing: it returns values, codes and losses, and *reports*
/// mergeable statistics to the graph. After the step, [`absorb`](Self::absorb) applies the merged statistics: moving
/// averages, respawn, counters. All state lives in the [`ParamStore`], so checkpoints hold it without further ado.
///
/// *One codebook.* [`lookup`](Self::lookup) is the only way from codes to values; evaluation returns it and
/// [`decode`](Self::decode) calls it, so decode(encode(z)) is the quantized value bit for bit.
pub trait Quantizer<T: Real>: Send + Sync {
    /// The number of channels of a row, now (codes may be widened).
    fn dim(&self, store: &ParamStore<T>) -> usize;

    /// How many codes each slot has to choose from, now (codebooks may grow).
    fn radices(&self, store: &ParamStore<T>) -> Vec<u64>;

    /// The number of slots, the columns of its [`Codes`]; it never changes.
    fn slots(&self) -> usize {
        self.codebooks().iter().map(|book| book.slots.end).max().unwrap_or(1)
    }

    /// Quantizes `z` `[…, channel]`. In training the values carry the estimator's gradient and statistics are reported.
    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T>;

    /// Quantizes rows `z` `[row, channel]` of items that follow one another, of these lengths. The codes of an item follow
    /// those of the item before, column by column; items of several lengths are decoded one by one.
    fn quantize_items<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>, lengths: &[usize]) -> Quantized<'t, T> {
        if self.rowwise() || lengths.len() == 1 {
            return self.quantize(g, z);
        }
        masked::one_by_one(z, lengths, |z| self.quantize(g, z))
    }

    /// The values of codes, `[row, channel]`, with gradients to whatever the codes are made of.
    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T>;

    /// Whether each row is quantized by itself, whatever the others are. One that looks along the length is not.
    fn rowwise(&self) -> bool {
        true
    }

    /// The lengths of its sequences are multiples of this.
    fn stride(&self) -> usize {
        1
    }

    /// Whether every slot chooses without looking ahead. Where it does, each level of a stack takes the nearest code to
    /// what is left, and the error falls level by level. A beam may give up an early level's best code for a better sum, so
    /// the error of its first levels alone promises nothing; that of the whole sum does.
    fn greedy(&self) -> bool {
        true
    }

    /// This quantizer as a level of a residual stack that comes `finer` levels after it (0: as the first of a stack), if its
    /// values are a fixed grid: a grid as fine as what the levels before leave over. `None` where codes learn their scale.
    fn refined(&self, finer: usize) -> Option<Box<dyn Quantizer<T>>> {
        let _ = finer;
        None
    }

    /// z where the values of a fixed grid lie: what a residual stack takes apart.
    fn bounded<'t>(&self, z: Var<'t, T>) -> Var<'t, T> {
        z
    }

    /// For every row `[row, channel]` its nearest codes, up to `count` of them, the nearest first: entry i holds the i-th
    /// nearest of all rows. `None` where there is no codebook to choose from.
    fn candidates(&self, store: &ParamStore<T>, z: &Tensor<T>, count: usize) -> Option<Vec<Codes>> {
        let _ = (store, z, count);
        None
    }

    /// Applies what the forward passes of one step reported, and says what that changed.
    fn absorb(&self, store: &mut ParamStore<T>, stats: &Stats<T>, stream: &Stream) -> Absorbed {
        let _ = (store, stats, stream);
        Absorbed::default()
    }

    /// Seeds the codes from latents `[row, channel]` of many encoder passes. Does nothing where codes are fixed.
    fn seed(&self, store: &mut ParamStore<T>, latents: &Tensor<T>, stream: &Stream) {
        let _ = (store, latents, stream);
    }

    /// Raises the width of the codes behind a projection to `dim` channels without changing any value. Returns whether
    /// there is such a projection.
    fn raise(&self, store: &mut ParamStore<T>, dim: usize, rng: &mut Rng) -> bool {
        let _ = (store, dim, rng);
        false
    }

    /// Makes room for rows of `dim` channels, the new ones being 0 so far. Called by a projection in front, which from
    /// then on sends such rows. Returns the places of the old channels among the new, or `None` if this quantizer cannot;
    /// then nothing was changed.
    fn widen(&self, store: &mut ParamStore<T>, dim: usize) -> Option<Vec<usize>> {
        let _ = (store, dim);
        None
    }

    /// How the gradient of the values passes to `z`; the contract holds the quantizer to it.
    fn gradient_rule(&self) -> GradientRule {
        GradientRule::Own
    }

    /// Whether a training step has the values of [`lookup`](Self::lookup): a stack need not look such codes up again.
    fn values_are_codes(&self) -> bool {
        false
    }

    /// The codebooks within, for diagnostics and events; none where there is no codebook.
    fn codebooks(&self) -> Vec<Book<'_, T>> {
        Vec::new()
    }

    /// How many columns codes may have to be decoded: all slots; in a residual stack the first few levels do, too.
    fn decodable(&self) -> Vec<usize> {
        vec![self.slots()]
    }

    /// Whether codes, from a file for example, are codes of this quantizer.
    ///
    /// # Errors
    /// If there are other columns, or a code that does not exist, or columns of rows that differ in length.
    fn check_codes(&self, store: &ParamStore<T>, codes: &Codes) -> Result<(), CodeError> {
        codes.check(&self.radices(store), &self.decodable(), self.rowwise())
    }

    /// The values of codes, `[row, channel]`, without a tape.
    ///
    /// # Panics
    /// If [`check_codes`](Self::check_codes) refuses them.
    #[track_caller]
    fn decode(&self, store: &ParamStore<T>, codes: &Codes) -> Tensor<T> {
        if let Err(error) = self.check_codes(store, codes) {
            panic!("decode: {error}");
        }
        let tape = Tape::new();
        self.lookup(&Graph::eval(&tape, store), codes).value()
    }

    /// The codes of rows, by an evaluation pass.
    fn encode(&self, store: &ParamStore<T>, z: &Tensor<T>) -> Codes {
        let tape = Tape::new();
        self.quantize(&Graph::eval(&tape, store), tape.constant(z.clone()).into()).codes
    }
}

/// How the gradient g of the values passes a quantizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GradientRule {
    /// Unchanged: ∂L/∂z = g.
    Identity,
    /// By the rotation trick: ∂L/∂z = λ(g − 2w(w·g) + 2ẑ(q̂·g)), w = unit(ẑ + q̂), λ = ‖q‖/‖z‖ ≤ 10, for whole rows.
    Rotation,
    /// By a rule of the quantizer's own.
    Own,
}

impl GradientRule {
    /// That of parts which see other rows than the whole: whatever turns with the row is a rule of its own there.
    pub(crate) fn of_parts(parts: impl IntoIterator<Item = GradientRule>) -> Self {
        let identity = parts.into_iter().all(|part| part == Self::Identity);
        if identity { Self::Identity } else { Self::Own }
    }
}

/// What a quantizer makes of its input.
pub struct Quantized<'t, T: Real> {
    /// The quantized values, shaped like the input. In training they carry the estimator's gradient.
    pub values: Var<'t, T>,
    /// The chosen codes.
    pub codes: Codes,
    /// The quantizer's own losses, weights applied.
    pub losses: Vec<Loss<'t, T>>,
}

/// A named scalar to be minimized along with the reconstruction error.
#[derive(Clone)]
pub struct Loss<'t, T: Real> {
    /// What it is, as in `commitment`, or `2.commitment` for that of level 2.
    pub name: String,
    /// The weighted value.
    pub value: Var<'t, T>,
}

impl<'t, T: Real> Loss<'t, T> {
    /// A named loss.
    pub fn new(name: impl Into<String>, value: Var<'t, T>) -> Self {
        Self { name: name.into(), value }
    }
}

impl<'t, T: Real> Quantized<'t, T> {
    /// The sum of the losses, if there are any.
    pub fn loss(&self) -> Option<Var<'t, T>> {
        self.losses.iter().map(|loss| loss.value).reduce(|a, b| a + b)
    }
}

/// What absorbing a step's statistics changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Absorbed {
    /// Rows of parameters that were overwritten: their optimizer moments mean nothing anymore.
    pub overwritten: Vec<(ParamId, Vec<usize>)>,
    /// How many codes were respawned.
    pub respawned: usize,
}

impl Absorbed {
    /// Adds what another quantizer changed.
    pub fn merge(&mut self, other: Absorbed) {
        self.overwritten.extend(other.overwritten);
        self.respawned += other.respawned;
    }
}

/// A codebook within a quantizer and the slots that choose from it.
pub struct Book<'q, T: Real> {
    /// Where it sits, as in `level 2`; empty if it is the only one.
    pub place: String,
    /// The codebook.
    pub codebook: &'q dyn Codewords<T>,
    /// Its columns in [`Codes`].
    pub slots: Range<usize>,
}

impl<'q, T: Real> Book<'q, T> {
    /// The one codebook of a quantizer with one slot.
    pub fn only(codebook: &'q dyn Codewords<T>) -> Self {
        Self { place: String::new(), codebook, slots: 0..1 }
    }
}
