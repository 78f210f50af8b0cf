//! Recordings to tokens and back, with the model of a run.

use std::path::{Component, Path, PathBuf};

use gradbook_audio::{Audio, Encoding, Level, Standardization, Standardize, resample, wav};
use gradbook_autograd::Tensor;
use gradbook_vq::{Codes, Quantizer};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Error, Trained, names};

/// The version of the layout of [`Tokens`].
const VERSION: u32 = 1;

/// Recordings as tokens, with what is needed to know whether a model can read them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// The version of this layout.
    pub version: u32,
    /// The recipe of the run that made them.
    pub recipe: String,
    /// Samples per second of the model.
    pub sample_rate: u32,
    /// Samples from one frame to the next.
    pub hop: usize,
    /// Frames per code of the finest slot.
    pub stride: usize,
    /// Codes per token: levels, groups, heads.
    pub slots: usize,
    /// How many codes each slot has to choose from.
    pub radices: Vec<u64>,
    /// The recordings.
    pub files: Vec<TokenFile>,
}

/// One recording as tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenFile {
    /// The path of the recording below the folder that holds all of them, with `/`; never absolute, never upwards.
    pub name: String,
    /// Its frames.
    pub frames: usize,
    /// Its own mean and deviation, where the model standardizes each clip by itself; left out, it is decoded at the level of
    /// the training clips.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Standardization>,
    /// The codes of each slot; coarse levels have fewer.
    pub codes: Vec<Vec<u64>>,
}

/// What became of some recordings.
pub struct Encoded {
    /// Those that could be encoded.
    pub tokens: Tokens,
    /// Why the others could not; each error names its file.
    pub left_out: Vec<Error>,
}

impl Tokens {
    /// Reads what [`encode`] made and was written as JSON.
    ///
    /// # Errors
    /// What is wrong, and where in the text.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text.trim_start_matches('\u{feff}')) // some editors put a byte-order mark first
    }
}

/// Encodes WAV files, in their order, on all threads. The same tokens on any number of them. A file that cannot be read is
/// left out.
///
/// # Errors
/// If the model has no quantizer, or no file at all can be read.
pub fn encode(model: &Trained, files: &[PathBuf]) -> Result<Encoded, Error> {
    let radices = model.quantizer()?.radices(&model.store);
    let mel = model.mel.params();
    let one = |(path, name): (&PathBuf, String)| -> Result<TokenFile, Error> {
        let audio = wav::read(path)?;
        let (frames, level) = model.features(&resample(&audio.samples, audio.sample_rate, mel.sample_rate));
        let codes = model.encode_at(&frames, &level)?;
        let codes = (0..codes.slots()).map(|slot| codes.column(slot).to_vec()).collect();
        let own = (model.recipe.data.standardize == Standardize::PerClip).then(|| level.at(0));
        Ok(TokenFile { name, frames: frames.nrows(), level: own, codes })
    };
    let named = files.par_iter().zip(names::of(files)).with_max_len(1);
    let (mut files, mut left_out) = (Vec::new(), Vec::new());
    for result in named.map(one).collect::<Vec<_>>() {
        match result {
            Ok(file) => files.push(file),
            Err(error) => left_out.push(error),
        }
    }
    if files.is_empty() {
        let reasons: Vec<String> = left_out.iter().map(|error| format!("\n  {error}")).collect();
        return Err(Error::Request(format!("no recording can be encoded{}", reasons.concat())));
    }
    let tokens = Tokens {
        version: VERSION,
        recipe: model.recipe.name.clone(),
        sample_rate: mel.sample_rate,
        hop: mel.hop,
        stride: model.model.frames_per_latent(),
        slots: radices.len(),
        radices,
        files,
    };
    Ok(Encoded { tokens, left_out })
}

/// Decodes tokens to WAV files below `folder`, each in a file of its own, whatever they are called; returns their paths. `source` is where the tokens are from, for errors.
///
/// # Errors
/// If the tokens are not those of this model, or files cannot be written.
pub fn decode(model: &Trained, tokens: &Tokens, source: &Path, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    check(model, tokens).map_err(|reason| Error::Malformed { path: source.into(), reason })?;
    model.audible()?;
    let names: Vec<&str> = tokens.files.iter().map(|file| file.name.as_str()).collect();
    let targets = names::targets(&names)?;
    let one = |(file, target): (&TokenFile, &PathBuf)| {
        let codes = Codes::new(file.codes.clone(), tokens.radices.clone());
        let level = file.level.map_or_else(|| model.level(), Level::One);
        let sound = model.sound(&model.decode(&codes, file.frames)?, &level)?;
        let path = folder.join(target);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).map_err(Error::io("create the folder", parent))?;
        wav::write(&path, &Audio { samples: sound, sample_rate: tokens.sample_rate }, Encoding::Pcm16)?;
        Ok(path)
    };
    tokens.files.par_iter().zip(&targets).with_max_len(1).map(one).collect()
}

/// Why tokens do not fit a model, if they do not.
fn check(model: &Trained, tokens: &Tokens) -> Result<(), String> {
    let fits = |what: &str, found: &dyn std::fmt::Debug, wanted: &dyn std::fmt::Debug| {
        let (found, wanted) = (format!("{found:?}"), format!("{wanted:?}"));
        if found == wanted { Ok(()) } else { Err(format!("{what} is {found}, this model has {wanted}")) }
    };
    let mel = model.mel.params();
    let quantizer = model.quantizer().map_err(|error| error.to_string())?;
    let radices = quantizer.radices(&model.store);
    fits("version", &tokens.version, &VERSION)?;
    fits("sample_rate", &tokens.sample_rate, &mel.sample_rate)?;
    fits("hop", &tokens.hop, &mel.hop)?;
    fits("stride", &tokens.stride, &model.model.frames_per_latent())?;
    fits("slots", &tokens.slots, &radices.len())?;
    fits("radices", &tokens.radices, &radices)?;
    for file in &tokens.files {
        let broken = |rule: String| Err(format!("in `{}`: {rule}", file.name));
        if file.name.is_empty()
            || !Path::new(&file.name).components().all(|c| matches!(c, Component::Normal(_)))
        {
            return broken("a name is a relative path that does not lead upwards".into());
        }
        match file.level {
            Some(_) if model.recipe.data.standardize != Standardize::PerClip => {
                return broken("it has a level of its own, which clips of this model have not".into());
            }
            Some(level) => level.check().map_err(|error| format!("in `{}`: level.{error}", file.name))?,
            None => {}
        }
        let wanted = model.model.latents(file.frames);
        // How long columns are is only asked for a clip that is as long as it says.
        let found: Vec<usize> = file.codes.iter().map(Vec::len).collect();
        let finest = found.iter().copied().max().unwrap_or(0);
        if file.frames == 0 || finest != wanted || found != lengths(model, quantizer, wanted) {
            let frames = file.frames;
            return broken(format!(
                "its slots hold {found:?} codes each, which is not what {frames} frames (at least one) need"
            ));
        }
        let column = file.codes.iter().zip(&radices).enumerate();
        for (slot, (codes, radix)) in column {
            if let Some(code) = codes.iter().find(|code| *code >= radix) {
                return broken(format!("slot {slot} holds {code}, a code is below {radix}"));
            }
        }
    }
    Ok(())
}

/// How many codes each slot holds for a clip of so many latents: one each, or where the quantizer looks along the length,
/// as many as silence has.
fn lengths(model: &Trained, quantizer: &dyn Quantizer<f32>, latents: usize) -> Vec<usize> {
    if quantizer.rowwise() {
        return vec![latents; quantizer.slots()];
    }
    let codes = quantizer.encode(&model.store, &Tensor::zeros([latents, model.model.latent()]));
    (0..codes.slots()).map(|slot| codes.column(slot).len()).collect()
}
