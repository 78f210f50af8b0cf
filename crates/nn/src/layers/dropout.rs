//! Dropout: while training, each number is zero with probability p.

use gradbook_autograd::{Graph, Real, Shape, Tensor, Var, check::GradCase};
use ndarray_rand::rand::Rng;

use super::Layer;
use crate::{ConfigError, ShapeError, layer_case};

pub static DROPOUT: GradCase = GradCase {
    name: "Dropout",
    formula: "y = x·mask/(1 − p)",
    cases: |s| {
        let (shape, p) = (s.dims::<3>(), s.int(0, 9) as f64 / 10.0);
        vec![layer_case!(s, s.normal(&shape), |_scope| Dropout::new(p).expect("p < 1"))]
    },
};

/// Dropout (Srivastava et al. 2014): y = x·mask/(1 − p), each mask element 0 with probability p, else 1. In
/// evaluation y = x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    p: f64,
}

impl Dropout {
    /// Dropout with probability p.
    ///
    /// # Errors
    /// Unless 0 ≤ p < 1.
    pub fn new(p: f64) -> Result<Self, ConfigError> {
        ConfigError::unless((0.0..1.0).contains(&p), "dropout.p", p, "0 ≤ p < 1")?;
        Ok(Self { p })
    }
}

impl<T: Real> Layer<T> for Dropout {
    fn compute<'t>(&self, graph: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        if !graph.training() || self.p == 0.0 {
            return x;
        }
        let (mut rng, kept) = (graph.rng(), T::of(1.0 / (1.0 - self.p)));
        let mask = Tensor::build(x.shape(), |mask| {
            mask.fill_with(|| if rng.random_bool(self.p) { T::ZERO } else { kept });
        });
        x * graph.tape().constant(mask)
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError> {
        Ok(*input)
    }

    fn describe(&self) -> String {
        format!("Dropout({})", self.p)
    }
}
