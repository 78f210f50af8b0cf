//! `newkind`: an op with its derivative and the cases that prove it, and a block of recipes that applies it. Make it yours.
//!
//! ```text
//! y = x/√(1 + x²)        ∂y/∂x = 1/√(1 + x²)³
//! ```

use gradbook::autograd::{Graph, Real, Shape, Var, case, ops::Op};
use gradbook::lab::BlockConfig;
use gradbook::nn::{ConfigError, Layer, Scope, ShapeError};
use serde::{Deserialize, Serialize};

/// Its name, formula, and random cases for the gradient checks.
pub static NEWKIND: Op = Op {
    name: "newkind",
    formula: "y = x/√(1 + x²)",
    cases: |s| {
        let shape = s.shape();
        vec![case!([s.normal(&shape)], |x| newkind(x[0]))]
    },
};

/// x/√(1 + x²) elementwise; ∂y/∂x = 1/√(1 + x²)³.
pub fn newkind<T: Real>(x: Var<'_, T>) -> Var<'_, T> {
    let value = x.value();
    let y = value.map(|x| x / (T::ONE + x * x).sqrt());
    x.tape().record(&NEWKIND, &[x], y, move |mut g, sink| {
        g.zip_assign(&value, |g, x| {
            let root = (T::ONE + x * x).sqrt();
            g / (root * root * root)
        });
        sink.add(0, g);
    })
}

/// What a recipe can say: `{ layer = "newkind" }`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewkindConfig {}

impl BlockConfig for NewkindConfig {
    const NAME: &'static str = "newkind";

    fn build(&self, _: usize, _: &mut Scope<'_, f32>) -> Result<Box<dyn Layer<f32>>, ConfigError> {
        Ok(Box::new(Newkind))
    }
}

/// The op as a layer without parameters.
struct Newkind;

impl<T: Real> Layer<T> for Newkind {
    fn compute<'t>(&self, _: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        newkind(x)
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError> {
        Ok(*input)
    }

    fn describe(&self) -> String {
        "Newkind".to_owned()
    }
}
