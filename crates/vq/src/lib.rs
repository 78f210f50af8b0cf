//! Vector quantizers, cures against codebook collapse, and the contract they all obey.

mod clusters;
mod draw;
pub mod kmeans;
pub mod search;
