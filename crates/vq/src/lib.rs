//! Vector quantizers, cures against codebook collapse, and the contract they all obey.

pub mod search;
