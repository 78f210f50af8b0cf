//! Every test of this crate in one binary: generic code is compiled once for all of them.

mod conv_definition;
mod conv_goldens;
mod edges;
mod elementwise_goldens;
mod error_inputs;
mod failures;
mod gradients;
mod graph;
mod identities;
mod identity;
mod matmul;
mod model_size;
mod oracles;
mod panics;
mod random_graphs;
mod registry;
mod same_bits;
mod sampler;
mod stability;
mod structure;
mod structure_goldens;
mod tape;
mod ties;
mod whole_batch;
