//! What the norms share: mean 0 and variance 1 over some axes, then a learned scale and shift per channel.

use gradbook_autograd::{Graph, ParamId, Real, Var};

use super::Parameter;
use crate::{Init, Scope};

/// (x − mean) / √(variance + ε), mean and population variance over `axes`.
pub(super) fn normalized<'t, T: Real>(x: Var<'t, T>, axes: &[usize], eps: f64) -> Var<'t, T> {
    let centered = x - x.mean_keep(axes);
    centered / (centered.square().mean_keep(axes) + eps).sqrt()
}

/// γ·x + β on the last axis; γ starts at 1, β at 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Affine {
    weight: ParamId,
    bias: ParamId,
}

impl Affine {
    #[track_caller]
    pub fn new<T: Real>(scope: &mut Scope<'_, T>, channels: usize) -> Self {
        Self {
            weight: scope.parameter("weight", [channels], Init::ONES),
            bias: scope.parameter("bias", [channels], Init::ZEROS),
        }
    }

    pub fn apply<'t, T: Real>(self, graph: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        x * graph.param(self.weight) + graph.param(self.bias)
    }

    pub fn parameters(self) -> Vec<Parameter> {
        vec![Parameter::same(self.weight, "weight"), Parameter::same(self.bias, "bias")]
    }
}
