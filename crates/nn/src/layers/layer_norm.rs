//! Layer normalization: every place by itself, over its channels.

use gradbook_autograd::{Graph, Real, Shape, Var, check::GradCase};

use super::{
    Layer, Parameter,
    normalize::{Affine, normalized},
};
use crate::{Scope, ShapeError, layer_case, rules};

pub static LAYER_NORM: GradCase = GradCase {
    name: "LayerNorm",
    formula: "y = γ·(x − mean)/√(var + ε) + β over channels",
    cases: |s| {
        let ([n, l], c) = (s.dims(), s.int(2, 5));
        vec![layer_case!(s, s.normal(&[n, l, c]), |scope| LayerNorm::new(scope, c, 1e-3))]
    },
};

/// Layer normalization over the last axis (Ba et al. 2016).
///
/// ```text
/// y = γ·(x − mean)/√(var + ε) + β        x […, channel]   γ, β [channel]   var: the population's
/// ```
///
/// PyTorch's ε is 10⁻⁵.
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm {
    channels: usize,
    eps: f64,
    affine: Affine,
}

impl LayerNorm {
    /// Layer normalization over this many channels.
    ///
    /// # Panics
    /// Without channels, or unless ε is finite and not negative.
    #[track_caller]
    pub fn new<T: Real>(scope: &mut Scope<'_, T>, channels: usize, eps: f64) -> Self {
        let eps = rules::required(rules::not_negative("layer_norm.eps", eps), eps);
        Self { channels, eps, affine: Affine::new(scope, channels) }
    }
}

impl<T: Real> Layer<T> for LayerNorm {
    fn compute<'t>(&self, graph: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        self.affine.apply(graph, normalized(x, &[x.shape().len() - 1], self.eps))
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError> {
        ShapeError::channels(|| Layer::<T>::describe(self), input, self.channels)
    }

    fn describe(&self) -> String {
        format!("LayerNorm({})", self.channels)
    }

    fn parameters(&self) -> Vec<Parameter> {
        self.affine.parameters()
    }
}
