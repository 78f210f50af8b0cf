//! [`Quantizer`]: the contract of everything that turns rows of numbers into codes and back.

use std::ops::Range;

use gradbook_autograd::{Graph, ParamId, ParamStore, Real, Rng, Stats, Stream, Tape, Tensor, Var, at_least};
use rayon::prelude::*;

use crate::{Codes, codebook::Codebook, strands};

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
    fn passage(&self) -> Passage {
        Passage::Own
    }

    /// Whether a training step has the values of [`lookup`](Self::lookup): a stack need not look such codes up again.
    fn values_are_codes(&self) -> bool {
        false
    }

    /// The codebooks within, for diagnostics and events; none where there is no codebook.
    fn codebooks(&self) -> Vec<Book<'_>> {
        Vec::new()
    }

    /// The values of codes, `[row, channel]`, without a tape.
    fn decode(&self, store: &ParamStore<T>, codes: &Codes) -> Tensor<T> {
        let tape = Tape::new();
        self.lookup(&Graph::eval(&tape, store), codes).value()
    }

    /// The codes of rows, by an evaluation pass.
    fn encode(&self, store: &ParamStore<T>, z: &Tensor<T>) -> Codes {
        let tape = Tape::new();
        self.quantize(&Graph::eval(&tape, store), tape.constant(z.clone()).into()).codes
    }
}

/// The input of a quantizer on the two paths its gradient takes. Both are the same number.
///
/// A residual stack hands the same remainder to a level for its *losses*, which shall reach the encoder, but detached
/// for its *values*: otherwise an encoder under L levels would receive the decoder's gradient L times.
#[derive(Clone, Copy)]
pub struct Latent<'t, T: Real> {
    /// The path from the decoder through the estimator to the encoder.
    pub value: Var<'t, T>,
    /// The path from the quantizer's own losses to the encoder.
    pub loss: Var<'t, T>,
}

impl<'t, T: Real> From<Var<'t, T>> for Latent<'t, T> {
    fn from(z: Var<'t, T>) -> Self {
        Self { value: z, loss: z }
    }
}

impl<'t, T: Real> Latent<'t, T> {
    /// A function of the latent on both paths, computed once if they are one.
    pub fn map(self, f: impl Fn(Var<'t, T>) -> Var<'t, T>) -> Self {
        let value = f(self.value);
        let loss = if self.value.same(self.loss) { value } else { f(self.loss) };
        Self { value, loss }
    }

    /// The latent as rows `[row, channel]`.
    #[track_caller]
    pub fn rows(self, op: &str, dim: usize) -> Self {
        let shape = self.value.shape();
        if shape.last() != Some(&dim) {
            let rule = format!("the last axis of z has the quantizer's {dim} channels");
            gradbook_autograd::mismatch(op, "z has other channels", &[("z", &shape, "…, channel")], &rule);
        }
        let rows = shape.size() / dim;
        if rows == 0 {
            let rule = "at least one row: a mean over none is not a number";
            gradbook_autograd::mismatch(op, "z has no rows", &[("z", &shape, "…, channel")], rule);
        }
        if shape.len() == 2 { self } else { self.map(|z| z.reshape([rows, dim])) }
    }
}

impl<T: Real> Latent<'_, T> {
    /// The same rows, after a check that their squared lengths are finite: what losses and distances are made of.
    ///
    /// # Panics
    /// If a row holds something infinite or not a number, or is too long to be squared; the message names the row.
    #[track_caller]
    pub fn finite(self, op: &str) -> Self {
        let z = self.value.value();
        let width = z.rows().ncols().max(1);
        let squared = |row: &[T]| strands::of_row::<16, T, T>(row, row, |x, _| x * x);
        // A factor, because losses add up many rows and differences double them.
        let rows = z.as_slice().par_chunks(width).with_min_len(at_least(512));
        let bad = rows.position_first(|row| !(squared(row) * T::of(1e6)).is_finite());
        if let Some(row) = bad {
            panic!(
                "{op}: row {row} of z is too large or not a number\n  rule: the squared length of every row is finite"
            );
        }
        self
    }
}

/// How the gradient g of the values passes a quantizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// Unchanged: ∂L/∂z = g.
    Identity,
    /// By the rotation trick: ∂L/∂z = λ(g − 2w(w·g) + 2ẑ(q̂·g)), w = unit(ẑ + q̂), λ = ‖q‖/‖z‖, for whole rows.
    Rotation,
    /// By a rule of the quantizer's own.
    Own,
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
pub struct Book<'q> {
    /// Where it sits, as in `level 2`; empty if it is the only one.
    pub place: String,
    /// The codebook.
    pub codebook: &'q Codebook,
    /// Its columns in [`Codes`].
    pub slots: Range<usize>,
}
