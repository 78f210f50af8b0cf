//! Layers, losses, optimizers, schedules, checkpoints and the reproducible sharded step.

mod error;
mod init;
mod optim;
mod schedule;
mod scope;
mod state;

pub use error::{ConfigError, ShapeError};
pub use init::{Fan, Init};
pub use optim::{
    Adam, Clip, Group, Method, Momentum, Optimizer, OptimizerConfig, StepReport, WeightAverage, norm,
};
pub use schedule::Schedule;
pub use scope::Scope;
pub use state::{State, Value};
