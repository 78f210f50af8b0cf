//! The health of a run's codebooks: which codes live on the test clips, how evenly, and whether they differ.

use gradbook_audio::Corpus;
use gradbook_vq::diagnostics::{duplicate_rate, effective_dimension};
use serde::Serialize;

use crate::{Error, Evaluation, Trained, compare::Table, data};

/// Codes this near to another, relative to the deviation of all, count as the same.
const SAME: f64 = 1e-3;

/// The health of a model.
#[derive(Clone, Debug, Serialize)]
pub struct Health {
    /// The recipe.
    pub recipe: String,
    /// Training steps.
    pub step: u64,
    /// Mean squared error on the test clips.
    pub mse: f64,
    /// How many codes of the test clips this is from, per slot.
    pub rows: usize,
    /// One entry per slot.
    pub slots: Vec<SlotHealth>,
}

/// The health of one slot.
#[derive(Clone, Debug, Serialize)]
pub struct SlotHealth {
    /// Which: the codebook's place, or the number of the slot.
    pub place: String,
    /// Codes there are.
    pub codes: u64,
    /// Codes in use.
    pub alive: usize,
    /// Codes not in use.
    pub dead: u64,
    /// exp of the entropy of usage.
    pub perplexity: f64,
    /// The entropy of usage in bits …
    pub bits: f64,
    /// … out of log₂ K.
    pub most_bits: f64,
    /// The share of codes that coincide with another; none where there is no codebook.
    pub duplicates: Option<f64>,
    /// The effective dimension of the codes; none where there is no codebook.
    pub effective_dim: Option<f64>,
}

/// Measures a model on the test clips of a corpus.
///
/// # Errors
/// If the model has no quantizer in use, or clips cannot be read.
pub fn inspect(model: &Trained, corpus: &Corpus) -> Result<Health, Error> {
    let quantizer = model.quantizer()?;
    data::check(corpus, model.recipe.train.crop)?;
    let windows = data::windows(&corpus.test, model.recipe.train.crop)?;
    let found = Evaluation::of(&model.model, &model.store, &windows, true);
    let books = quantizer.codebooks();
    let slot = |(i, usage): (usize, &gradbook_vq::diagnostics::Usage)| {
        let book = books.iter().find(|book| book.slots.contains(&i));
        let values = book.map(|book| book.codebook.values(&model.store));
        let place = match book {
            Some(book) if !book.place.is_empty() => book.place.clone(),
            _ if found.usage.len() == 1 => "codebook".to_owned(),
            _ => format!("slot {i}"),
        };
        SlotHealth {
            place,
            codes: usage.codes,
            alive: usage.alive(),
            dead: usage.codes - usage.alive() as u64,
            perplexity: usage.perplexity(),
            bits: usage.bits(),
            most_bits: (usage.codes as f64).log2(),
            duplicates: values.as_ref().map(|values| duplicate_rate(values, SAME)),
            effective_dim: values.as_ref().map(effective_dimension),
        }
    };
    Ok(Health {
        recipe: model.recipe.name.clone(),
        step: model.step,
        mse: found.mse,
        rows: found.latents.shape()[0],
        slots: found.usage.iter().enumerate().map(slot).collect(),
    })
}

impl Health {
    /// As aligned text.
    pub fn table(&self) -> String {
        let head = vec!["", "codes", "alive", "dead", "perplexity", "bits", "of", "duplicates", "eff. dim"];
        let row = |slot: &SlotHealth| {
            let or_dash = |x: Option<String>| x.unwrap_or_else(|| "–".to_owned());
            vec![
                slot.place.clone(),
                slot.codes.to_string(),
                slot.alive.to_string(),
                slot.dead.to_string(),
                format!("{:.1}", slot.perplexity),
                format!("{:.2}", slot.bits),
                format!("{:.2}", slot.most_bits),
                or_dash(slot.duplicates.map(|share| format!("{:.1} %", 100.0 * share))),
                or_dash(slot.effective_dim.map(|dim| format!("{dim:.1}"))),
            ]
        };
        Table { head, rows: self.slots.iter().map(row).collect() }.text()
    }
}
