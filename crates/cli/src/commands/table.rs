//! `gradbook table`: runs that are finished, side by side, without training again.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use gradbook_lab::{
    Error, Existing, Registry, Run, RunFolder, Summary,
    compare::table,
    gather,
    report::{self, Finding, RunReport},
};

use super::{Outcome, write};
use crate::{Loudness, options::load, terminal::Style};

#[derive(Args)]
#[command(after_help = "Examples:
  gradbook table runs/*
  gradbook table runs/compare runs/mine --report all.html")]
pub struct Table {
    /// Folders of runs, or of comparisons, whose runs are taken all.
    #[arg(value_name = "FOLDER", required = true)]
    folders: Vec<PathBuf>,
    /// Also write one page with the curves, maps and sounds of all of them.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Also write the rows of the table to a file, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Table {
    pub fn run(&self, loudness: &Loudness, registry: &Registry) -> Outcome {
        let mut runs = Vec::new();
        for folder in &self.folders {
            let before = runs.len();
            find(folder, &mut runs)?;
            if runs.len() == before {
                let rule = "it holds no run; name a folder that `train` or `compare` wrote";
                return Err(format!("{}: {rule}", folder.display()).into());
            }
        }
        let mut rows = Vec::new();
        for (name, run) in names(&runs).into_iter().zip(&runs) {
            let Some(summary) = run.read_summary() else {
                let path = run.path().display();
                return Err(format!(
                    "{path}: no figures yet; `gradbook train --resume --out {path}` goes on"
                )
                .into());
            };
            rows.push(Summary { recipe: name, ..summary });
        }
        if let Some(path) = &self.json {
            write(path, serde_json::to_string_pretty(&rows)? + "\n")?;
        }
        print!("{}", table(&rows).text());
        let notes = notes(&runs, &rows, registry)?;
        let say = |note: &str| {
            if !loudness.quiet {
                eprintln!("{}", Style::Note.paint(note));
            }
        };
        notes.iter().for_each(|note| say(note));
        if let Some(path) = &self.report {
            let notes: Vec<Finding> = notes.into_iter().map(Finding::Text).collect();
            write(path, report::html("Runs", &notes, &reports(&runs, &rows, loudness, registry)?))?;
            say(&format!("report: {}", path.display()));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What the page shows of each run. Recordings are read once for runs that follow one another with the same.
fn reports(
    runs: &[RunFolder],
    rows: &[Summary],
    loudness: &Loudness,
    registry: &Registry,
) -> Result<Vec<RunReport>, Error> {
    let mut corpus = None;
    let mut all = Vec::new();
    for (run, row) in runs.iter().zip(rows) {
        let recipe = run.read_recipe(registry)?;
        if corpus.as_ref().is_none_or(|(data, _)| *data != recipe.data) {
            corpus = Some((recipe.data.clone(), load(&recipe.data, loudness)?));
        }
        let Some((_, corpus)) = &corpus else { unreachable!("it was just read") };
        let mut report = gather(&mut Run::open(recipe, corpus, run.clone(), Existing::Resume)?)?;
        report.summary = row.clone();
        all.push(report);
    }
    Ok(all)
}

/// The runs in a folder: itself, or those below it, by name.
fn find(folder: &Path, runs: &mut Vec<RunFolder>) -> Result<(), Error> {
    let run = RunFolder::new(folder);
    if run.holds_run() {
        runs.push(run);
        return Ok(());
    }
    let unread = |error| Error::Request(format!("cannot read the folder {}: {error}", folder.display()));
    let entries = fs::read_dir(folder).map_err(unread)?;
    let mut below: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    below.retain(|path| path.is_dir());
    below.sort();
    below.iter().try_for_each(|path| find(path, runs))
}

/// What each run is called: its path without what all have in common, and without the seed, which is another run of the same.
fn names(runs: &[RunFolder]) -> Vec<String> {
    let parts = |run: &RunFolder| -> Vec<String> {
        let all = run.path().components().map(|part| part.as_os_str().to_string_lossy().into_owned());
        let mut all: Vec<String> = all.collect();
        all.pop_if(|last| last.starts_with("seed-"));
        all
    };
    let all: Vec<Vec<String>> = runs.iter().map(parts).collect();
    let shortest = all.iter().map(Vec::len).min().unwrap_or(1);
    let common =
        (0..shortest.saturating_sub(1)).take_while(|&i| all.iter().all(|path| path[i] == all[0][i])).count();
    all.into_iter().map(|path| path[common..].join("/")).collect()
}

/// What keeps two rows from being compared.
fn notes(runs: &[RunFolder], rows: &[Summary], registry: &Registry) -> Result<Vec<String>, Error> {
    let mut notes = Vec::new();
    let unfinished: Vec<&str> =
        rows.iter().filter(|row| row.test.is_none()).map(|row| row.recipe.as_str()).collect();
    if !unfinished.is_empty() {
        notes.push(format!(
            "not at their end, and so measured on validation clips: {}",
            unfinished.join(", ")
        ));
    }
    let Some(first) = runs.first() else { return Ok(notes) };
    let recipe = first.read_recipe(registry)?;
    for (run, row) in runs.iter().zip(rows).skip(1) {
        let other = run.read_recipe(registry)?;
        let differences = recipe.differences([&rows[0].recipe, &row.recipe], &other, &[]);
        let of_data = differences.iter().filter(|line| line.starts_with("data."));
        // The fingerprint says that something is different, the others what.
        if let Some(line) = of_data.min_by_key(|line| line.starts_with("data.fingerprint")) {
            notes.push(format!("measured on other data: {line}"));
            break;
        }
    }
    Ok(notes)
}
