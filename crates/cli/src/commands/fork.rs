//! `gradbook fork`: two futures with one past.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use gradbook_lab::{
    Ending, Existing, Fates, Registry, Run, RunFolder,
    compare::{summaries, table},
    fork, gather, report,
};
use indicatif::MultiProgress;

use super::{Outcome, write};
use crate::{Loudness, options::load, stop, terminal::Style, watch::Watch};

#[derive(Args)]
#[command(after_help = "Example:
  gradbook fork runs/ema --at 1200 --set quantizer.commitment=1 --out runs/b")]
pub struct Fork {
    /// The folder of the run whose past it is.
    run: PathBuf,
    /// The step from which on the settings hold. A run with train.keep=[STEP] kept its checkpoint there; else the steps
    /// before are made again, to the same bits.
    #[arg(long, value_name = "STEP")]
    at: u64,
    /// Change a value of the recipe from there on (may be given several times).
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The folder of the new run.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Go on with a fork that was interrupted.
    #[arg(long)]
    resume: bool,
}

impl Fork {
    pub fn run(&self, loudness: &Loudness, registry: &Registry) -> Outcome {
        let (old, new) = (RunFolder::new(&self.run), RunFolder::new(&self.out));
        let begun = old.read_recipe(registry)?;
        let mut recipe = begun.clone();
        for assignment in &self.set {
            recipe = recipe.set(assignment)?;
        }
        // Both futures are trained to their ends: the old run must not be in other hands.
        old.admit(Existing::Resume)?;
        let corpus = load(&begun.data, loudness)?;
        if !(self.resume && new.holds_run()) {
            fork(&old, &recipe, self.at, &corpus, &new)?;
        }
        let name = self.out.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let watch = Watch::new(&name, name.chars().count(), &MultiProgress::new(), loudness);
        let mut run = Run::open(recipe, &corpus, new.clone(), Existing::Resume)?;
        let mut other = Run::open(begun, &corpus, old.clone(), Existing::Resume)?;
        // What is there already is not trained again.
        for run in [&mut run, &mut other] {
            if run.drive(stop::flag(), &mut |status| watch.show(status))? == Ending::Interrupted {
                eprintln!("{}", Style::Note.paint("interrupted, all is saved: --resume goes on"));
                return Ok(ExitCode::from(stop::INTERRUPTED));
            }
        }
        watch.finish(run.history.last());
        let fates = Fates::of(&other.training.evaluate(), &run.training.evaluate());
        let mut reports = vec![gather(&mut other)?, gather(&mut run)?];
        for (report, folder) in reports.iter_mut().zip([&old, &new]) {
            report.summary.recipe = folder.path().display().to_string();
        }
        print!("{}", table(&summaries(&reports)).text());
        let (a, b) = (self.run.display(), self.out.display());
        println!(
            "\none past up to step {}; of the codes {} live in both, {} in {a} alone, {} in {b} alone",
            self.at,
            fates.both.len(),
            fates.first.len(),
            fates.second.len()
        );
        if loudness.verbose {
            println!("in {a} alone: {:?}\nin {b} alone: {:?}", fates.first, fates.second);
        }
        write(&new.report(), report::html("Fork", &reports))?;
        if !loudness.quiet {
            eprintln!("{}", Style::Note.paint(format!("report: {}", new.report().display())));
        }
        Ok(ExitCode::SUCCESS)
    }
}
