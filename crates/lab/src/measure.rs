//! How far a [`Training`] is: its figures on clips that it does not learn from.

use crate::{Error, Evaluation, Figures, Progress, Summary, Training, data};

impl Training<'_> {
    /// The validation clips now.
    pub fn evaluate(&mut self) -> Evaluation {
        self.averaged(|training| {
            Evaluation::of(&training.model, &training.store, &training.windows, training.quantizing())
        })
    }

    /// The test clips: for the end, when nothing is left to choose.
    ///
    /// # Errors
    /// If frames cannot be read.
    pub fn test(&mut self) -> Result<Evaluation, Error> {
        let windows = data::windows(&self.corpus.test, self.recipe.train.crop)?;
        let found = |training: &mut Self| {
            Evaluation::of(&training.model, &training.store, &windows, training.quantizing())
        };
        Ok(self.averaged(found))
    }

    /// The validation clips now, as a row of metrics; losses and respawns are counted from here on anew.
    pub fn progress(&mut self) -> (Progress, Evaluation) {
        let found = self.evaluate();
        let (loss, steps) = std::mem::take(&mut self.losses);
        let progress = Progress {
            step: self.step as usize,
            loss: loss / steps.max(1) as f64,
            mse: found.mse,
            alive: found.alive(),
            perplexity: found.perplexity(),
            effective_dim: found.effective_dim(),
            respawned: std::mem::take(&mut self.respawned),
            seconds: self.elapsed.as_secs_f64(),
        };
        if self.quantizing() {
            self.growing.observe(&self.recipe.train.grow, self.step, progress.loss);
        }
        (progress, found)
    }

    /// The last word on the run so far.
    pub fn summary(&self, validation: &Evaluation, test: Option<&Evaluation>) -> Summary {
        Summary {
            recipe: self.recipe.name.clone(),
            seed: self.recipe.train.seed,
            steps: self.step as usize,
            validation: Figures::of(validation),
            test: test.map(Figures::of),
            teraflop: None,
            seconds: self.elapsed.as_secs_f64(),
        }
    }

    /// Runs `work` with the averaged weights in place, if there are any.
    pub fn averaged<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> R {
        let Some(mut average) = self.average.take() else { return work(self) };
        average.swap(&mut self.store);
        let result = work(self);
        average.swap(&mut self.store);
        self.average = Some(average);
        result
    }
}
