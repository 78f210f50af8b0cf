//! Every test of this crate in one binary: generic code is compiled once for all of them.

mod built;
mod clustering;
mod codebook_goldens;
mod codes;
mod codewords;
mod combinators;
#[path = "../../../nn/tests/all/common.rs"]
mod common;
mod contract;
mod declared;
mod diagnostics;
mod edges;
mod ema_goldens;
mod events;
mod every_kind;
mod grids_by_hand;
mod hierarchy;
mod kinds;
mod kmeans_goldens;
mod learning;
mod limits;
mod mistakes;
mod options;
mod options_of_grids;
mod outside;
mod reshaping;
mod residual_goldens;
mod sabotage;
mod scalar_goldens;
mod search;
mod seeding;
mod stacks;
mod state_dicts;
mod trial;
mod wrong;
