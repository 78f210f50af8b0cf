//! Arrays of numbers, and the kernels that training spends its time in. Nothing here knows of tapes.
//!
//! ```
//! use gradbook_arrays::Tensor;
//!
//! let x = Tensor::new([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);         // [row, column]
//! let mean = x.fold_axes(&[0], 0.0, |sum, x| sum + x).map(|sum| sum / 2.0); // of each column: [1, 3]
//! let centered = x.zip(&mean, |x, mean| x - mean);                          // one row, read as two
//! assert_eq!(centered.as_slice(), [-1.5, -1.5, -1.5, 1.5, 1.5, 1.5]);
//! ```
//!
//! | to understand | read |
//! |---|---|
//! | the numbers | `real.rs`, `exp.rs` |
//! | an array | `shape.rs`, `tensor.rs`, `pool.rs` (recycled memory) |
//! | loops over elements | `elements.rs`, `strided.rs` |
//! | products of matrices | `plain.rs` (the definition), [`gemm`] (the only `unsafe` of the project), `matmul.rs` |
//! | convolutions | [`conv`], then its files `groups.rs`, `transforms.rs`, `winograd.rs` |
//! | long sums | `pairwise.rs` |
//! | threads and vector registers | `blocks.rs`, `simd.rs` |
//!
//! Two rules hold everywhere. Work is cut *by shape*, never by the number of threads, and every sum has a fixed order: the
//! same input gives the same bits on one thread and on sixty-four, in vectors of four numbers and of sixteen. And a programmer's mistake panics at the line of the
//! caller, in words: what was asked, the shapes, the rule.

pub mod conv;
mod count;
pub mod gemm;

mod blocks;
mod elements;
mod exp;
mod matmul;
mod pairwise;
mod plain;
mod pool;
mod real;
mod shape;
mod simd;
mod strided;
mod tensor;

pub use blocks::{alone, at_least, each_block, join};
pub use conv::{Conv1dSpec, ConvError};
pub use count::{count_product, flops};
pub use matmul::matmul;
pub use pairwise::{CHAIN, pairwise};
pub use pool::Pool;
pub use real::Real;
pub use shape::{MAX_RANK, Shape, broadcast_or_panic, mismatch};
pub use simd::simd;
pub use tensor::Tensor;
