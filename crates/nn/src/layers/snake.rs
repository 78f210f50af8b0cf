//! y = x + sin²(αx)/α with a learned α per channel: an activation with a period

use gradbook_autograd::{Graph, ParamId, Real, Shape, Var, check::GradCase};

use super::{Layer, Parameter};
use crate::{Init, Scope, ShapeError, layer_case};

pub static SNAKE: GradCase = GradCase {
    name: "Snake",
    formula: "y = x + sin²(αx)/α",
    cases: |s| {
        // Two channels at least: a single element where y′ ≈ 0 leaves nothing that the error could be small against.
        let ([n, l], c) = (s.dims(), s.int(2, 4));
        let mut case = layer_case!(s, s.normal(&[n, l, c]), |scope| Snake::new(scope, c));
        case.inputs[1] = s.uniform(&[c], 0.5, 1.2); // α is not zero
        vec![case]
    },
};

/// Snake (Ziyin et al. 2020), the activation of audio codecs: y = x + sin²(αx)/α, with α per channel, starting at 1.
///
/// ```text
/// x […, channel]   alpha [channel]   y […, channel]
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Snake {
    channels: usize,
    alpha: ParamId,
}

impl Snake {
    /// Snake over this many channels.
    ///
    /// # Panics
    /// Without channels.
    #[track_caller]
    pub fn new<T: Real>(scope: &mut Scope<'_, T>, channels: usize) -> Self {
        Self { channels, alpha: scope.parameter("alpha", [channels], Init::ONES) }
    }
}

impl<T: Real> Layer<T> for Snake {
    fn compute<'t>(&self, graph: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        x.snake(graph.param(self.alpha))
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError> {
        ShapeError::channels(|| Layer::<T>::describe(self), input, self.channels)
    }

    fn describe(&self) -> String {
        format!("Snake({})", self.channels)
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter::same(self.alpha, "alpha")]
    }
}
