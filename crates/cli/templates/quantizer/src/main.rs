//! The gradbook program with one more kind of quantizer.

use std::process::ExitCode;

use gradbook::{lab::Registry, vq::KindError};
use newkind::NewkindConfig;

fn main() -> Result<ExitCode, KindError> {
    let registry = Registry::default().quantizer::<NewkindConfig>()?;
    Ok(gradbook_cli::main_with(registry))
}
