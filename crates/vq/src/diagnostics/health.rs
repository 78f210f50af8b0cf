//! [`Health`]: what a quantizer makes of some rows, slot by slot.

use gradbook_autograd::{Graph, ParamStore, Real, Tape, Tensor};
use serde::{Deserialize, Serialize};

use super::{Usage, duplicate_rate, effective_dimension, signal_to_noise};
use crate::Quantizer;

/// Codes this near to an earlier one, relative to the deviation of all, are duplicates.
const SAME: f64 = 1e-3;

/// How well a quantizer serves some rows, and how it uses its codes for them. Alive codes alone are not the goal: read
/// them beside the noise, the perplexity and the dimensions.
///
/// ```
/// use gradbook_autograd::{ParamStore, Tensor};
/// use gradbook_nn::Scope;
/// use gradbook_vq::{QuantizerConfig, diagnostics::Health};
/// let config: QuantizerConfig = toml::from_str("kind = \"fsq\"\nlevels = [3, 3]").unwrap();
/// let mut store = ParamStore::<f64>::new();
/// let q = config.build(2, &mut Scope::new(&mut store, 0)).unwrap();
/// let health = Health::of(&*q, &store, &Tensor::new([2, 2], vec![9.0, 9.0, -9.0, 9.0]));
/// assert_eq!((health.slots[0].alive, health.slots[0].codes), (2, 9));
/// assert!((health.slots[0].bits - 1.0).abs() < 1e-12);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// How many rows this is from.
    pub rows: usize,
    /// 10·log₁₀ of the energy of the rows over that of their quantization error, in decibels.
    pub signal_to_noise: f64,
    /// The effective dimension of the rows …
    pub latent_dimension: f64,
    /// … and of their quantized values.
    pub value_dimension: f64,
    /// Each level, group or head.
    pub slots: Vec<SlotHealth>,
}

/// How a slot uses its codes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlotHealth {
    /// Where its codebook sits, as in `level 2`; empty if it is the only one or there is none.
    pub place: String,
    /// K, the codes there are.
    pub codes: u64,
    /// Codes that some row chose.
    pub alive: usize,
    /// exp of the entropy of usage, between 1 and K.
    pub perplexity: f64,
    /// The entropy of usage in bits per token …
    pub bits: f64,
    /// … out of log₂ K.
    pub most_bits: f64,
    /// The share of codes that coincide with an earlier one; `None` where there is no codebook.
    pub duplicates: Option<f64>,
    /// The effective dimension of the codes; `None` where there is no codebook.
    pub code_dimension: Option<f64>,
}

impl Health {
    /// The health on these rows `[…, channel]`, by an evaluation pass.
    pub fn of<T: Real>(q: &dyn Quantizer<T>, store: &ParamStore<T>, rows: &Tensor<T>) -> Self {
        let tape = Tape::new();
        let found = q.quantize(&Graph::eval(&tape, store), tape.constant(rows.clone()).into());
        let (values, codes, books) = (found.values.value(), found.codes, q.codebooks());
        let slot = |slot: usize| {
            let usage = Usage::of(&codes, slot);
            let book = books.iter().find(|book| book.slots.contains(&slot));
            let vectors = book.map(|book| book.codebook.values(store));
            SlotHealth {
                place: book.map(|book| book.place.clone()).unwrap_or_default(),
                codes: usage.codes,
                alive: usage.alive(),
                perplexity: usage.perplexity(),
                bits: usage.bits(),
                most_bits: (usage.codes as f64).log2(),
                duplicates: vectors.as_ref().map(|vectors| duplicate_rate(vectors, SAME)),
                code_dimension: vectors.as_ref().map(effective_dimension),
            }
        };
        Self {
            rows: rows.rows().nrows(),
            signal_to_noise: signal_to_noise(rows, &values),
            latent_dimension: effective_dimension(rows),
            value_dimension: effective_dimension(&values),
            slots: (0..codes.slots()).map(slot).collect(),
        }
    }
}
