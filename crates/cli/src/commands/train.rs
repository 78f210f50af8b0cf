//! `gradbook train`: one run in its folder.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use gradbook_lab::{Ending, Existing, Registry, Run, RunFolder, baseline, compare::table, gather};
use indicatif::MultiProgress;

use super::{Outcome, write};
use crate::{
    Loudness,
    options::{TrainOptions, load},
    stop,
    terminal::Style,
    watch::Watch,
};

#[derive(Args)]
#[command(after_help = "Examples:
  gradbook train              the best recipe on built-in sounds
  gradbook train ema --data fsdd/ --test-glob '*_[0-4].wav'
  gradbook train my.toml --steps 1000 --set train.batch=64
  gradbook train ema --resume    go on after Ctrl-C or a crash")]
pub struct Train {
    /// A built-in recipe (see `gradbook recipes`) or a TOML file; best if left out.
    recipe: Option<String>,
    #[command(flatten)]
    options: TrainOptions,
    /// The folder of the run; runs/<recipe> if left out.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
}

impl Train {
    pub fn run(&self, loudness: &Loudness, registry: &Registry) -> Outcome {
        let existing = self.options.existing.choice();
        let name = self.recipe.as_deref().unwrap_or("best");
        let stem = Path::new(name).file_stem().unwrap_or_default();
        let folder = RunFolder::new(self.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(stem)));
        // Without options a run goes on as it began, wherever its recordings lie now; with options they must be those that
        // it began with.
        let as_begun = existing == Existing::Resume
            && !self.options.change_anything()
            && (folder.holds_run() || self.recipe.is_none());
        let mut recipe = if as_begun {
            folder.read_recipe(registry)?
        } else {
            self.options.apply(registry.find(name)?, loudness)?
        };
        self.options.point(&mut recipe);
        folder.admit(existing)?;
        let corpus = load(&recipe.data, loudness)?;
        let watch = Watch::new(&recipe.name, recipe.name.len(), &MultiProgress::new(), loudness);
        let mut run = Run::open(recipe, &corpus, folder, existing)?;
        let ending = run.drive(stop::flag(), &mut |status| watch.show(status))?;
        watch.finish(run.history.last());
        let report = gather(&mut run)?;
        let page = run.folder.report();
        write(
            &page,
            gradbook_lab::report::html(&report.summary.recipe.clone(), &[], std::slice::from_ref(&report)),
        )?;
        if self.json {
            println!("{}", serde_json::to_string(&report.summary)?);
        } else {
            let mut rows = vec![report.summary];
            let finished = ending != Ending::Interrupted;
            if let Some(codes) = baseline::codes(&rows[0]).filter(|_| finished) {
                let train = &run.training.recipe.train;
                rows.push(baseline::frames_kmeans(&corpus, codes, train.crop, train.seed)?);
            }
            print!("{}", table(&rows).text());
            if let [model, frames] = rows.as_slice()
                && model.last().mse >= frames.last().mse
                && !loudness.quiet
            {
                let steps = 2 * model.steps;
                let note = format!(
                    "k-means without a network does no worse: longer training helps (--steps {steps})"
                );
                eprintln!("{}", Style::Note.paint(note + ", and so do more codes"));
            }
        }
        if !loudness.quiet {
            let word = match ending {
                Ending::Finished => String::new(),
                Ending::Settled => "the MSE on the validation clips no longer improves; ".to_owned(),
                Ending::Interrupted => "interrupted, all is saved: --resume goes on; ".to_owned(),
            };
            eprintln!("{}", Style::Note.paint(format!("{word}report: {}", page.display())));
        }
        Ok(if ending == Ending::Interrupted { ExitCode::from(stop::INTERRUPTED) } else { ExitCode::SUCCESS })
    }
}
