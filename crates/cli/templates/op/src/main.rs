//! The gradbook program with one more op, and a block that applies it.

use std::process::ExitCode;

use gradbook::{lab::Registry, vq::KindError};
use newkind::{NEWKIND, NewkindConfig};

fn main() -> Result<ExitCode, KindError> {
    let registry = Registry::default().op(&NEWKIND)?.block::<NewkindConfig>()?;
    Ok(gradbook_cli::main_with(registry))
}
