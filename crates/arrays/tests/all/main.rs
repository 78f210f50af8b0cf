//! Every test of this crate in one binary: generic code is compiled once for all of them.

mod convolutions;
mod definitions;
mod exp;
mod gemm;
mod numbers;
mod order;
mod shapes;
mod sums;
mod tensors;
mod threads;
