//! `gradbook fork`: two futures with one past.

use std::{collections::BTreeSet, path::PathBuf, process::ExitCode};

use clap::Args;
use gradbook_lab::{
    Ending, Existing, Fates, Registry, Run, RunFolder,
    compare::{summaries, table},
    fork, gather,
    report::{self, Finding},
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
        let said = format!(
            "one past up to step {}; of the codes {} live in both, {} in {a} alone, {} in {b} alone",
            self.at,
            fates.both.len(),
            fates.first.len(),
            fates.second.len()
        );
        let alone = [(&a, &fates.first), (&b, &fates.second)]
            .map(|(run, codes)| format!("codes that live in {run} alone: {}", list(codes)));
        println!("\n{said}");
        if loudness.verbose {
            alone.iter().for_each(|line| println!("{line}"));
        }
        let findings = [vec![said], alone.to_vec()].concat().into_iter().map(Finding::Text);
        write(&new.report(), report::html("Fork", &findings.collect::<Vec<_>>(), &reports))?;
        if !loudness.quiet {
            eprintln!("{}", Style::Note.paint(format!("report: {}", new.report().display())));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Numbers with commas between them.
fn list(codes: &BTreeSet<u64>) -> String {
    if codes.is_empty() {
        return "none".to_owned();
    }
    codes.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}
