//! Every test of this crate in one binary: generic code is compiled once for all of them.

mod checkpoints;
mod common;
mod gradients;
mod layers;
mod layers_as_pytorch;
mod losses;
mod muon;
mod optimizers;
mod optimizers_as_pytorch;
mod shards;
mod training;
