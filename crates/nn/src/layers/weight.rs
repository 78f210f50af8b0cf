//! [`Weight`]: the weight of a convolution, learned as it is or as length and direction.

use gradbook_autograd::{Graph, ParamId, Real, Shape, Var};

use super::Parameter;
use crate::{Init, Scope};

/// A weight, plain or with weight normalization (Salimans & Kingma 2016):
///
/// ```text
/// w = magnitude · direction / ‖direction‖        one norm per index of one axis
/// ```
#[derive(Clone, Copy, Debug)]
pub(super) enum Weight {
    Plain(ParamId),
    Normalized { magnitude: ParamId, direction: ParamId, over: [usize; 2] },
}

impl Weight {
    /// A weight with three axes; `normalized` names the axis that keeps its norms. The normalized weight starts at
    /// the same values as the plain one, which are drawn by its name.
    #[track_caller]
    pub fn new<T: Real>(
        scope: &mut Scope<'_, T>,
        shape: [usize; 3],
        init: Init,
        normalized: Option<usize>,
    ) -> Self {
        let Some(axis) = normalized else { return Self::Plain(scope.parameter("weight", shape, init)) };
        let over = [(axis + 1) % 3, (axis + 2) % 3];
        let v = scope.draw("weight", shape, init);
        let direction = scope.trainable("direction", v.clone());
        let norms = v.map(|v| v * v).fold_axes(&over, T::ZERO, |sum, v| sum + v).map(T::sqrt);
        let mut kept = [1; 3];
        kept[axis] = shape[axis];
        let magnitude = scope.trainable("magnitude", norms.into_shape(kept));
        Self::Normalized { magnitude, direction, over }
    }

    pub fn var<'t, T: Real>(self, graph: &Graph<'t, T>) -> Var<'t, T> {
        match self {
            Self::Plain(weight) => graph.param(weight),
            Self::Normalized { magnitude, direction, over } => {
                let v = graph.param(direction);
                v * (graph.param(magnitude) / v.square().sum_keep(&over).sqrt())
            }
        }
    }

    /// `axes` is the order of PyTorch's axes in ours.
    pub fn parameters(self, axes: &'static [usize]) -> Vec<Parameter> {
        match self {
            Self::Plain(id) => vec![Parameter { id, torch: "weight", axes }],
            Self::Normalized { magnitude, direction, .. } => vec![
                Parameter { id: magnitude, torch: "parametrizations.weight.original0", axes },
                Parameter { id: direction, torch: "parametrizations.weight.original1", axes },
            ],
        }
    }
}

/// Σ over the multiplications of a convolution: every output place sees all taps of its group.
pub(super) fn multiply_adds(places: usize, weight: [usize; 3]) -> u64 {
    (places * Shape::from(weight).size()) as u64
}
