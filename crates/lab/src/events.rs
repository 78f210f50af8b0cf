//! Levers that are events: what happens to a model before some step of its training. Codebooks that grow and codes that
//! are widened are known to every program; a [`Registry`] knows others too.

use std::sync::Arc;

use gradbook_autograd::{ParamStore, Rng, Stream};
use gradbook_nn::named::{Named, Options};
use gradbook_vq::{Absorbed, codebook::Growth};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned, de::Error as _};

use crate::{Error, Model, Recipe, Registry, growth::Growing, train::AFTER};

/// A kind of event: when it happens, and what. Its fields are what a recipe can say (by serde).
///
/// A run that is resumed has it happen again to a fresh model, which so gets the shapes of the checkpoint, whose numbers
/// then come in: an event depends on the model's shapes, its numbers and `rng`, and on nothing else.
pub trait EventConfig: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name in recipes.
    const NAME: &'static str;

    /// Whether it happens before this step. Its times are called `step`, `until` or `schedule`: then they move along where
    /// a recipe is given another number of steps.
    fn due(&self, step: u64) -> bool;

    /// What happens; returns what it changed, so that the optimizer forgets the moments of rows that are others now.
    /// Parameters may change their shapes.
    ///
    /// # Errors
    /// If it cannot happen to this model.
    fn happen(&self, model: &Model, store: &mut ParamStore<f32>, rng: &mut Rng) -> Result<Absorbed, Error>;
}

/// One event, as in `{ event = "prune", step = 500 }`.
///
/// By itself it is read with the built-in kinds, of which there are none; a [`Registry`] reads it with others.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Event(Named<dyn AnyEvent>);

impl<C: EventConfig> From<C> for Event {
    fn from(config: C) -> Self {
        let config = Arc::new(config);
        Self(Named::new("event", C::NAME, &*config.clone(), config))
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Registry::default().event_of(Options::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// An [`EventConfig`] of whatever kind.
trait AnyEvent: Send + Sync {
    fn before(&self, step: u64) -> bool;
    fn apply(&self, model: &Model, store: &mut ParamStore<f32>, rng: &mut Rng) -> Result<Absorbed, Error>;
}

impl<C: EventConfig> AnyEvent for C {
    fn before(&self, step: u64) -> bool {
        self.due(step)
    }

    fn apply(&self, model: &Model, store: &mut ParamStore<f32>, rng: &mut Rng) -> Result<Absorbed, Error> {
        self.happen(model, store, rng)
    }
}

/// Whether anything happens before `step`.
pub(crate) fn due(recipe: &Recipe, growing: &Growing, step: u64) -> bool {
    let train = &recipe.train;
    growing.due(&train.grow, step).next().is_some()
        || train.raise.iter().any(|raise| raise.step == step)
        || train.events.iter().any(|event| event.0.before(step))
}

/// What happens before `step`: growth, widening, then the recipe's own events. Returns what they changed, if there was any.
///
/// # Errors
/// If growth would shrink a codebook, or no codes can be widened, or an event cannot happen.
pub(crate) fn happen(
    recipe: &Recipe,
    growing: &Growing,
    model: &Model,
    store: &mut ParamStore<f32>,
    step: u64,
) -> Result<Option<Absorbed>, Error> {
    let mut all = reshape(recipe, growing, model, store, step)?.then(Absorbed::default);
    for (i, event) in recipe.train.events.iter().enumerate().filter(|(_, event)| event.0.before(step)) {
        let mut rng = Stream::new(recipe.train.seed, step, AFTER - 3 - i as u64).next_use();
        all.get_or_insert_default().merge(event.0.apply(model, store, &mut rng)?);
    }
    Ok(all)
}

/// Growth and widening before `step`; whether there was any.
fn reshape(
    recipe: &Recipe,
    growing: &Growing,
    model: &Model,
    store: &mut ParamStore<f32>,
    step: u64,
) -> Result<bool, Error> {
    let Some(quantizer) = model.quantizer.as_ref() else { return Ok(false) };
    let mut rng = Stream::new(recipe.train.seed, step, AFTER - 2).next_use();
    let mut changed = false;
    for grow in growing.due(&recipe.train.grow, step) {
        for book in quantizer.codebooks() {
            if grow.codes < book.codebook.len(store) {
                return Err(Error::Request(format!(
                    "the recipe cannot work: train.grow to {} codes is no growth",
                    grow.codes
                )));
            }
            book.codebook.grow(store, grow.codes, Growth::Jitter(grow.jitter), &mut rng);
            changed = true;
        }
    }
    for raise in recipe.train.raise.iter().filter(|raise| raise.step == step) {
        if !quantizer.raise(store, raise.dim, &mut rng) {
            return Err(Error::Request(
                "the recipe cannot work: train.raise needs a quantizer of kind `projected` with fewer channels".into(),
            ));
        }
        changed = true;
    }
    Ok(changed)
}
