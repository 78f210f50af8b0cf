//! The `gradbook` program: reads the command line, hands over to the command, and tells how it ended.
//!
//! | to understand | read |
//! |---|---|
//! | a command | its file in `commands/`: options, work, what is printed |
//! | options of several commands | `options.rs` |
//! | progress, Ctrl-C, colors | `watch.rs`, `stop.rs`, `terminal.rs` |
//!
//! What the commands do is in the `gradbook-lab` crate; nothing here is worth calling from elsewhere.

mod commands;
mod options;
mod stop;
mod terminal;
mod watch;

use std::process::ExitCode;

use clap::{Args, Parser};
use gradbook_lab::Error;

use crate::{commands::Command, terminal::Style};

/// Train and compare vector-quantized autoencoders on audio, and see what their codebooks do.
#[derive(Parser)]
#[command(name = "gradbook", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Examples:
  gradbook compare                        codebook collapse and its cure
  gradbook train best --data recordings/  a model of your own recordings
  gradbook recipes                        what can be trained by name

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted, all saved.")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

/// Options of every command.
#[derive(Args, Clone)]
pub struct Global {
    /// Threads to use; all processors if left out. Results do not depend on it.
    #[arg(long, global = true, value_name = "N")]
    threads: Option<usize>,
    #[command(flatten)]
    loudness: Loudness,
}

/// How much is told on the way.
#[derive(Args, Clone)]
#[group(multiple = false)]
pub struct Loudness {
    /// Say nothing but results and errors.
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say more: every evaluation, every recording left out.
    #[arg(short, long, global = true)]
    verbose: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(threads) = cli.global.threads {
        pool = pool.num_threads(threads);
    }
    if let Err(error) = pool.build_global() {
        eprintln!("{} {error}", Style::Bad.paint("error:"));
        return ExitCode::FAILURE;
    }
    // Within the pool from the start: a step then never waits for a thread outside of it.
    match rayon::scope(|_| cli.command.run(&cli.global.loudness)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{} {error}", Style::Bad.paint("error:"));
            // What was asked for on the command line is wrong, rather than a file.
            if matches!(error.downcast_ref(), Some(Error::Recipe(_))) {
                ExitCode::from(2)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}
