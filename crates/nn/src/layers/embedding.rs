//! Embedding: a row of a table for every index.

use gradbook_autograd::{Graph, ParamId, Real, Shape, Var, check::GradCase};

use super::{Layer, Parameter};
use crate::{Init, Scope, ShapeError, layer_case};

pub static EMBEDDING: GradCase = GradCase {
    name: "Embedding",
    formula: "y[i] = W[index[i]]",
    cases: |s| {
        let [k, d, a, b] = s.dims();
        let (indices, width) = ([a, b, 0].map(|_| s.int(0, k - 1)), d);
        let x = s.normal(&[3, d]);
        vec![layer_case!(s, x, |scope| Position { table: Embedding::new(scope, k, width), indices })]
    },
};

/// A learned row for every index, starting as N(0, 1).
///
/// ```text
/// y[…] = W[index[…]]        W [count, width]   y [indices…, width]
/// ```
///
/// ```
/// use gradbook_autograd::{Graph, ParamStore, Tape};
/// use gradbook_nn::{Embedding, Scope};
/// let mut store = ParamStore::<f64>::new();
/// let table = Embedding::new(&mut Scope::new(&mut store, 0), 9, 4);
/// let tape = Tape::new();
/// let y = table.forward(&Graph::train(&tape, &store), &[3, 3, 8]);
/// assert_eq!(y.shape(), [3, 4].into());
/// assert_eq!(y.value().rows().row(0), y.value().rows().row(1));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Embedding {
    weight: ParamId,
}

impl Embedding {
    /// A table of `count` rows of `width` numbers.
    ///
    /// # Panics
    /// Without rows or columns.
    #[track_caller]
    pub fn new<T: Real>(scope: &mut Scope<'_, T>, count: usize, width: usize) -> Self {
        Self { weight: scope.parameter("weight", [count, width], Init::Normal { std: 1.0 }) }
    }

    /// The rows of some indices, one below the other.
    ///
    /// # Panics
    /// If an index is not below the number of rows.
    #[track_caller]
    pub fn forward<'t, T: Real>(&self, graph: &Graph<'t, T>, indices: &[usize]) -> Var<'t, T> {
        graph.param(self.weight).gather_rows(indices)
    }

    /// The table.
    pub fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter::same(self.weight, "weight")]
    }
}

/// Adds a row to every place of the input: what turns an embedding into a layer for the gradient check.
struct Position {
    table: Embedding,
    indices: [usize; 3],
}

impl<T: Real> Layer<T> for Position {
    fn compute<'t>(&self, graph: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        x * self.table.forward(graph, &self.indices)
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError> {
        Ok(*input)
    }

    fn describe(&self) -> String {
        "Position".into()
    }
}
