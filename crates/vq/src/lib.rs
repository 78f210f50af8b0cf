//! Vector quantizers, cures against codebook collapse, and the contract they all obey.

pub mod codebook;
pub mod combine;
pub mod contract;
pub mod diagnostics;
pub mod kinds;
pub mod kmeans;
pub mod search;
pub mod torch;

mod balance;
mod clusters;
mod codes;
mod draw;
mod inset;
mod masked;
mod quantizer;

pub use codes::{Codes, SKIPPED, TokenError};
pub use kinds::{ALL, Kind, KindConfig, QuantizerConfig};
pub use masked::quantize_masked;
pub use quantizer::{Absorbed, Book, Latent, Loss, Passage, Quantized, Quantizer};
