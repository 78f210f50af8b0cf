//! Every test of this crate in one binary: generic code is compiled once for all of them.

mod codec;
mod common;
mod foreign;
mod levers;
mod recipes;
mod resume;
