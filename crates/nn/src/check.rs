//! Proving the gradients of layers: every parameter becomes an input of a gradient-check case.

use gradbook_autograd::{
    Dual, Graph, ParamStore, Real, Tensor,
    check::{Case, Function, Generic, Sampler, function},
};

use crate::{Layer, Scope};

/// `layer_case!(sampler, x, |scope| layer)`: a gradient-check [`Case`] of a layer with the input `x`. All parameters
/// get random values and are checked like the input. The body is compiled for `f32`, `f64` and dual numbers.
///
/// ```
/// use gradbook_autograd::check::Sampler;
/// use gradbook_nn::{Linear, layer_case};
/// let s = &mut Sampler::new(1);
/// let case = layer_case!(s, s.normal(&[2, 3]), |scope| Linear::new(scope, 3, 4));
/// assert_eq!(case.inputs.len(), 3); // x, weight, bias
/// case.verify(1).expect("all three gradients are right");
/// ```
#[macro_export]
macro_rules! layer_case {
    ($sampler:expr, $x:expr, |$scope:ident| $layer:expr) => {{
        let x = $x;
        $crate::check::layer_case(
            $sampler,
            x,
            &|$scope| Box::new($layer),
            &|$scope| Box::new($layer),
            &|$scope| Box::new($layer),
        )
    }};
}

/// Makes a layer in a scope.
pub type Build<'b, T> = &'b dyn Fn(&mut Scope<'_, T>) -> Box<dyn Layer<T>>;

/// What [`layer_case!`](crate::layer_case) expands to: the same layer in the three arithmetics.
pub fn layer_case(
    s: &mut Sampler,
    x: Tensor<f64>,
    f32: Build<'_, f32>,
    f64: Build<'_, f64>,
    dual: Build<'_, Dual>,
) -> Case {
    let mut store = ParamStore::new();
    f64(&mut Scope::new(&mut store, 0));
    let parameters = store.trainable().map(|id| s.normal(store.get(id).shape()));
    let inputs = std::iter::once(x).chain(parameters).collect();
    Case {
        inputs,
        function: Generic { f32: bound(f32), f64: bound(f64), dual: bound(dual) },
        surrogate: None,
    }
}

/// The layer as a function of its input and its parameters, in the store's order.
fn bound<T: Real>(build: Build<'_, T>) -> Function<T> {
    let mut store = ParamStore::new();
    let layer = build(&mut Scope::new(&mut store, 0));
    // A graph borrows its store for as long as the tape, which here belongs to whoever calls the function.
    let store: &'static ParamStore<T> = Box::leak(Box::new(store));
    function(move |x| {
        let graph = Graph::train(x[0].tape(), store);
        store.trainable().zip(&x[1..]).for_each(|(id, x)| graph.bind(id, *x));
        layer.forward(&graph, x[0])
    })
}
