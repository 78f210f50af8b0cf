//! `gradbook sweep`: many settings of one recipe, of which validation chooses.

use std::path::PathBuf;

use clap::Args;
use gradbook_lab::{
    Registry,
    compare::{
        Budget, Comparison,
        sweep::{self, Axis},
    },
};

use super::{Outcome, write};
use crate::{Loudness, options::TrainOptions, several::Several, terminal::Style};

#[derive(Args)]
#[command(after_help = "Examples:
  gradbook sweep ema --grid quantizer.codes=256,512,1024 --grid train.optimizer.rate=3e-4,1e-3
  gradbook sweep best --range train.optimizer.rate=1e-4..1e-2 --samples 8 --steps 1000")]
pub struct Sweep {
    /// A built-in recipe or a TOML file.
    recipe: String,
    /// A setting and its values; every combination with those of other grids is tried.
    #[arg(long, value_name = "KEY=A,B,…")]
    grid: Vec<String>,
    /// A setting between two numbers; points are spread evenly (Sobol), on a logarithmic scale over a factor of ten or more.
    #[arg(long, value_name = "KEY=LOW..HIGH", requires = "samples")]
    range: Vec<String>,
    /// So many points in place of every combination.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    samples: Option<u32>,
    /// Train every point so often, with the recipe's seed and those that follow.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    #[command(flatten)]
    options: TrainOptions,
    /// The folder of the runs, of their report, and of the recipe that wins.
    #[arg(long, value_name = "DIR", default_value = "runs/sweep")]
    out: PathBuf,
}

impl Sweep {
    pub fn run(&self, loudness: &Loudness, registry: &Registry) -> Outcome {
        let recipe = self.options.apply(registry.find(&self.recipe)?, loudness)?;
        let grids = self.grid.iter().map(|text| Axis::grid(text));
        let axes =
            grids.chain(self.range.iter().map(|text| Axis::range(text))).collect::<Result<Vec<_>, _>>()?;
        if axes.is_empty() {
            return Err("nothing to sweep: --grid KEY=A,B,… or --range KEY=LOW..HIGH --samples N".into());
        }
        let points = sweep::points(&recipe, &axes, self.samples)?;
        let recipes = points.iter().map(|point| point.recipe.clone()).collect();
        let comparison = Comparison { recipes, seeds: self.seeds, budget: Budget::Steps, count: false };
        let mut several = Several::run(&comparison, &self.out, &self.options.existing, loudness)?;
        if !several.interrupted() {
            let rows = several.rows();
            let table = sweep::table(&axes, &points, &rows).text();
            write(&self.out.join("table.txt"), &table)?;
            print!("{table}");
            if let Some((winner, _)) = sweep::ranked(&points, &rows).first() {
                let (path, mut recipe) = (self.out.join("winner.toml"), points[*winner].recipe.clone());
                recipe.name = String::new();
                write(&path, recipe.to_toml())?;
                if !loudness.quiet {
                    eprintln!("{}", Style::Note.paint(format!("the winner as a recipe: {}", path.display())));
                }
            }
        }
        let pictures = sweep::pictures(&axes, &points, &several.rows());
        several.without_test();
        several.report("Sweep", &pictures, loudness)?;
        Ok(several.code())
    }
}
