//! y = γ·x/√(mean x² + ε) over the channels of every place

use gradbook_autograd::{Graph, ParamId, Real, Shape, Var, check::GradCase};

use super::{Layer, Parameter};
use crate::{Init, Scope, ShapeError, layer_case, rules};

pub static RMS_NORM: GradCase = GradCase {
    name: "RmsNorm",
    formula: "y = γ·x/√(mean x² + ε) over channels",
    cases: |s| {
        let [n, l, c] = s.dims();
        vec![layer_case!(s, s.normal(&[n, l, c]), |scope| RmsNorm::new(scope, c, 1e-2))]
    },
};

/// Normalization by the root mean square of the last axis (Zhang & Sennrich 2019).
///
/// ```text
/// y = γ·x/√(mean x² + ε)        x […, channel]   γ [channel]
/// ```
///
/// PyTorch's ε is the machine epsilon of the number type.
#[derive(Clone, Copy, Debug)]
pub struct RmsNorm {
    channels: usize,
    eps: f64,
    weight: ParamId,
}

impl RmsNorm {
    /// Normalization over this many channels.
    ///
    /// # Panics
    /// Without channels, or unless ε is finite and not negative.
    #[track_caller]
    pub fn new<T: Real>(scope: &mut Scope<'_, T>, channels: usize, eps: f64) -> Self {
        let eps = rules::required(rules::not_negative("rms_norm.eps", eps), eps);
        Self { channels, eps, weight: scope.parameter("weight", [channels], Init::ONES) }
    }
}

impl<T: Real> Layer<T> for RmsNorm {
    fn compute<'t>(&self, graph: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        let size = (x.square().mean_keep(&[x.shape().len() - 1]) + self.eps).sqrt();
        x / size * graph.param(self.weight)
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError> {
        ShapeError::channels(|| Layer::<T>::describe(self), input, self.channels)
    }

    fn describe(&self) -> String {
        format!("RmsNorm({})", self.channels)
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter::same(self.weight, "weight")]
    }
}
