//! A tape for reverse-mode automatic differentiation, with gradients proven by machine.
//!
//! Write a formula with [`Var`]s; the [`Tape`] remembers it; one sweep backwards gives the derivative with respect to
//! every leaf:
//!
//! ```
//! use gradbook_autograd::{Tape, Tensor};
//!
//! let tape = Tape::<f64>::new();
//! let x = tape.constant(Tensor::new([3, 2], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])); // [row, feature]
//! let w = tape.var(Tensor::new([2, 1], vec![0.5, -0.5]));
//! let y = tape.constant(Tensor::new([3, 1], vec![0.0, 1.0, 2.0]));
//!
//! let loss = (x.matmul(w) - y).square().sum_all();
//! let grads = loss.backward();
//!
//! assert_eq!(loss.item(), 8.75);                            // Σ (xw − y)² over residuals −0.5, −1.5, −2.5
//! assert_eq!(grads[w].as_slice(), [-35.0, -44.0]);          // 2 xᵀ(xw − y)
//! ```
//!
//! # How it works, file by file
//!
//! | to understand | read |
//! |---|---|
//! | what a value is | the crate [`gradbook_arrays`]: [`Tensor`] and its kernels |
//! | what is recorded | `tape.rs`, `records.rs`, `var.rs` |
//! | the reverse sweep | `backward.rs` |
//! | an operation | any file of [`ops`]: the derivative stands beside the forward |
//! | why you can trust it | [`check`] |
//! | forward mode | `dual.rs`, `derivatives.rs` |
//! | parameters of a model | `params.rs`, `graph.rs`, `stats.rs`, `random.rs` |
//! | a loss over all shards of a batch | `batch.rs` |
//! | seeing a graph, finding a NaN | `draw.rs`, `trace.rs`; less memory: `segment.rs` |
//!
//! # If you know NumPy or PyTorch
//!
//! | here | NumPy | PyTorch |
//! |---|---|---|
//! | `tape.var(t)` / `tape.constant(t)` | | `t.requires_grad_()` / `t` |
//! | `x + y`, `2.0 * x`, `x.exp()` | `x + y`, `2 * x`, `np.exp(x)` | the same, `x.exp()` |
//! | `x.sum(&[0])`, `x.sum_keep(&[0])`, `x.sum_all()` | `x.sum(0)`, `x.sum(0, keepdims=True)`, `x.sum()` | the same |
//! | `x.matmul(w)`, `x.matmul_nt(w)` | `x @ w`, `x @ w.T` | the same |
//! | `x.detach()`, `tape.no_grad(|| …)` | | `x.detach()`, `torch.no_grad()` |
//! | `z.straight_through(q)` | | `z + (q - z).detach()` |
//! | `loss.backward()` → `grads[x]` | | `loss.backward()`; `x.grad` |
//! | `Graph::param(id)` | | `module.weight` |
//! | `tape.segment(…)` | | `torch.utils.checkpoint` |
//!
//! Convolutions are channels last: `[batch, length, channel]`.

#![forbid(unsafe_code)]

pub mod check;
pub mod ops;

mod backward;
mod batch;
mod custom;
mod derivatives;
mod draw;
mod dual;
mod graph;
mod params;
mod random;
mod records;
mod segment;
mod stats;
mod tape;
mod trace;
mod var;

pub use backward::{Grads, Sink};
pub use batch::{Batch, BatchParts};
pub use derivatives::{hvp, jvp};
pub use dual::Dual;
#[doc(inline)]
pub use gradbook_arrays::{
    CHAIN, Conv1dSpec, ConvError, MAX_RANK, Pool, Real, Shape, Tensor, alone, at_least, count_product,
    each_block, flops, gemm, join, mismatch, pairwise, simd,
};
pub use graph::{Graph, Mode};
/// What draws from an [`Rng`]: the traits of `rand` and the distributions of `rand_distr`.
pub use ndarray_rand::{rand, rand_distr};
pub use ops::Pad;
pub use params::{Entry, ParamGrads, ParamId, ParamStore, Role};
pub use random::{Rng, Stream};
pub use stats::{Stat, Stats};
pub use tape::{Tape, TapeStats};
pub use trace::{NonFinite, Pass};
pub use var::Var;
