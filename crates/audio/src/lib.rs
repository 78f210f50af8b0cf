//! Audio in and out.

mod atomic;
mod corpus;
mod error;
mod filterbank;
mod griffin_lim;
mod log_mel;
mod params;
mod resample;
mod standardize;
mod stft;
mod synth;
pub mod wav;
mod window;

pub use corpus::{Clip, Corpus, CorpusConfig, Skipped, Source, Storage, TestSplit, Unreadable};
pub use error::{Error, Result, WavError};
pub use filterbank::FilterBank;
pub use log_mel::LogMel;
pub use params::{Framing, MelNorm, MelParams, MelScale, Spectrum};
pub use resample::resample;
pub use standardize::Standardization;
pub use synth::{RATE as SYNTHETIC_RATE, Synthetic};
pub use wav::{Audio, Encoding};
pub use window::Window;
