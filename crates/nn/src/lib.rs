//! Layers, losses, optimizers, schedules, checkpoints and the reproducible sharded step.

pub mod check;
pub mod checkpoint;
pub mod layers;
pub mod loss;

mod error;
mod init;
mod optim;
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
    Adam, Clip, Group, Method, Momentum, Optimizer, OptimizerConfig, StepReport, WeightAverage, norm,
};
pub use schedule::Schedule;
pub use scope::Scope;
pub use shard::{ShardedStep, StepResult};
pub use state::{State, Value};
pub use summary::{Row, Summary};
