//! `gradbook inspect`: the health of a run's codebooks.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use gradbook_lab::{Registry, RunFolder, Trained, inspect::inspect};

use super::Outcome;
use crate::{Loudness, options::load};

#[derive(Args)]
#[command(after_help = "Example:
  gradbook inspect runs/best")]
pub struct Inspect {
    /// The folder of a run.
    run: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub fn run(&self, loudness: &Loudness, registry: &Registry) -> Outcome {
        let model = Trained::load_with(&RunFolder::new(&self.run), registry)?;
        let health = inspect(&model, &load(&model.recipe.data, loudness)?)?;
        if self.json {
            println!("{}", serde_json::to_string(&health)?);
        } else {
            let (recipe, step, rows) = (&health.recipe, health.step, health.rows);
            println!("{recipe} at step {step}: MSE {:.4} on {rows} latents of the test clips\n", health.mse);
            print!("{}", health.table());
        }
        Ok(ExitCode::SUCCESS)
    }
}
