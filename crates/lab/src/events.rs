//! What changes the shapes of a model in training: codebooks that grow, codes that are widened.

use std::ops::Range;

use gradbook_autograd::{ParamStore, Stream};
use gradbook_vq::codebook::Growth;

use crate::{Error, Model, Recipe, growth::Growing, train::AFTER};

/// Growth and widening that fall into `steps`; whether there was any.
///
/// # Errors
/// If growth would shrink a codebook, or no codes can be widened.
pub(crate) fn reshape(
    recipe: &Recipe,
    growing: &Growing,
    model: &Model,
    store: &mut ParamStore<f32>,
    steps: Range<u64>,
) -> Result<bool, Error> {
    let Some(quantizer) = model.quantizer.as_ref().filter(|_| !steps.is_empty()) else { return Ok(false) };
    let mut rng = Stream::new(recipe.train.seed, steps.end - 1, AFTER - 2).next_use();
    let mut changed = false;
    for grow in growing.due(&recipe.train.grow, &steps) {
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
    for raise in recipe.train.raise.iter().filter(|raise| steps.contains(&raise.step)) {
        if !quantizer.raise(store, raise.dim, &mut rng) {
            return Err(Error::Request(
                "the recipe cannot work: train.raise needs a quantizer of kind `projected` with fewer channels".into(),
            ));
        }
        changed = true;
    }
    Ok(changed)
}
