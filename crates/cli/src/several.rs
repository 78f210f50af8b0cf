//! Runs of a comparison, shown while they go on: what `compare`, `ablate` and `sweep` share.

use std::{error::Error, path::Path, process::ExitCode, sync::atomic::Ordering};

use gradbook_lab::{
    RunFolder, Summary,
    compare::{self, Comparison},
    files,
    report::{self, Finding, RunReport},
};
use indicatif::MultiProgress;

use crate::{
    Loudness,
    options::{ExistingOptions, load},
    stop,
    terminal::Style,
    watch::Watch,
};

/// What came of a comparison.
pub struct Several {
    folder: RunFolder,
    reports: Vec<RunReport>,
}

type Failure = Box<dyn Error + Send + Sync>;

impl Several {
    /// Reads the corpus and trains everything.
    pub fn run(
        comparison: &Comparison,
        out: &Path,
        existing: &ExistingOptions,
        loudness: &Loudness,
    ) -> Result<Self, Failure> {
        let (folder, existing) = (RunFolder::new(out), existing.choice());
        let Some(first) = comparison.recipes.first() else { return Err("name at least one recipe".into()) };
        comparison.admit(&folder, existing)?;
        let corpus = load(&first.data, loudness)?;
        let (names, bars) = (comparison.names(), MultiProgress::new());
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let watches: Vec<Watch> = names.iter().map(|name| Watch::new(name, width, &bars, loudness)).collect();
        let reports = comparison.run(&corpus, &folder, existing, stop::flag(), &|i, status| {
            watches[i].show(status);
            if status.step == status.steps {
                watches[i].finish(status.last);
            }
        })?;
        watches.iter().for_each(Watch::leave);
        Ok(Self { folder, reports })
    }

    /// The figures of each run.
    pub fn rows(&self) -> Vec<Summary> {
        compare::summaries(&self.reports)
    }

    /// Whether it was stopped before its end.
    pub fn interrupted(&self) -> bool {
        stop::flag().load(Ordering::Relaxed)
    }

    /// Leaves the test clips out of the page: those that lose a choice have no need of them.
    pub fn without_test(&mut self) {
        self.reports.iter_mut().for_each(|report| report.summary.test = None);
    }

    /// Writes the page and says where it is.
    pub fn report(&self, title: &str, findings: &[Finding], loudness: &Loudness) -> Result<(), Failure> {
        let page = self.folder.report();
        files::replace(&page, report::html(title, findings, &self.reports).as_bytes())?;
        if !loudness.quiet {
            let word = if self.interrupted() { "interrupted, all is saved: --resume goes on; " } else { "" };
            eprintln!("{}", Style::Note.paint(format!("{word}report: {}", page.display())));
        }
        Ok(())
    }

    /// How the program ends.
    pub fn code(&self) -> ExitCode {
        if self.interrupted() { ExitCode::from(stop::INTERRUPTED) } else { ExitCode::SUCCESS }
    }
}
