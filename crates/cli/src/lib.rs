//! The `gradbook` program: reads the command line, hands over to the command, and tells how it ended.
//!
//! [`main_with`] is the whole program with kinds of your own; the `gradbook` program has the built-in ones.
//!
//! | to understand | read |
//! |---|---|
//! | a command | its file in `commands/`: options, work, what is printed |
//! | options of several commands | `options.rs` |
//! | many runs at once | `several.rs` |
//! | progress, Ctrl-C, colors | `watch.rs`, `stop.rs`, `terminal.rs` |
//!
//! What the commands do is in the `gradbook-lab` crate.

mod commands;
mod options;
mod several;
mod stop;
mod terminal;
mod watch;

use std::process::ExitCode;

/// The library: what this crate was built with, a crate that `gradbook new` writes is built with too.
pub use gradbook;

use clap::{Args, Parser};
use gradbook_lab::{Error, Registry};

use crate::{commands::Command, terminal::Style};

/// Train and compare vector-quantized autoencoders on audio, and see what their codebooks do.
#[derive(Parser)]
#[command(name = "gradbook", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Examples:
  gradbook compare                        codebook collapse and its cure
  gradbook train best --data recordings/  a model of your own recordings
  gradbook recipes                        what can be trained by name

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted, all saved.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

/// Options of every command.
#[derive(Args, Clone)]
struct Global {
    /// Threads to use; all processors if left out. Results do not depend on it.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    #[command(flatten)]
    loudness: Loudness,
}

/// How much is told on the way.
#[derive(Args, Clone)]
#[group(multiple = false)]
pub(crate) struct Loudness {
    /// Say nothing but results and errors.
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say more: every evaluation, every recording left out.
    #[arg(short, long, global = true)]
    verbose: bool,
}

/// The program, in which recipes can name the kinds of a registry: the whole `main` of a program of your own.
///
/// ```no_run
/// # use std::process::ExitCode;
/// use gradbook_lab::Registry;
/// fn main() -> ExitCode {
///     gradbook_cli::main_with(Registry::default()) // .quantizer::<MyConfig>()
/// }
/// ```
#[expect(clippy::needless_pass_by_value, reason = "the program owns what it can name")]
pub fn main_with(registry: Registry) -> ExitCode {
    let cli = Cli::parse();
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(threads) = cli.global.threads {
        pool = pool.num_threads(threads.into());
    }
    if let Err(error) = pool.build_global() {
        eprintln!("{} {error}", Style::Bad.paint("error:"));
        return ExitCode::FAILURE;
    }
    // Within the pool from the start: a step then never waits for a thread outside of it.
    match rayon::scope(|_| cli.command.run(&cli.global.loudness, &registry)) {
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
