//! A tape for reverse-mode automatic differentiation, with gradients proven by machine.

pub mod check;
pub mod gemm;
pub mod ops;

mod backward;
mod dual;
mod graph;
mod params;
mod pool;
mod random;
mod real;
mod shape;
mod stats;
mod strided;
mod tape;
mod tensor;
mod var;

pub use backward::{Grads, Sink};
pub use dual::Dual;
pub use graph::{Graph, Mode};
pub use params::{Entry, ParamGrads, ParamId, ParamStore, Role};
pub use pool::Pool;
pub use random::{Rng, Stream};
pub use real::Real;
pub use shape::{MAX_RANK, Shape, mismatch};
pub use stats::{Stat, Stats};
pub use tape::{Tape, TapeStats};
pub use tensor::Tensor;
pub use var::Var;
