//! The entropy of binary codes: every row certain of its code, all rows of different ones.
//! MAGVIT-v2, Yu et al. 2023, arXiv:2310.05737.

use gradbook_autograd::{Graph, Real, Tensor, Var};
use serde::{Deserialize, Serialize};

use crate::codebook::Weight;

/// The most bits for which the exact entropy lists all 2^d codes.
pub(super) const EXACT_BITS: usize = 12;

/// weight·(mean H(p) − γ·H(mean p)), where p = softmax over codes of −‖u − c‖²/τ, means are over rows, and H is in nats.
///
/// Given u the bits of c are independent, each + with probability σ(4su/τ). So H(p) is a sum over bits, exactly, and
/// costs O(d). H(mean p) does not split that way: see [`BatchEntropy`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entropy {
    /// The weight of the whole term.
    #[serde(default = "tenth")]
    pub weight: Weight,
    /// γ, the share of the batch's entropy.
    #[serde(default = "one")]
    pub gamma: f64,
    /// τ
    #[serde(default = "sharp")]
    pub temperature: f64,
    /// How H(mean p) is taken.
    #[serde(default)]
    pub batch: BatchEntropy,
}

/// The entropy of the mean choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchEntropy {
    /// Σ over bits of the entropy of each bit's mean: an upper bound of H(mean p) that costs O(d) (BSQ).
    #[default]
    PerBit,
    /// H(mean p) over all 2^d codes, for d up to 12 (LFQ).
    Exact,
}

fn tenth() -> Weight {
    Weight::constant(0.1)
}

fn one() -> f64 {
    1.0
}

fn sharp() -> f64 {
    0.01
}

impl Entropy {
    /// mean H(p) − γ·H(mean p) for the logits 4su/τ `[row, bit]`, the second over the rows of the whole batch.
    pub(super) fn of<'t, T: Real>(&self, g: &Graph<'t, T>, place: &str, logits: Var<'t, T>) -> Var<'t, T> {
        // From ±100 on, the entropy and its derivative are 0 to all digits.
        let logits = logits.clamp(-100.0, 100.0);
        let kind = self.batch;
        let batch = g.over_batch(place, logits, &[], move |logits, _| kind.of(logits));
        per_sample(logits) - self.gamma * batch
    }
}

impl BatchEntropy {
    /// H(mean p) over all rows.
    fn of<T: Real>(self, logits: Var<'_, T>) -> Var<'_, T> {
        match self {
            Self::PerBit => {
                entropy_of(logits.sigmoid().mean(&[0])) + entropy_of((-logits).sigmoid().mean(&[0]))
            }
            Self::Exact => entropy_of(all_codes(logits).mean(&[0])),
        }
    }
}

/// The mean over rows of Σ over bits of H(σ(a)) = ln(1 + eᵃ) − a·σ(a).
fn per_sample<T: Real>(logits: Var<'_, T>) -> Var<'_, T> {
    (logits.softplus() - logits * logits.sigmoid()).sum(&[1]).mean_all()
}

/// −Σ p ln p
fn entropy_of<T: Real>(p: Var<'_, T>) -> Var<'_, T> {
    -(p * (p + 1e-20).ln()).sum_all() // ln 0 is never taken
}

/// p of all 2^d codes, `[row, code]`: the softmax of Σ over bits of ±a/2.
fn all_codes<T: Real>(logits: Var<'_, T>) -> Var<'_, T> {
    let bits = logits.shape()[1];
    let half = |code: usize, bit: usize| T::of(if code >> bit & 1 == 1 { 0.5 } else { -0.5 });
    let signs = (0..1 << bits).flat_map(|code| (0..bits).map(move |bit| half(code, bit))).collect();
    logits.matmul_nt(logits.tape().constant(Tensor::new([1 << bits, bits], signs))).softmax(1)
}
