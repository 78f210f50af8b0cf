//! y = x·W + b on the last axis

use gradbook_autograd::{Graph, ParamId, Real, Shape, Var, check::GradCase};

use super::{Layer, Parameter};
use crate::{Init, Scope, ShapeError, layer_case};

pub static LINEAR: GradCase = GradCase {
    name: "Linear",
    formula: "y = x·W + b",
    cases: |s| {
        let [n, l, i, o] = s.dims();
        let (long, short) = (s.normal(&[n, l, i]), s.normal(&[n, i]));
        vec![
            layer_case!(s, long, |scope| Linear::new(scope, i, o)),
            layer_case!(s, short, |scope| Linear::without_bias(scope, i, o)),
        ]
    },
};

/// A linear map of the last axis.
///
/// ```text
/// y = x·W + b        x […, in]   W [in, out]   b [out]   y […, out]
/// ```
///
/// W and b start uniform on ±1/√in, as in PyTorch.
///
/// ```
/// use gradbook_autograd::{Graph, ParamStore, Tape, Tensor};
/// use gradbook_nn::{Layer, Linear, Scope};
/// let mut store = ParamStore::<f64>::new();
/// let layer = Linear::new(&mut Scope::new(&mut store, 0), 2, 1);
/// store.get_mut(store.find("weight").unwrap()).as_mut_slice().copy_from_slice(&[10.0, 1.0]);
/// store.get_mut(store.find("bias").unwrap()).as_mut_slice()[0] = 0.5;
/// let tape = Tape::new();
/// let y = layer.forward(&Graph::train(&tape, &store), tape.constant(Tensor::new([1, 2], vec![3.0, 4.0])));
/// assert_eq!(y.item(), 34.5);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    input: usize,
    output: usize,
    weight: ParamId,
    bias: Option<ParamId>,
}

impl Linear {
    /// A linear map with bias.
    ///
    /// # Panics
    /// If a width is 0.
    #[track_caller]
    pub fn new<T: Real>(scope: &mut Scope<'_, T>, input: usize, output: usize) -> Self {
        let bias = Some(scope.parameter("bias", [output], Init::torch(input)));
        Self { bias, ..Self::without_bias(scope, input, output) }
    }

    /// A linear map without bias.
    ///
    /// # Panics
    /// If a width is 0.
    #[track_caller]
    pub fn without_bias<T: Real>(scope: &mut Scope<'_, T>, input: usize, output: usize) -> Self {
        let weight = scope.parameter("weight", [input, output], Init::torch(input));
        Self { input, output, weight, bias: None }
    }
}

impl<T: Real> Layer<T> for Linear {
    fn compute<'t>(&self, graph: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        let y = x.matmul(graph.param(self.weight));
        match self.bias {
            Some(bias) => y + graph.param(bias),
            None => y,
        }
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError> {
        let fits = input.len() >= 2 && input.last() == Some(&self.input);
        ShapeError::unless(fits, || Layer::<T>::describe(self), input, || format!("[…, {}]", self.input))?;
        Ok(with_last(input, self.output))
    }

    fn describe(&self) -> String {
        format!("Linear({} → {})", self.input, self.output)
    }

    fn parameters(&self) -> Vec<Parameter> {
        let weight = Parameter { id: self.weight, torch: "weight", axes: &[1, 0] };
        std::iter::once(weight).chain(self.bias.map(|id| Parameter::same(id, "bias"))).collect()
    }

    fn multiply_adds(&self, input: &Shape) -> u64 {
        (input.size() * self.output) as u64
    }
}

/// The shape with another last axis.
pub(super) fn with_last(shape: &Shape, last: usize) -> Shape {
    let mut axes = shape.to_vec();
    axes.pop();
    axes.push(last);
    Shape::new(&axes)
}
