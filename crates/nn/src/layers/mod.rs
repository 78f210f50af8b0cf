//! Layers: functions with parameters. Each file holds one, with its shape rule and the cases that prove its gradients.

mod activation;
mod batch_norm;
mod conv1d;
mod conv_transpose1d;
mod dropout;
mod embedding;
mod group_norm;
mod layer_norm;
mod linear;
mod normalize;
mod padding;
mod residual;
mod rms_norm;
mod sequential;
mod snake;
mod upsample;
mod weight;

pub use activation::Activation;
pub use batch_norm::BatchNorm1d;
pub use conv_transpose1d::{ConvTranspose1d, ConvTranspose1dConfig};
pub use conv1d::{Conv1d, Conv1dConfig};
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use group_norm::GroupNorm;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use padding::Padding;
pub use residual::{ResidualBlock, ResidualConfig};
pub use rms_norm::RmsNorm;
pub use sequential::Sequential;
pub use snake::Snake;
pub use upsample::{Upsample, UpsampleConv1d};

use gradbook_autograd::{Graph, ParamId, ParamStore, Real, Shape, Stats, Var, check::GradCase};

use crate::ShapeError;

/// Every layer, with the cases that prove the gradients of its input and its parameters.
pub static ALL: &[&GradCase] = &[
    &activation::ACTIVATION,
    &batch_norm::BATCH_NORM1D,
    &conv1d::CONV1D,
    &conv_transpose1d::CONV_TRANSPOSE1D,
    &dropout::DROPOUT,
    &embedding::EMBEDDING,
    &group_norm::GROUP_NORM,
    &layer_norm::LAYER_NORM,
    &linear::LINEAR,
    &residual::RESIDUAL_BLOCK,
    &rms_norm::RMS_NORM,
    &sequential::SEQUENTIAL,
    &snake::SNAKE,
    &upsample::UPSAMPLE_CONV1D,
];

/// A function with parameters. It holds handles only; the numbers are in the store, so forward is pure.
///
/// ```
/// use gradbook_autograd::{Graph, ParamStore, Shape, Tape, Tensor};
/// use gradbook_nn::{Layer, Linear, Scope};
/// let mut store = ParamStore::<f64>::new();
/// let layer: Box<dyn Layer<f64>> = Box::new(Linear::new(&mut Scope::new(&mut store, 0), 3, 2));
/// assert_eq!(layer.output_shape(&Shape::new(&[8, 3])), Ok(Shape::new(&[8, 2])));
/// let tape = Tape::new();
/// let graph = Graph::train(&tape, &store);
/// let y = layer.forward(&graph, tape.constant(Tensor::zeros([8, 3])));
/// assert_eq!(y.shape(), [8, 2].into());
/// ```
pub trait Layer<T: Real>: Send + Sync {
    /// The layer's function of an input: how layers are called. It checks that the input fits and leaves the rest to
    /// [`compute`](Self::compute); a layer does not write its own.
    ///
    /// # Panics
    /// If the input has a shape that [`output_shape`](Self::output_shape) refuses, or if the output has another one than
    /// that foretells.
    #[track_caller]
    fn forward<'t>(&self, graph: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        let foretold = match self.output_shape(&x.shape()) {
            Ok(shape) => shape,
            Err(error) => panic!("{error}"), // not in a closure, which would hide the caller's line
        };
        let y = self.compute(graph, x);
        assert!(
            y.shape() == foretold,
            "{}: the output has shape {:?}, but `output_shape` foretold {foretold:?}\n  rule: they agree",
            self.describe(),
            y.shape()
        );
        y
    }

    /// What the layer makes of an input that fits: how layers are written. Call [`forward`](Self::forward) instead.
    #[track_caller]
    fn compute<'t>(&self, graph: &Graph<'t, T>, x: Var<'t, T>) -> Var<'t, T>;

    /// The shape of the output for an input of this shape, before anything runs.
    ///
    /// # Errors
    /// The rule that the input breaks.
    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError>;

    /// The layer and its configuration in a few words.
    fn describe(&self) -> String;

    /// The layer's own parameters and buffers, not its children's.
    fn parameters(&self) -> Vec<Parameter> {
        Vec::new()
    }

    /// Multiplications with a following addition that the layer itself makes for an input of this (fitting) shape.
    fn multiply_adds(&self, _input: &Shape) -> u64 {
        0
    }

    /// The layers inside this one by name, in the order in which the input passes through them.
    fn children(&self) -> Vec<(String, &dyn Layer<T>)> {
        Vec::new()
    }

    /// Takes in what this layer reported in forward, merged over shards: running statistics.
    fn absorb(&self, store: &mut ParamStore<T>, stats: &Stats<T>) {
        self.children().iter().for_each(|(_, child)| child.absorb(store, stats));
    }
}

/// A parameter of a layer and where PyTorch has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The entry of the store.
    pub id: ParamId,
    /// PyTorch's name within the module.
    pub torch: &'static str,
    /// The order of PyTorch's axes in ours: axis i here is axis `axes[i]` there. Empty if it is the same.
    pub axes: &'static [usize],
}

impl Parameter {
    /// A parameter with PyTorch's layout.
    pub fn same(id: ParamId, torch: &'static str) -> Self {
        Self { id, torch, axes: &[] }
    }
}
