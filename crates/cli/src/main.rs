//! The program with the built-in kinds.

use std::process::ExitCode;

use gradbook_lab::Registry;

fn main() -> ExitCode {
    gradbook_cli::main_with(Registry::default())
}
