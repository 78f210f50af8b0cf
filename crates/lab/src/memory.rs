//! What a recipe takes of memory, estimated before any is taken, and the bound on it.

use gradbook_autograd::ParamStore;
use gradbook_vq::Book;

use crate::{Model, Recipe, RecipeError, evaluate, extent};

/// The most numbers of 4 bytes: 16 GB.
const MOST: f64 = 4e9;
/// Copies of a weight: itself, its gradient, two moments, its average.
const COPIES: f64 = 5.0;
/// Copies of what a layer gives: itself and its gradient, both once more in the layer behind it.
const ACTIVATIONS: f64 = 4.0;

/// Refuses a recipe whose weights, activations or codes no machine can hold.
pub(crate) fn check(recipe: &Recipe) -> Result<(), RecipeError> {
    let (model, train) = (&recipe.model, &recipe.train);
    let (mels, crop) = (recipe.data.mel.mels as f64, train.crop as f64);
    let inward = extent::of(&model.encoder, mels, crop);
    let (latent, steps) = (inward.channels, inward.steps);
    let outward = extent::of(&model.decoder, latent, steps);
    let mut weights = inward.weights + outward.weights + 3.0 * outward.channels * mels;
    let mut needed = inward.needed + outward.needed + 3.0 * mels * crop;
    if let Some(top) = &model.top {
        let up = extent::of(&top.encoder, latent, steps);
        let down = extent::of(&top.decoder, up.channels, up.steps);
        (weights, needed) = (weights + up.weights + down.weights, needed + up.needed + down.needed);
    }
    let crops = train.batch.max(evaluate::WINDOWS) as f64;
    let rows = (crops * steps) as usize;
    let quantizer = recipe.quantizer.as_ref().map_or(0.0, |quantizer| quantizer.size(latent as usize, rows));
    let seeding = train.seeding.as_ref().map_or(0.0, |seeding| 3.0 * seeding.latents as f64 * latent);
    let parts = [
        ("the weights of the model", COPIES * weights, "fewer channels or taps"),
        (
            "the activations of a step",
            ACTIVATIONS * crops * needed,
            "a smaller train.batch, train.crop or model",
        ),
        ("the quantizer", COPIES * quantizer, "fewer codes"),
        ("the latents to seed from", seeding, "a smaller train.seeding.latents"),
    ];
    for (what, numbers, less) in parts {
        bounded(what, numbers, less)?;
    }
    bounded("all of it", parts.iter().map(|part| part.1).sum(), "a smaller model or batch")
}

/// Refuses codebooks that would grow, or be widened, beyond what a machine can hold.
pub(crate) fn check_growth(
    recipe: &Recipe,
    model: &Model,
    store: &ParamStore<f32>,
) -> Result<(), RecipeError> {
    let (train, books) = (&recipe.train, model.quantizer.iter().flat_map(|quantizer| quantizer.codebooks()));
    let codes = train.grow.iter().map(|grow| grow.codes).max().unwrap_or(0);
    let dim = train.raise.iter().map(|raise| raise.dim).max().unwrap_or(0);
    let size = |book: Book<'_, f32>| {
        let (k, d) = (book.codebook.len(store).max(codes), book.codebook.width(store).max(dim));
        k as f64 * d as f64
    };
    let numbers: f64 = books.map(size).sum();
    bounded(
        "the codes that train.grow and train.raise make",
        COPIES * numbers,
        "fewer codes or channels there",
    )
}

fn bounded(what: &str, numbers: f64, less: &str) -> Result<(), RecipeError> {
    if numbers <= MOST {
        return Ok(());
    }
    let [needed, most] = [numbers, MOST].map(|n| n * 4e-9);
    Err(RecipeError::plain(format!(
        "the recipe needs too much memory: about {needed:.0} GB for {what}, at most {most:.0} GB\n  {less} would do"
    )))
}
