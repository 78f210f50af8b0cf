//! Two futures with one past: a run goes on from one of its steps with other settings.

use std::collections::BTreeSet;

use gradbook_audio::Corpus;

use crate::{Error, Evaluation, Existing, Recipe, RunFolder, Training, files};

/// Which codes of the validation clips live in one model, in the other, in both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fates {
    /// Codes that live in both.
    pub both: BTreeSet<u64>,
    /// Codes that live in the first alone.
    pub first: BTreeSet<u64>,
    /// Codes that live in the second alone.
    pub second: BTreeSet<u64>,
}

impl Fates {
    /// Of the first slots of two evaluations.
    pub fn of(first: &Evaluation, second: &Evaluation) -> Self {
        let [a, b] = [first, second].map(|found| -> BTreeSet<u64> {
            found.usage.first().map(|usage| usage.counts.keys().copied().collect()).unwrap_or_default()
        });
        Self { both: &a & &b, first: &a - &b, second: &b - &a }
    }
}

/// Makes the folder of a run that was `old` up to step `at` and is `recipe` from there on: its rows of metrics, and a
/// checkpoint to [resume](Existing::Resume) from. The past is trained again, from the last checkpoint that `old` kept
/// (`train.keep`) before that step: it has the same bits.
///
/// # Errors
/// If `old` holds no run or ended before `at`; if the recipes differ in what happened before; if files cannot be read or
/// written.
pub fn fork(
    old: &RunFolder,
    recipe: &Recipe,
    at: u64,
    corpus: &Corpus,
    new: &RunFolder,
) -> Result<(), Error> {
    let begun = old.read_recipe(&recipe.registry)?;
    if at >= begun.train.steps {
        return Err(Error::Request(format!(
            "--at {at} is behind the end: the run has {} steps",
            begun.train.steps
        )));
    }
    new.admit(Existing::Refuse)?;
    let _lock = new.claim(Existing::Refuse)?;
    let kept = begun.train.keep.iter().copied().filter(|step| *step <= at).max();
    let mut training = Training::new(begun, corpus)?;
    if let Some(path) = kept.map(|step| old.kept(step)).filter(|path| path.exists()) {
        training.restore(&path)?;
    }
    let interval = training.recipe.train.evaluation_interval();
    while training.step < at {
        training.advance()?;
        if training.step.is_multiple_of(interval) {
            training.progress(); // what is counted between evaluations is counted from here on
        }
    }
    training.recipe = recipe.clone();
    // Whether the other future can have this past shows before anything is written.
    let mut future = Training::new(recipe.clone(), corpus)?;
    for step in 0..at {
        future.happen(step)?;
    }
    let shapes = |training: &Training<'_>| -> Vec<_> {
        training.store.iter().map(|(_, entry)| (entry.name.clone(), *entry.value.shape())).collect()
    };
    if shapes(&training) != shapes(&future) {
        return Err(Error::Request(
            "the settings change what came before the fork: sizes of the model, or growth at an earlier step"
                .into(),
        ));
    }
    new.clear()?;
    let (rows, text) = old.rows_until(at)?;
    files::replace(&new.recipe(), recipe.to_toml().as_bytes())?;
    new.write_split(corpus)?;
    files::replace(&new.metrics(), text.as_bytes())?;
    new.export(&rows)?;
    training.save(&new.checkpoint())
}
