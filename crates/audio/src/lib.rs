//! Audio in and out.

mod atomic;
mod error;
mod filterbank;
mod griffin_lim;
mod log_mel;
mod params;
mod resample;
mod stft;
pub mod wav;
mod window;

pub use error::{Error, Result, WavError};
pub use filterbank::FilterBank;
pub use log_mel::LogMel;
pub use params::{Framing, MelNorm, MelParams, MelScale, Spectrum};
pub use resample::resample;
pub use wav::{Audio, Encoding};
pub use window::Window;
