//! Layers, losses, optimizers, schedules, checkpoints and the reproducible sharded step.
//!
//! A model is a [`ParamStore`](gradbook_autograd::ParamStore) full of numbers and some [`Layer`]s that hold handles
//! to them. A training step runs the layers on a tape, hands the gradients to an [`Optimizer`], and lets layers absorb
//! what they observed:
//!
//! ```
//! use gradbook_autograd::{ParamStore, Tensor};
//! use gradbook_nn::{
//!     Activation, Layer, Linear, Optimizer, OptimizerConfig, Scope, Sequential, ShardedStep,
//!     loss::{Reduction, mse},
//! };
//!
//! let mut store = ParamStore::<f32>::new();
//! let mut scope = Scope::new(&mut store, 0); // seed 0
//! let net = Sequential::new()
//!     .then(Linear::new(&mut scope.at(0), 1, 32))
//!     .then(Activation::Tanh)
//!     .then(Linear::new(&mut scope.at(2), 32, 1));
//!
//! let x: Vec<f32> = (0..64).map(|i| i as f32 / 10.0 - 3.2).collect(); // sine regression
//! let column = |values: Vec<f32>| Tensor::new([values.len(), 1], values);
//! let mut adam = Optimizer::new(OptimizerConfig::adam(0.02), &store)?;
//! let sharded = ShardedStep::new(2, 0);
//! let mut loss = f64::INFINITY;
//! for step in 0..300 {
//!     let result = sharded.run(&store, step, x.len(), |graph, rows| {
//!         let input = graph.tape().constant(column(x[rows.clone()].to_vec()));
//!         let target = graph.tape().constant(column(x[rows].iter().map(|x| x.sin()).collect()));
//!         (mse(net.forward(graph, input), target, Reduction::Mean), ())
//!     });
//!     adam.step(&mut store, &result.grads);
//!     net.absorb(&mut store, &result.stats);
//!     loss = result.loss;
//! }
//! assert!(loss < 0.01, "{loss}"); // the variance of the sine is 0.5
//! # Ok::<(), gradbook_nn::ConfigError>(())
//! ```
//!
//! | to understand | read |
//! |---|---|
//! | where parameters come from | `scope.rs`, `init.rs` |
//! | a layer | any file of [`layers`]; then `layers/mod.rs` for the trait |
//! | why its gradient can be trusted | [`check`], `tests/gradients.rs` |
//! | a loss | any file of [`loss`] |
//! | an update | `optim/rule.rs`, then `optim/mod.rs` |
//! | the learning rate | `schedule.rs` |
//! | which numbers a configuration may hold | [`rules`], and `check` beside the fields |
//! | threads without randomness | `shard.rs`, `pieces.rs` |
//! | saving and going on | [`checkpoint`], `state.rs` |
//! | configs by name, yours too | [`named`] |

pub mod check;
pub mod checkpoint;
pub mod layers;
pub mod loss;
pub mod named;
pub mod rules;

mod error;
mod init;
mod optim;
mod pieces;
mod schedule;
mod scope;
mod shard;
mod state;
mod summary;

pub use error::{ConfigError, ShapeError};
pub use init::{Fan, Init};
pub use layers::{
    Activation, BatchNorm1d, Conv1d, Conv1dConfig, ConvTranspose1d, ConvTranspose1dConfig, Dropout,
    Embedding, GroupNorm, Layer, LayerNorm, Linear, Padding, Parameter, ResidualBlock, ResidualConfig,
    RmsNorm, Sequential, Snake, Upsample, UpsampleConv1d,
};
pub use optim::{
    Adam, Clip, Group, Method, Momentum, Optimizer, OptimizerConfig, Rule, StepReport, WeightAverage,
    grad_norm,
};
pub use schedule::Schedule;
pub use scope::Scope;
pub use shard::{ShardedStep, StepResult};
pub use state::{State, Value};
pub use summary::{Row, Summary};
