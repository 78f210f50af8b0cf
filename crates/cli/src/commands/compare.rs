//! `gradbook compare`: several recipes, one table.

use std::{path::PathBuf, process::ExitCode, sync::atomic::Ordering};

use clap::Args;
use gradbook_lab::{Error, Recipe, Registry, RunFolder, Summary, compare, report};

use super::{Outcome, write};
use crate::{
    Loudness,
    options::{TrainOptions, load},
    stop,
    terminal::Style,
    watch::Watch,
};

/// What is compared when nothing is named.
const STORY: [&str; 3] = ["collapse", "ema", "best"];
/// Steps that make the story a matter of a minute.
const STORY_STEPS: u64 = 800;

#[derive(Args)]
#[command(after_help = "Examples:
  gradbook compare            collapse, ema and best on built-in sounds
  gradbook compare collapse ema best --data fsdd/ --test-glob '*_[0-4].wav'
  gradbook compare ema mine.toml --steps 2000 --json rows.json")]
pub struct Compare {
    /// Built-in recipes (see `gradbook recipes`) or TOML files; collapse, ema and best if left out.
    #[arg(value_name = "RECIPE")]
    recipes: Vec<String>,
    #[command(flatten)]
    options: TrainOptions,
    /// The folder of the runs and of their common report.
    #[arg(long, value_name = "DIR", default_value = "runs/compare")]
    out: PathBuf,
    /// Also write the rows of the table to a file, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Compare {
    pub fn run(&self, loudness: &Loudness, registry: &Registry) -> Outcome {
        let story = self.recipes.is_empty() && self.options.data.is_none() && self.options.steps.is_none();
        let recipes = self.recipes(story, registry)?;
        let existing = self.options.existing.choice();
        for recipe in &recipes {
            RunFolder::new(self.out.join(&recipe.name)).admit(existing)?;
        }
        let Some(first) = recipes.first() else { return Err("name at least one recipe".into()) };
        let corpus = load(&first.data, loudness)?;
        let width = recipes.iter().map(|recipe| recipe.name.len()).max().unwrap_or(0);
        let watches: Vec<Watch> =
            recipes.iter().map(|recipe| Watch::new(&recipe.name, width, loudness)).collect();
        let folder = RunFolder::new(&self.out);
        let stop = stop::flag();
        let mut current = 0;
        let reports = compare::compare(&recipes, &corpus, &folder, existing, stop, &mut |i, status| {
            if i != current {
                watches[current].leave(); // it settled before its last step
                current = i;
            }
            watches[i].show(status);
            if status.step == status.steps {
                watches[i].finish(status.last);
            }
        })?;
        let rows: Vec<Summary> = reports.iter().map(|report| report.summary.clone()).collect();
        let page = folder.report();
        write(&page, report::html("Comparison", &reports))?;
        if let Some(path) = &self.json {
            write(path, serde_json::to_string_pretty(&rows)? + "\n")?;
        }
        print!("{}", compare::table(&rows));
        if !loudness.quiet {
            if story {
                let more = format!("after {STORY_STEPS} steps; longer runs are better: --steps 4000");
                eprintln!("{}", Style::Note.paint(more));
            }
            eprintln!("{}", Style::Note.paint(format!("report: {}", page.display())));
        }
        let interrupted = stop.load(Ordering::Relaxed);
        Ok(if interrupted { ExitCode::from(stop::INTERRUPTED) } else { ExitCode::SUCCESS })
    }

    /// The recipes, with the same data; each with its own seed, unless one is given for all.
    fn recipes(&self, story: bool, registry: &Registry) -> Result<Vec<Recipe>, Error> {
        let named: Vec<&str> = match self.recipes.as_slice() {
            [] => STORY.to_vec(),
            names => names.iter().map(String::as_str).collect(),
        };
        let mut recipes: Vec<Recipe> = Vec::new();
        for name in named {
            let mut recipe = registry.find(name)?;
            if story {
                recipe = recipe.stretched(STORY_STEPS);
            }
            let recipe = self.options.apply(recipe)?;
            if recipes.iter().any(|other| other.name == recipe.name) {
                return Err(Error::Request(format!("two recipes are called `{}`: rename one", recipe.name)));
            }
            recipes.push(recipe);
        }
        compare::share_data(&mut recipes)?;
        Ok(recipes)
    }
}
