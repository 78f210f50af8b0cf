//! Every test of this crate in one binary: generic code is compiled once for all of them.

mod checkpoints;
mod clip_options;
mod common;
mod conv_options;
mod cross_entropy_edges;
mod golden_starts;
mod gradients;
mod layer_options;
mod layers;
mod layers_as_pytorch;
mod layers_in_words;
mod loss_edges;
mod losses;
mod muon;
mod named_kinds;
mod optimizer_options;
mod optimizer_state;
mod optimizers;
mod optimizers_as_pytorch;
#[path = "../../../autograd/tests/all/panics.rs"]
mod panics;
mod refusals;
mod refused_settings;
mod schedule_options;
mod shards;
mod training;
