//! [`Clip`]: gradients held within limits. Inside an optimizer step the limit costs no pass of its own.

use gradbook_autograd::{ParamGrads, ParamStore, Real, simd};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::rule::Limits;
use crate::{ConfigError, pieces::CHUNK, rules};

/// A limit on gradients.
///
/// ```
/// use gradbook_autograd::{ParamGrads, ParamStore, Role, Tensor};
/// use gradbook_nn::Clip;
/// let mut store = ParamStore::<f64>::new();
/// let w = store.add("w", Tensor::zeros([2]), Role::Trainable);
/// let mut grads = ParamGrads::default();
/// grads.set(w, Tensor::new([2], vec![3.0, 4.0]));
/// let norm = Clip::Norm(1.0).apply(&store, &mut grads);
/// assert_eq!(norm, Some(5.0));
/// assert!((grads.get(w).unwrap().as_slice()[1] - 0.8).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clip {
    /// No limit.
    #[default]
    None,
    /// All gradients together are scaled by min(1, limit/(‖g‖₂ + 10⁻⁶)). A gradient that is NaN makes the norm NaN, and so
    /// every gradient and, after a step, every parameter; an infinite one is NaN after it and all others 0. That is what
    /// PyTorch does: no scale holds such a sum within a limit, a step that looked sound would hide it, and
    /// [`StepReport::grad_norm`](crate::StepReport::grad_norm) tells before a second step is made.
    Norm(f64),
    /// Every element is put to ±limit.
    Value(f64),
}

impl Clip {
    /// Clips gradients in place, for training loops of one's own; an [`Optimizer`](crate::Optimizer) does it as it
    /// goes. Returns the norm before clipping, if it was needed.
    pub fn apply<T: Real>(self, store: &ParamStore<T>, grads: &mut ParamGrads<T>) -> Option<f64> {
        let (limits, norm) = self.limits(store, grads);
        if limits != Limits::NONE {
            grads.iter_mut().for_each(|(_, g)| g.map_assign(limits.apply()));
        }
        norm
    }

    /// What to put each gradient element through, and the norm if it was needed.
    pub(super) fn limits<T: Real>(
        self,
        store: &ParamStore<T>,
        grads: &ParamGrads<T>,
    ) -> (Limits, Option<f64>) {
        match self {
            Self::None => (Limits::NONE, None),
            Self::Value(limit) => (Limits { limit, ..Limits::NONE }, None),
            Self::Norm(limit) => {
                let norm = grad_norm(store, grads);
                let scale = match limit / (norm + 1e-6) {
                    small if small >= 1.0 => 1.0,
                    scale => scale, // NaN too
                };
                (Limits { scale, ..Limits::NONE }, Some(norm))
            }
        }
    }

    /// Whether the limit makes sense.
    pub(super) fn check(self) -> Result<(), ConfigError> {
        match self {
            Self::None => Ok(()),
            Self::Norm(limit) => rules::positive("clip.norm", limit),
            Self::Value(limit) => rules::positive("clip.value", limit),
        }
    }
}

/// ‖g‖₂ over the gradients of all trainable parameters, summed in `f64` in an order that shapes alone decide.
pub fn grad_norm<T: Real>(store: &ParamStore<T>, grads: &ParamGrads<T>) -> f64 {
    let chunks: Vec<&[T]> =
        store.trainable().filter_map(|id| grads.get(id)).flat_map(|g| g.as_slice().chunks(CHUNK)).collect();
    let sums: Vec<f64> = chunks.into_par_iter().map(square_sum).collect();
    sums.iter().sum::<f64>().sqrt()
}

/// Σg² in eight interleaved lanes.
fn square_sum<T: Real>(g: &[T]) -> f64 {
    simd!({
        let mut lanes = [0.0; 8];
        let (chunks, rest) = g.as_chunks::<8>();
        for chunk in chunks {
            lanes.iter_mut().zip(chunk).for_each(|(s, g)| *s += g.to_f64() * g.to_f64());
        }
        rest.iter().zip(&mut lanes).for_each(|(g, s)| *s += g.to_f64() * g.to_f64());
        lanes.iter().sum()
    })
}
