//! Layers one after the other.

use gradbook_autograd::{Graph, Real, Shape, Var, check::GradCase};

use super::{Activation, Layer, Linear};
use crate::{ShapeError, layer_case};

pub static SEQUENTIAL: GradCase = GradCase {
    name: "Sequential",
    formula: "y = fₙ(… f₁(x))",
    cases: |s| {
        let [n, i, h, o] = s.dims();
        vec![layer_case!(s, s.normal(&[n, i]), |scope| {
            Sequential::new()
                .then(Linear::new(&mut scope.at(0), i, h))
                .then(Activation::Tanh)
                .then(Linear::new(&mut scope.at(2), h, o))
        })]
    },
};

/// Layers one after the other, named 0, 1, 2, … as in PyTorch.
///
/// ```
/// use gradbook_autograd::{ParamStore, Shape};
/// use gradbook_nn::{Activation, Layer, Linear, Scope, Sequential};
/// let mut store = ParamStore::<f32>::new();
/// let mut scope = Scope::new(&mut store, 0);
/// let net: Sequential<f32> = Sequential::new()
///     .then(Linear::new(&mut scope.at(0), 2, 16))
///     .then(Activation::Gelu)
///     .then(Linear::new(&mut scope.at(2), 16, 1));
/// assert_eq!(net.output_shape(&Shape::new(&[5, 2])).unwrap(), Shape::new(&[5, 1]));
/// assert!(net.output_shape(&Shape::new(&[5, 3])).unwrap_err().to_string().contains("Linear(2 → 16)"));
/// ```
pub struct Sequential<T: Real> {
    layers: Vec<Box<dyn Layer<T>>>,
}

impl<T: Real> Default for Sequential<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real> FromIterator<Box<dyn Layer<T>>> for Sequential<T> {
    fn from_iter<I: IntoIterator<Item = Box<dyn Layer<T>>>>(layers: I) -> Self {
        Self { layers: layers.into_iter().collect() }
    }
}

impl<T: Real> Sequential<T> {
    /// No layer yet.
    pub fn new() -> Self {
        Self { layers: Vec::new() }
    }

    /// With one more layer at the end.
    pub fn then(mut self, layer: impl Layer<T> + 'static) -> Self {
        self.layers.push(Box::new(layer));
        self
    }

    /// The number of layers, and the name of the next one.
    pub fn len(&self) -> usize {
        self.layers.len()
    }

    /// Whether there are no layers.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }
}

impl<T: Real> Layer<T> for Sequential<T> {
    fn compute<'t>(&self, graph: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        self.layers.iter().fold(x, |x, layer| layer.forward(graph, x))
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError> {
        self.layers.iter().try_fold(*input, |shape, layer| layer.output_shape(&shape))
    }

    fn describe(&self) -> String {
        "Sequential".into()
    }

    fn children(&self) -> Vec<(String, &dyn Layer<T>)> {
        self.layers.iter().enumerate().map(|(i, layer)| (i.to_string(), &**layer)).collect()
    }
}
