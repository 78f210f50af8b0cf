//! Activations as layers.

use gradbook_autograd::{Graph, Real, Shape, Var, check::GradCase};
use serde::{Deserialize, Serialize};

use super::Layer;
use crate::{ShapeError, layer_case};

pub static ACTIVATION: GradCase = GradCase {
    name: "Activation",
    formula: "y = f(x)",
    cases: |s| {
        use Activation::*;
        let shape = s.dims::<3>();
        [Relu, LeakyRelu(0.2), Elu(0.7), Gelu, GeluTanh, Silu, Softplus, Sigmoid, Tanh]
            .map(|f| layer_case!(s, s.away_from(&shape, &[0.0]), |_scope| f))
            .into()
    },
};

/// An elementwise function between layers.
///
/// ```
/// use gradbook_nn::Activation;
/// #[derive(serde::Deserialize)]
/// struct Block { first: Activation, second: Activation }
/// let block: Block = toml::from_str("first = \"gelu\"\nsecond = { leaky_relu = 0.2 }").unwrap();
/// assert_eq!((block.first, block.second), (Activation::Gelu, Activation::LeakyRelu(0.2)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(0, x)
    Relu,
    /// x for x > 0, else slope·x
    LeakyRelu(f64),
    /// x for x > 0, else α(eˣ − 1)  (Clevert et al. 2016)
    Elu(f64),
    /// x·Φ(x)  (Hendrycks & Gimpel 2016)
    Gelu,
    /// GELU with Φ approximated by tanh.
    GeluTanh,
    /// x·σ(x)
    Silu,
    /// ln(1 + eˣ)
    Softplus,
    /// 1/(1 + e⁻ˣ)
    Sigmoid,
    /// tanh x
    Tanh,
}

impl<T: Real> Layer<T> for Activation {
    fn compute<'t>(&self, _graph: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        match *self {
            Self::Relu => x.relu(),
            Self::LeakyRelu(slope) => x.leaky_relu(slope),
            Self::Elu(alpha) => x.elu(alpha),
            Self::Gelu => x.gelu(),
            Self::GeluTanh => x.gelu_tanh(),
            Self::Silu => x.silu(),
            Self::Softplus => x.softplus(),
            Self::Sigmoid => x.sigmoid(),
            Self::Tanh => x.tanh(),
        }
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError> {
        Ok(*input)
    }

    fn describe(&self) -> String {
        format!("{self:?}")
    }
}
