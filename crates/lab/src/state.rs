//! A [`Training`] to and from its checkpoint.

use std::path::Path;

use gradbook_nn::{
    State, Value, WeightAverage,
    checkpoint::{self, Checkpoint, Header},
};

use crate::{Error, Recipe, Training, growth::Growing, run::PLACES};

/// What a training counts between two rows of metrics, as exact integers: the bits of the sum of losses, steps, respawns.
struct Counters([u64; 3]);

impl State<f32> for Counters {
    fn state(&self) -> Vec<(String, Value<f32>)> {
        vec![("since_last_row".to_owned(), Value::Counts(self.0.to_vec()))]
    }

    fn set_state(&mut self, state: Vec<Value<f32>>) {
        if let Some(Value::Counts(counts)) = state.first() {
            self.0.copy_from_slice(counts);
        }
    }
}

impl Training<'_> {
    /// Saves everything that a resumed run needs. Equal runs give equal files, so the time they took is not in there.
    ///
    /// # Errors
    /// If the file cannot be written; then the previous one is as it was.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let header = Header { step: self.step, seed: self.recipe.train.seed, config: self.recipe.to_toml() };
        let counters = Counters([self.losses.0.to_bits(), self.losses.1, self.respawned as u64]);
        let mut sections: Vec<(&str, &dyn State<f32>)> =
            vec![("model", &self.store), ("optimizer", &self.optimizer), ("counters", &counters)];
        if !self.recipe.train.grow.is_empty() {
            sections.push(("growth", &self.growing));
        }
        if let Some(average) = &self.average {
            sections.push(("average", average));
        }
        Ok(checkpoint::save(path, &header, &sections)?)
    }

    /// Takes back what [`save`](Self::save) wrote; `self` is at its start.
    ///
    /// # Errors
    /// If the file is damaged or is that of another recipe.
    pub fn restore(&mut self, path: &Path) -> Result<(), Error> {
        let file = open(path, &self.recipe)?;
        self.growing = grown(&file, &self.recipe)?;
        (0..file.header().step).try_for_each(|step| self.happen(step))?;
        self.average = self.recipe.train.average.map(|decay| WeightAverage::new(decay, &self.store));
        let mut counters = Counters([0; 3]);
        let mut sections: Vec<(&str, &mut dyn State<f32>)> =
            vec![("model", &mut self.store), ("optimizer", &mut self.optimizer), ("counters", &mut counters)];
        if let Some(average) = &mut self.average {
            sections.push(("average", average));
        }
        file.restore(&mut sections)?;
        let [losses, steps, respawned] = counters.0;
        self.losses = (f64::from_bits(losses), steps);
        self.respawned = respawned as usize;
        self.step = file.header().step;
        Ok(())
    }
}

/// When the codebooks of a run have grown.
pub(crate) fn grown(file: &Checkpoint, recipe: &Recipe) -> Result<Growing, Error> {
    let mut growing = Growing::new(&recipe.train.grow);
    if !recipe.train.grow.is_empty() {
        file.restore::<f32>(&mut [("growth", &mut growing)])?;
    }
    Ok(growing)
}

/// A checkpoint of a run of this recipe.
pub(crate) fn open(path: &Path, recipe: &Recipe) -> Result<Checkpoint, Error> {
    let file = Checkpoint::read(path)?;
    let same = |saved: &Recipe| {
        saved.differences(["", ""], recipe, &[PLACES, &["data.fingerprint"]].concat()).is_empty()
    };
    let reason = match recipe.registry.parse(&file.header().config) {
        Ok(saved) if same(&saved) => return Ok(file),
        Err(error) => return Err(Error::Malformed { path: path.into(), reason: error.to_string() }),
        Ok(_) => {
            "it was made with another recipe than the recipe.toml beside it\n  put the old recipe back, or start over with \
             --overwrite"
        }
    };
    Err(Error::Malformed { path: path.into(), reason: reason.into() })
}
