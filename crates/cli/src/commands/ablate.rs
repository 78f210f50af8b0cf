//! `gradbook ablate`: what each lever of a recipe contributes.

use std::path::PathBuf;

use clap::Args;
use gradbook_lab::{
    Registry,
    compare::{Ablation, Budget, Comparison},
};

use super::{Outcome, write};
use crate::{Loudness, options::TrainOptions, several::Several, terminal::Style};

#[derive(Args)]
#[command(after_help = "Examples:
  gradbook ablate best                       each lever of best, against ema
  gradbook ablate mine.toml --base fsq --seeds 3 --steps 1000")]
pub struct Ablate {
    /// A built-in recipe or a TOML file; best if left out.
    #[arg(default_value = "best")]
    recipe: String,
    /// The recipe to which each lever is added alone.
    #[arg(long, value_name = "RECIPE", default_value = "ema")]
    base: String,
    /// Train every variant so often, with the recipe's seed and those that follow.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    #[command(flatten)]
    options: TrainOptions,
    /// The folder of the runs and of their report.
    #[arg(long, value_name = "DIR", default_value = "runs/ablate")]
    out: PathBuf,
}

impl Ablate {
    pub fn run(&self, loudness: &Loudness, registry: &Registry) -> Outcome {
        let [recipe, base] = [&self.recipe, &self.base].map(|name| registry.find(name));
        let (recipe, base) = (self.options.apply(recipe?, loudness)?, self.options.apply(base?, loudness)?);
        let parts = Ablation::of(&recipe, &base);
        if parts.levers.is_empty() {
            return Err(format!("{} and {} differ in nothing but their names", recipe.name, base.name).into());
        }
        let comparison =
            Comparison { recipes: parts.recipes(), seeds: self.seeds, budget: Budget::Steps, count: false };
        let several = Several::run(&comparison, &self.out, &self.options.existing, loudness)?;
        if !several.interrupted() {
            let table = parts.table(&several.rows());
            write(&self.out.join("table.txt"), table.text())?;
            print!("{}", table.text());
            if !loudness.quiet {
                let (own, base) = (&recipe.name, &base.name);
                let said = format!("without: {own} but for this setting; with: {base} and this setting");
                eprintln!("{}", Style::Note.paint(said));
            }
        }
        several.report("Ablation", &[parts.picture(&several.rows())], loudness)?;
        Ok(several.code())
    }
}
