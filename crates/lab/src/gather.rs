//! What the report shows, gathered from a finished run.

use std::time::Duration;

use gradbook_audio::{Clip, Corpus, LogMel};
use gradbook_autograd::{Graph, Tape, Tensor};
use gradbook_vq::diagnostics::principal_axes;
use ndarray::{Array2, s};

use crate::{
    Error, Evaluation, Progress, Recipe, Run, RunFolder, Training,
    report::{CodebookMap, Example, RunReport},
    trained::{ITERATIONS, padded, trimmed},
};

/// More codes than these are not drawn one by one.
const DRAWN: u64 = 1 << 16;
/// Latents in the map.
const LATENTS: usize = 1500;
/// Clips to see and hear.
const EXAMPLES: usize = 3;
/// Frames of each.
const FRAMES: usize = 512;

/// Everything the report shows about a run: of the test clips once it has come to its end, of the validation clips before.
///
/// # Errors
/// If clips can no longer be read.
pub fn gather(run: &mut Run<'_>) -> Result<RunReport, Error> {
    shown(&mut run.training, run.history.clone(), run.test.as_ref())
}

/// The same of a run that another process is at, as of its last checkpoint. Nothing is written.
///
/// # Errors
/// If there is no run, or files cannot be read.
pub fn peek(folder: &RunFolder, recipe: &Recipe, corpus: &Corpus) -> Result<RunReport, Error> {
    let mut training = Training::new(recipe.clone(), corpus)?;
    if folder.checkpoint().exists() {
        training.restore(&folder.checkpoint())?;
    }
    let (history, _) = folder.rows_until(u64::MAX)?;
    training.elapsed = Duration::from_secs_f64(history.last().map_or(0.0, |row| row.seconds));
    shown(&mut training, history, None)
}

fn shown(
    training: &mut Training<'_>,
    history: Vec<Progress>,
    test: Option<&Evaluation>,
) -> Result<RunReport, Error> {
    let validation = training.evaluate();
    let summary = training.summary(&validation, test);
    let found = test.unwrap_or(&validation);
    let usage = match found.usage.iter().map(|usage| usage.codes).fold(0, u64::saturating_add) {
        1..=DRAWN => found.usage.iter().flat_map(|usage| usage.dense()).collect(),
        _ => Vec::new(),
    };
    let map = training.averaged(|training| map(training, found));
    let clips = if test.is_some() { &training.corpus.test } else { &training.corpus.validation };
    let examples = training.averaged(|training| examples(training, clips))?;
    let about = training.recipe.about.clone();
    Ok(RunReport { about, summary, history, usage, maps: map.into_iter().collect(), examples })
}

/// Codes and latents in the principal axes of the latents, where there is one codebook of their width.
fn map(training: &Training<'_>, found: &Evaluation) -> Option<CodebookMap> {
    let books = training.model.quantizer.as_ref()?.codebooks();
    let [book] = books.as_slice() else { return None };
    let codes = book.codebook.values(&training.store);
    let (width, usage) = (codes.shape()[1], found.usage.first()?);
    if width != training.model.latent() || book.slots.len() != 1 {
        return None;
    }
    let tape = Tape::new();
    let latents = book.codebook.metric(tape.constant(found.latents.clone())).value();
    let axes = principal_axes(&latents).1;
    let count = latents.shape()[0];
    let mean: Vec<f64> = (0..width)
        .map(|i| {
            latents.as_slice()[i..].iter().step_by(width).map(|&x| f64::from(x)).sum::<f64>() / count as f64
        })
        .collect();
    let place = |row: &[f32]| {
        let along = |axis: &Vec<f64>| -> f64 {
            axis.iter().zip(row).zip(&mean).map(|((a, &x), m)| a * (f64::from(x) - m)).sum()
        };
        [along(&axes[0]), axes.get(1).map_or(0.0, along)]
    };
    let rows = |x: &Tensor<f32>, every: usize| -> Vec<[f64; 2]> {
        x.as_slice().chunks(width).step_by(every).map(place).collect()
    };
    let placed = rows(&codes, 1).into_iter().enumerate();
    let (alive, dead): (Vec<_>, Vec<_>) = placed.partition(|(k, _)| usage.counts.contains_key(&(*k as u64)));
    let bare = |codes: Vec<(usize, [f64; 2])>| codes.into_iter().map(|(_, place)| place).collect();
    Some(CodebookMap {
        step: training.step,
        alive: bare(alive),
        dead: bare(dead),
        latents: rows(&latents, count.div_ceil(LATENTS).max(1)),
    })
}

/// Some clips, from the first to the last, before and after.
fn examples(training: &Training<'_>, clips: &[Clip]) -> Result<Vec<Example>, Error> {
    let mel = LogMel::new(training.corpus.mel.clone())?;
    let wanted = clips.len().min(EXAMPLES);
    let spread = |i: usize| &clips[i * (clips.len() - 1) / (wanted - 1).max(1)];
    (0..wanted).map(|i| example(training, spread(i), &mel)).collect()
}

fn example(training: &Training<'_>, clip: &Clip, mel: &LogMel) -> Result<Example, Error> {
    let mut original = clip.frames()?;
    original = original.slice(s![..original.nrows().min(FRAMES), ..]).to_owned();
    let tape = Tape::new();
    let x = tape.constant(padded(&original, training.model.stride(), &Array2::zeros((1, original.ncols()))));
    let out = training.model.forward(&Graph::eval(&tape, &training.store), x, training.quantizing());
    let mut decoded = trimmed(&out.output.value(), original.nrows());
    clip.level().invert(&mut original);
    clip.level().invert(&mut decoded);
    let decoded_sound = match mel.params().invertible() {
        true => mel.invert(&decoded, ITERATIONS, 0),
        false => Vec::new(),
    };
    let mut original_sound = clip.samples()?;
    original_sound.truncate(mel.params().samples(original.nrows()));
    Ok(Example {
        name: clip.name().to_owned(),
        decoded_sound,
        sample_rate: training.corpus.mel.sample_rate,
        original,
        decoded,
        original_sound,
    })
}
