//! Every test of this crate in one binary: generic code is compiled once for all of them.

mod exp;
mod gemm;
