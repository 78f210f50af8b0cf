//! [`Trained`]: the model of a run as its checkpoint has it, ready for use, whole clips at a time.

use gradbook_audio::{Level, LogMel, Standardization, Standardize};
use gradbook_autograd::{Graph, ParamStore, Tape, Tensor};
use gradbook_nn::{State, WeightAverage};
use gradbook_vq::{Codes, Quantizer};
use ndarray::{Array2, Axis, concatenate, s};

use crate::{Error, Model, Recipe, Registry, RunFolder, events, state};

/// A model out of a checkpoint, with its averaged weights if the recipe asks for them.
pub struct Trained {
    /// The recipe of the run.
    pub recipe: Recipe,
    /// The model.
    pub model: Model,
    /// Its parameters.
    pub store: ParamStore<f32>,
    /// Training steps done.
    pub step: u64,
    /// The features.
    pub mel: LogMel,
    /// The mean and deviation of the frames that it was trained on.
    pub standardization: Standardization,
}

impl Trained {
    /// Loads the model of a run whose kinds are built in.
    ///
    /// # Errors
    /// If there is no run, no checkpoint yet, or if it is damaged.
    pub fn load(folder: &RunFolder) -> Result<Self, Error> {
        Self::load_with(folder, &Registry::default())
    }

    /// Loads the model of a run whose kinds are in a registry.
    ///
    /// # Errors
    /// If there is no run, no checkpoint yet, if it is damaged, or needs a kind that is not in the registry.
    pub fn load_with(folder: &RunFolder, registry: &Registry) -> Result<Self, Error> {
        let recipe = folder.read_recipe(registry)?;
        let path = folder.model();
        let Some(standardization) = recipe.data.standardization else {
            let reason = "data.standardization is missing: this is not the recipe of a run".into();
            return Err(Error::Malformed { path: folder.recipe(), reason });
        };
        if recipe.data.standardize == Standardize::PerBand && recipe.data.band_standardization.is_none() {
            let reason = "data.band_standardization is missing: this is not the recipe of a run".into();
            return Err(Error::Malformed { path: folder.recipe(), reason });
        }
        if !path.exists() {
            return Err(Error::Request(format!(
                "{} has no checkpoint yet\n  `gradbook train --resume --out {0}` goes on with it",
                folder.path().display()
            )));
        }
        let file = state::open(&path, &recipe)?;
        let step = file.header().step;
        let mut store = ParamStore::new();
        let (mel, seed) = (LogMel::new(recipe.data.mel.clone())?, recipe.train.seed);
        let quantizer = recipe.quantizer.as_ref();
        let model = Model::new(&recipe.model, quantizer, recipe.data.mel.mels, &mut store, seed)?;
        let growing = state::grown(&file, &recipe)?;
        for step in 0..step {
            events::happen(&recipe, &growing, &model, &mut store, step)?;
        }
        let mut average = recipe.train.average.map(|decay| WeightAverage::new(decay, &store));
        let mut sections: Vec<(&str, &mut dyn State<f32>)> = vec![("model", &mut store)];
        if let Some(average) = &mut average {
            sections.push(("average", average));
        }
        file.restore(&mut sections)?;
        if let Some(average) = &mut average {
            average.swap(&mut store);
        }
        Ok(Self { recipe, model, store, step, mel, standardization })
    }

    /// The quantizer, if it is in use.
    ///
    /// # Errors
    /// If the model has none, or has not come to using it.
    pub fn quantizer(&self) -> Result<&dyn Quantizer<f32>, Error> {
        let none = || Error::Request("this model has no quantizer: there are no codes to speak of".into());
        let quantizer = self.model.quantizer.as_deref().ok_or_else(none)?;
        if self.step <= self.recipe.train.warmup && self.recipe.train.warmup > 0 {
            return Err(Error::Request(format!(
                "the quantizer was not in use yet at step {}: the warm-up lasts {} steps\n  train on with --resume",
                self.step, self.recipe.train.warmup
            )));
        }
        Ok(quantizer)
    }

    /// What frames are standardized with whose own level is not known: one for all bands, or for each, as in training.
    pub fn level(&self) -> Level {
        match (self.recipe.data.standardize, &self.recipe.data.band_standardization) {
            (Standardize::PerBand, Some(bands)) => Level::Bands(bands.clone()),
            _ => Level::One(self.standardization),
        }
    }

    /// The standardized frames `[frame, mel]` of a sound at the model's sample rate.
    pub fn frames(&self, samples: &[f32]) -> Array2<f32> {
        self.features(samples).0
    }

    /// The same, and what they are standardized with: where it is each clip's own, decoding needs it.
    pub fn features(&self, samples: &[f32]) -> (Array2<f32>, Level) {
        let mut frames = self.mel.compute(samples);
        let level = match self.recipe.data.standardize {
            Standardize::PerClip => Level::One(Standardization::of(&frames)),
            Standardize::Global | Standardize::PerBand => self.level(),
        };
        level.apply(&mut frames);
        (frames, level)
    }

    /// The codes of whole clip's frames `[frame, mel]`, silence being added up to a multiple of the stride.
    ///
    /// # Errors
    /// See [`quantizer`](Self::quantizer).
    pub fn encode(&self, frames: &Array2<f32>) -> Result<Codes, Error> {
        self.encode_at(frames, &self.level())
    }

    /// The same for frames that are standardized with a level of their own, which says what silence is.
    ///
    /// # Errors
    /// See [`quantizer`](Self::quantizer).
    pub fn encode_at(&self, frames: &Array2<f32>, level: &Level) -> Result<Codes, Error> {
        let mut silence = Array2::from_elem((1, frames.ncols()), self.mel.params().silence());
        level.apply(&mut silence);
        let tape = Tape::new();
        let x = tape.constant(padded(frames, self.model.stride(), &silence));
        let z = self.model.encode(&Graph::eval(&tape, &self.store), x).value();
        let rows = z.shape().size() / self.model.latent();
        Ok(self.quantizer()?.encode(&self.store, &z.reshaped([rows, self.model.latent()])))
    }

    /// The first `count` frames `[frame, mel]` of what codes stand for.
    ///
    /// # Errors
    /// See [`quantizer`](Self::quantizer).
    pub fn decode(&self, codes: &Codes, count: usize) -> Result<Array2<f32>, Error> {
        let quantizer = self.quantizer()?;
        let refused = |error| Error::Request(format!("these are no codes of this model: {error}"));
        quantizer.check_codes(&self.store, codes).map_err(refused)?;
        let z = quantizer.decode(&self.store, codes);
        let tape = Tape::new();
        let z = tape.constant(z.reshaped([1, z.shape()[0], self.model.latent()]));
        let y = self.model.decode(&Graph::eval(&tape, &self.store), z).value();
        Ok(trimmed(&y, count))
    }

    /// The sound of frames that are standardized with a level.
    ///
    /// # Errors
    /// If there is no way back from the model's features.
    pub fn sound(&self, frames: &Array2<f32>, level: &Level) -> Result<Vec<f32>, Error> {
        self.audible()?;
        let mut frames = frames.clone();
        level.invert(&mut frames);
        Ok(self.mel.invert(&frames, ITERATIONS, 0))
    }

    /// Refuses features that do not become sound.
    pub(crate) fn audible(&self) -> Result<(), Error> {
        if self.mel.params().invertible() {
            return Ok(());
        }
        Err(Error::Request(
            "this model's frames do not become sound: PCEN (data.mel.compression) takes the level of each band away\n  \
             tokens and codes can be used as they are; to hear them, train with another compression, such as `ln`"
                .into(),
        ))
    }
}

/// Rounds of Griffin-Lim.
pub(crate) const ITERATIONS: usize = 100;

/// One clip as a batch `[1, frame, mel]`, lengthened to a multiple of `stride` frames by one `[1, mel]`.
pub(crate) fn padded(frames: &Array2<f32>, stride: usize, frame: &Array2<f32>) -> Tensor<f32> {
    let (count, mels) = frames.dim();
    let length = count.next_multiple_of(stride);
    let rest = frame.broadcast((length - count, mels)).expect("a frame has as many mel bands");
    let all = concatenate(Axis(0), &[frames.view(), rest]).expect("both have as many mel bands");
    Tensor::new([1, length, mels], all.iter().copied().collect())
}

/// The first frames of a batch `[1, frame, mel]`.
pub(crate) fn trimmed(batch: &Tensor<f32>, count: usize) -> Array2<f32> {
    let all = batch.rows();
    all.slice(s![..count.min(all.nrows()), ..]).to_owned()
}
