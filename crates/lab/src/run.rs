//! [`Run`]: a training driven to its end in its folder: evaluations, checkpoints, early stop, interruption.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use gradbook_audio::Corpus;

use crate::{
    Error, Evaluation, Existing, Progress, Recipe, RunFolder, Training, files, folder::to_json, lock::Lock,
    pace::Pace,
};

/// The longest time between two checkpoints: what a crash may cost.
const SAVE_EVERY: Duration = Duration::from_secs(60);

/// A training and its folder.
pub struct Run<'c> {
    /// The training.
    pub training: Training<'c>,
    /// Where it is kept.
    pub folder: RunFolder,
    /// The rows of metrics so far.
    pub history: Vec<Progress>,
    /// The test clips, once the run has come to its end.
    pub test: Option<Evaluation>,
    _lock: Lock,
}

/// Keys that say where recordings and frames lie. A run goes on wherever they are, as long as they are the same.
pub(crate) const PLACES: &[&str] = &["data.source.folder", "data.storage"];

/// Where a run stands, for a progress bar.
pub struct Status<'r> {
    /// Steps done.
    pub step: u64,
    /// Steps in all.
    pub steps: u64,
    /// Steps per second of late.
    pub rate: f64,
    /// Time left at this rate.
    pub left: Duration,
    /// The training loss, smoothed.
    pub loss: f64,
    /// The last evaluation.
    pub last: Option<&'r Progress>,
    /// Whether that evaluation is new.
    pub evaluated: bool,
}

/// Why a run came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All steps are done.
    Finished,
    /// The MSE on the validation clips has not improved for `train.patience` evaluations.
    Settled,
    /// The stop flag was raised; everything is saved.
    Interrupted,
}

impl<'c> Run<'c> {
    /// A run in its folder: a new one, or the one that is there, at its last checkpoint.
    ///
    /// # Errors
    /// If the recipe cannot work, if there is a run and it is to be left alone, if files cannot be read or written.
    pub fn open(
        mut recipe: Recipe,
        corpus: &'c Corpus,
        folder: RunFolder,
        existing: Existing,
    ) -> Result<Self, Error> {
        recipe.data.standardization = Some(corpus.standardization);
        recipe.data.band_standardization.clone_from(&corpus.bands);
        recipe.data.mel = corpus.mel.clone();
        recipe.data.fingerprint = Some(corpus.fingerprint.clone());
        if existing == Existing::Resume && folder.holds_run() {
            return Self::resume(recipe, corpus, folder);
        }
        let training = Training::new(recipe, corpus)?;
        let lock = folder.claim(existing)?;
        folder.clear()?;
        files::replace(&folder.recipe(), training.recipe.to_toml().as_bytes())?;
        folder.write_split(corpus)?;
        Ok(Self { training, folder, history: Vec::new(), test: None, _lock: lock })
    }

    fn resume(wanted: Recipe, corpus: &'c Corpus, folder: RunFolder) -> Result<Self, Error> {
        let lock = folder.claim(Existing::Resume)?;
        let begun = folder.read_recipe(&wanted.registry)?;
        let place = folder.path().display();
        let same = begun.data.fingerprint.as_ref().is_none_or(|known| *known == corpus.fingerprint);
        // Where the recordings are others, so is what follows from them.
        let follows: &[&str] =
            if same { &[] } else { &["data.mel", "data.standardization", "data.band_standardization"] };
        let except = [PLACES, &["data.fingerprint"], follows].concat();
        let differences = begun.differences(["that run", "this one"], &wanted, &except);
        if !differences.is_empty() {
            return Err(Error::Request(format!(
                "{place} was made with another recipe, other data or other options:\n    {}\n  --resume goes on with the \
                 same, or with none given; --overwrite starts over, --out names another folder",
                differences.join("\n    ")
            )));
        }
        if !same {
            return Err(Error::Request(format!(
                "{place} was trained on other recordings: some were added, removed, renamed or changed since, or are held \
                 out instead of trained on\n  bring them back or name their folder with --data; --overwrite starts over"
            )));
        }
        let mut training = Training::new(wanted, corpus)?;
        if training.recipe != begun {
            files::replace(&folder.recipe(), training.recipe.to_toml().as_bytes())?;
        }
        if folder.checkpoint().exists() {
            training.restore(&folder.checkpoint())?;
        }
        let history = folder.cut(training.step)?;
        // A checkpoint holds no time; the summary written after it does, and else the last row.
        let summary = folder.read_summary().filter(|s| s.steps as u64 == training.step);
        let seconds = summary.map(|s| s.seconds).or(history.last().map(|row| row.seconds));
        training.elapsed = Duration::try_from_secs_f64(seconds.unwrap_or(0.0)).unwrap_or_default();
        Ok(Self { training, folder, history, test: None, _lock: lock })
    }

    /// Trains to the end, or until `stop` is raised. `watch` is told after every step. With `train.patience`, a run that
    /// comes to its end goes back to its best evaluation. Then the test clips are measured, once.
    ///
    /// # Errors
    /// [`Error::Diverged`] with the checkpoint that is kept; otherwise if files cannot be read or written.
    pub fn drive(&mut self, stop: &AtomicBool, watch: &mut dyn FnMut(&Status<'_>)) -> Result<Ending, Error> {
        let (steps, interval) =
            (self.training.recipe.train.steps, self.training.recipe.train.evaluation_interval());
        let mut pace = Pace::new(&self.training);
        let mut loss = None;
        let mut saved = Instant::now();
        while !self.training.finished() && !self.settled() {
            let stopped = stop.load(Ordering::Relaxed);
            if stopped || saved.elapsed() >= SAVE_EVERY {
                let found = self.training.evaluate();
                self.finite(found.mse)?;
                self.save(&found)?;
                saved = Instant::now();
            }
            if stopped {
                return Ok(Ending::Interrupted);
            }
            let now = self.training.advance().map_err(|error| self.with_checkpoint(error))?;
            let smooth = loss.map_or(now, |before: f64| before + 0.05 * (now - before));
            loss = Some(smooth);
            let evaluated = self.training.step.is_multiple_of(interval) || self.training.finished();
            if evaluated {
                self.evaluate()?;
                saved = Instant::now();
            }
            if self.training.recipe.train.keep.contains(&self.training.step) {
                self.training.save(&self.folder.kept(self.training.step))?;
            }
            let (rate, left) = pace.now(&self.training);
            let step = self.training.step;
            watch(&Status { step, steps, rate, left, loss: smooth, last: self.history.last(), evaluated });
        }
        if self.history.last().is_none_or(|row| row.step as u64 != self.training.step) {
            self.evaluate()?;
        }
        let ending = if self.training.finished() { Ending::Finished } else { Ending::Settled };
        self.return_to_best()?;
        let found = self.training.evaluate();
        self.test = Some(self.training.test()?);
        self.summarize(&found)?;
        Ok(ending)
    }

    /// Measures, adds a row, saves. The row comes first: one that is ahead of the checkpoint is cut when resuming. So does
    /// the best model, for the same reason.
    fn evaluate(&mut self) -> Result<(), Error> {
        let (row, found) = self.training.progress();
        self.finite(row.mse)?;
        self.folder.append(&row)?;
        self.history.push(row);
        if self.training.recipe.train.patience.is_some() && self.stale() == Some(0) {
            self.training.save(&self.folder.best())?;
        }
        self.save(&found)
    }

    /// Takes back the model of the best evaluation, where one was kept.
    fn return_to_best(&mut self) -> Result<(), Error> {
        if self.training.recipe.train.patience.is_none() || !self.folder.best().exists() {
            return Ok(());
        }
        let elapsed = self.training.elapsed;
        self.training = Training::new(self.training.recipe.clone(), self.training.corpus)?;
        self.training.restore(&self.folder.best())?;
        self.training.elapsed = elapsed;
        Ok(())
    }

    /// Refuses a state that shows NaN or infinity, before it takes the place of a good one.
    fn finite(&self, mse: f64) -> Result<(), Error> {
        if mse.is_finite() {
            return Ok(());
        }
        let (step, found) = (self.training.step, self.training.diagnose_evaluation().map(Box::new));
        Err(self.with_checkpoint(Error::Diverged { step, found, checkpoint: None }))
    }

    fn save(&self, found: &Evaluation) -> Result<(), Error> {
        self.training.save(&self.folder.checkpoint())?;
        self.summarize(found)
    }

    fn summarize(&self, found: &Evaluation) -> Result<(), Error> {
        files::replace(
            &self.folder.summary(),
            (to_json(&self.training.summary(found, self.test.as_ref())) + "\n").as_bytes(),
        )
    }

    /// Whether the last evaluations brought nothing better than one before them.
    fn settled(&self) -> bool {
        let patience = self.training.recipe.train.patience;
        patience.zip(self.stale()).is_some_and(|(patience, stale)| stale >= patience)
    }

    /// How many evaluations the best is ago. Only those with codes count where the model has a quantizer: in a warm-up
    /// the model has less to do, and what it reaches there says nothing about what it can reach.
    fn stale(&self) -> Option<u64> {
        let coded = |row: &&Progress| row.alive.is_some() || self.training.model.quantizer.is_none();
        let counted: Vec<&Progress> = self.history.iter().filter(coded).collect();
        let best = counted.iter().enumerate().min_by(|a, b| a.1.mse.total_cmp(&b.1.mse));
        best.map(|(at, _)| (counted.len() - 1 - at) as u64)
    }

    fn with_checkpoint(&self, error: Error) -> Error {
        match error {
            Error::Diverged { step, found, .. } => {
                let kept = self.folder.checkpoint();
                Error::Diverged { step, found, checkpoint: kept.exists().then_some(kept) }
            }
            other => other,
        }
    }
}
