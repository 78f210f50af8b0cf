//! `gradbook decode`: tokens to recordings.

use std::{fs, path::PathBuf, process::ExitCode};

use clap::Args;
use gradbook_lab::{Registry, RunFolder, Trained, codec};

use super::Outcome;
use crate::{Loudness, terminal::Style};

#[derive(Args)]
#[command(after_help = "Example:
  gradbook decode runs/best tokens.json --out sounds/")]
pub struct Decode {
    /// The folder of the run that made the tokens.
    run: PathBuf,
    /// What `gradbook encode` wrote.
    #[arg(value_name = "FILE.json")]
    tokens: PathBuf,
    /// Where the WAV files go.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Decode {
    pub fn run(&self, loudness: &Loudness, registry: &Registry) -> Outcome {
        let shown = self.tokens.display();
        let text =
            fs::read_to_string(&self.tokens).map_err(|error| format!("cannot read {shown}: {error}"))?;
        let tokens =
            codec::Tokens::parse(&text).map_err(|error| format!("{shown} holds no tokens: {error}"))?;
        let model = Trained::load_with(&RunFolder::new(&self.run), registry)?;
        for path in codec::decode(&model, &tokens, &self.tokens, &self.out)? {
            if !loudness.quiet {
                eprintln!("{}", Style::Note.paint(path.display()));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
