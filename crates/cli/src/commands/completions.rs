//! `gradbook completions`: what a shell needs to complete this program's commands.

use std::{io, process::ExitCode};

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Outcome;

#[derive(Args)]
#[command(after_help = "Example:
  gradbook completions bash > ~/.local/share/bash-completion/completions/gradbook")]
pub struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub fn run(&self) -> Outcome {
        clap_complete::generate(self.shell, &mut crate::Cli::command(), "gradbook", &mut io::stdout());
        Ok(ExitCode::SUCCESS)
    }
}
