//! `gradbook compare`: several recipes, one table.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gradbook_lab::{
    Error, Recipe, Registry,
    compare::{self, Comparison},
};

use super::{Outcome, write};
use crate::{Loudness, options::TrainOptions, several::Several, terminal::Style};

/// What is compared when nothing is named.
const STORY: [&str; 3] = ["collapse", "ema", "best"];
/// Steps that make the story a matter of a minute.
const STORY_STEPS: u64 = 800;

#[derive(Args)]
#[command(after_help = "Examples:
  gradbook compare            collapse, ema and best on built-in sounds
  gradbook compare collapse ema best --data fsdd/ --test-glob '*_[0-4].wav'
  gradbook compare ema mine.toml --seeds 5 --budget flops
  gradbook compare ema mine.toml --steps 2000 --json rows.json")]
pub struct Compare {
    /// Built-in recipes (see `gradbook recipes`) or TOML files; collapse, ema and best if left out.
    #[arg(value_name = "RECIPE")]
    recipes: Vec<String>,
    /// Train every recipe so often, with its seed and those that follow, and tell mean and spread.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// What all have the same of: as much as the first recipe takes with its own steps.
    #[arg(long, value_name = "OF", value_enum, default_value_t = Budget::Steps)]
    budget: Budget,
    #[command(flatten)]
    options: TrainOptions,
    /// The folder of the runs and of their common report.
    #[arg(long, value_name = "DIR", default_value = "runs/compare")]
    out: PathBuf,
    /// Also write the rows of the table to a file, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What recipes have the same of.
#[derive(Clone, Copy, ValueEnum)]
enum Budget {
    /// Each its own steps.
    Steps,
    /// The same arithmetic, counted.
    Flops,
    /// The same time on this machine.
    Seconds,
}

impl From<Budget> for compare::Budget {
    fn from(budget: Budget) -> Self {
        match budget {
            Budget::Steps => Self::Steps,
            Budget::Flops => Self::Flops,
            Budget::Seconds => Self::Seconds,
        }
    }
}

impl Compare {
    pub fn run(&self, loudness: &Loudness, registry: &Registry) -> Outcome {
        let story = self.recipes.is_empty() && self.options.data.is_none() && self.options.steps.is_none();
        let recipes = self.recipes(story, registry, loudness)?;
        let spent = recipes.first().map_or_else(String::new, |first| {
            let (steps, name) = (first.train.steps, &first.name);
            match self.budget {
                Budget::Steps => "every recipe its own steps".to_owned(),
                Budget::Flops => format!("equal arithmetic: what {name} takes for its {steps} steps"),
                Budget::Seconds => format!("equal time: what {name} takes for its {steps} steps"),
            }
        });
        let comparison = Comparison { recipes, seeds: self.seeds, budget: self.budget.into(), count: true };
        let several = Several::run(&comparison, &self.out, &self.options.existing, loudness)?;
        let rows = several.rows();
        if let Some(path) = &self.json {
            write(path, serde_json::to_string_pretty(&rows)? + "\n")?;
        }
        print!("{}", compare::table(&rows).text());
        if !loudness.quiet {
            eprintln!("{}", Style::Note.paint(spent));
        }
        if story && !loudness.quiet {
            let more = format!("after {STORY_STEPS} steps; longer runs are better: --steps 4000");
            eprintln!("{}", Style::Note.paint(more));
        }
        several.report("Comparison", &[], loudness)?;
        Ok(several.code())
    }

    /// The recipes, with the same data; each with its own seed, unless one is given for all.
    fn recipes(&self, story: bool, registry: &Registry, loudness: &Loudness) -> Result<Vec<Recipe>, Error> {
        let named: Vec<&str> = match self.recipes.as_slice() {
            [] => STORY.to_vec(),
            names => names.iter().map(String::as_str).collect(),
        };
        let mut recipes: Vec<Recipe> = Vec::new();
        for name in named {
            let mut recipe = registry.find(name)?;
            if story {
                recipe = recipe.with_steps(STORY_STEPS);
            }
            let name = recipe.name.clone();
            let recipe = self.options.apply(recipe, loudness).map_err(|error| match error {
                Error::Recipe(error) => Error::Recipe(error.of(&name)),
                other => other,
            })?;
            if recipes.iter().any(|other| other.name == recipe.name) {
                return Err(Error::Request(format!("two recipes are called `{}`: rename one", recipe.name)));
            }
            recipes.push(recipe);
        }
        compare::share_data(&mut recipes)?;
        Ok(recipes)
    }
}
