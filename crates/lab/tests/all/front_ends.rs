//! Levels that travel with models and tokens, features without a way back, augmented training, gradients that add up.

use crate::common;
use std::{fs, path::Path, sync::atomic::AtomicBool, sync::atomic::Ordering};

use gradbook_audio::{Audio, Bands, Corpus, Encoding, Level, Standardization, wav};
use gradbook_lab::{Existing, Recipe, Run, RunFolder, Trained, Training, codec, gather, report};

/// The tiny recipe with some settings, trained.
fn trained(folder: &Path, settings: &[&str]) -> (Trained, Corpus) {
    let recipe = common::named("tiny", settings);
    let corpus = Corpus::load(&recipe.data, &|_, _| {}).expect("made by rule");
    let folder = RunFolder::new(folder);
    let mut run = Run::open(recipe, &corpus, folder.clone(), Existing::Refuse).expect("a run");
    run.drive(&AtomicBool::new(false), &mut |_| {}).expect("steps");
    (Trained::load(&folder).expect("a model"), corpus)
}

fn encoded(model: &Trained, folder: &Path, sounds: &[(&str, Vec<f32>)]) -> codec::Tokens {
    let files: Vec<_> = sounds
        .iter()
        .map(|(name, samples)| {
            let path = folder.join(name);
            let audio = Audio { samples: samples.clone(), sample_rate: 8_000 };
            wav::write(&path, &audio, Encoding::Float).expect("a file");
            path
        })
        .collect();
    codec::encode(model, &files).expect("tokens").tokens
}

#[test]
fn a_clip_of_its_own_level_has_the_same_tokens_softly_and_loudly_and_comes_back_as_loud_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let (model, corpus) = trained(&at("run"), &["data.standardize=\"per_clip\"", "data.mel.floor=1e-12"]);
    let sound: Vec<f32> = corpus.test[0].samples().expect("made by rule").iter().map(|x| x + 1e-3).collect();
    let soft: Vec<f32> = sound.iter().map(|x| x / 8.0).collect();
    let mut tokens = encoded(&model, folder.path(), &[("a.wav", sound), ("b.wav", soft)]);
    let level = |i: usize| tokens.files[i].level.expect("a level of its own");
    // An eighth of the amplitude: ln 64 = 4.158883 less in ln power, with the same deviation.
    assert!((level(0).mean - level(1).mean - 4.158_883).abs() < 1e-2, "{:?}, {:?}", level(0), level(1));
    assert_eq!(tokens.files[0].codes, tokens.files[1].codes);
    let energy = |tokens: &codec::Tokens| {
        let paths = codec::decode(&model, tokens, &at("t.json"), &at("out")).expect("sounds");
        let power = |path| -> f32 { wav::read(path).expect("a sound").samples.iter().map(|x| x * x).sum() };
        paths.iter().map(|path| power(path)).collect::<Vec<_>>()
    };
    let found = energy(&tokens);
    assert!((40.0..100.0).contains(&(found[0] / found[1])), "{found:?}");
    // The tokens can be written and read; without their levels both sound alike, as loud as what was trained on.
    assert_eq!(codec::Tokens::parse(&serde_json::to_string(&tokens).expect("text")).expect("tokens"), tokens);
    tokens.files.iter_mut().for_each(|file| file.level = None);
    let found = energy(&tokens);
    assert_eq!(found[0], found[1]);
    tokens.files[1].level = Some(Standardization { mean: 0.0, deviation: -1.0 });
    let said =
        codec::decode(&model, &tokens, &at("t.json"), &at("out")).expect_err("a deviation").to_string();
    assert!(said.contains("in `b.wav`: level.deviation = -1: positive and finite"), "{said}");
}

#[test]
fn a_model_of_bands_brings_their_levels_and_wants_none_in_its_tokens() {
    let folder = tempfile::tempdir().expect("a folder");
    let (model, corpus) = trained(&folder.path().join("run"), &["data.standardize=\"per_band\""]);
    let Level::Bands(bands) = model.level() else { panic!("one for each band") };
    assert_eq!(Some(&bands), corpus.bands.as_ref());
    let clip = &corpus.test[0];
    let frames = model.frames(&clip.samples().expect("made by rule"));
    assert_eq!(frames, clip.frames().expect("in memory"));
    let mut tokens = encoded(&model, folder.path(), &[("a.wav", clip.samples().expect("made by rule"))]);
    assert_eq!(tokens.files[0].level, None);
    tokens.files[0].level = Some(Standardization { mean: 0.0, deviation: 1.0 });
    let said = codec::decode(&model, &tokens, Path::new("t"), folder.path()).expect_err("one").to_string();
    assert!(said.contains("it has a level of its own, which clips of this model have not"), "{said}");
    // The run goes on where it was; a recipe without its bands is none of a run.
    let recipe = common::named("tiny", &["data.standardize=\"per_band\""]);
    let there = RunFolder::new(folder.path().join("run"));
    Run::open(recipe, &corpus, there.clone(), Existing::Resume).expect("the same run");
    let text = fs::read_to_string(there.recipe()).expect("a recipe");
    let mut stored = Recipe::parse(&text).expect("a recipe");
    assert_eq!(stored.data.band_standardization.as_ref().map(|bands: &Bands| bands.mean.len()), Some(80));
    stored.data.band_standardization = None;
    fs::write(there.recipe(), stored.to_toml()).expect("a file");
    let said = Trained::load(&there).err().expect("no bands").to_string();
    assert!(said.contains("data.band_standardization is missing"), "{said}");
}

#[test]
fn frames_of_pcen_are_encoded_and_seen_and_not_heard() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = ["data.mel.compression={ pcen = {} }", "data.mel.framing=\"reflected\""];
    let (model, corpus) = trained(&folder.path().join("run"), &settings);
    let tokens =
        encoded(&model, folder.path(), &[("a.wav", corpus.test[0].samples().expect("made by rule"))]);
    let said = codec::decode(&model, &tokens, Path::new("t"), folder.path()).expect_err("PCEN").to_string();
    assert!(said.starts_with("this model's frames do not become sound: PCEN"), "{said}");
    let recipe = common::named("tiny", &settings);
    let there = RunFolder::new(folder.path().join("run"));
    let mut run = Run::open(recipe, &corpus, there, Existing::Resume).expect("the same run");
    let page = report::html("PCEN", &[], &[gather(&mut run).expect("a report")]);
    assert_eq!(page.matches("<audio").count(), page.matches("spectrogram, original").count());
}

const AUGMENT: &str = "train.augment=[{ time_shift = { frames = 3 } }, { gain = { db = 6 } }, \
    { mix = { share = 0.5, db = [-20, 0] } }, { noise = { deviation = 0.1 } }, \
    { spec_augment = { time_masks = 1, time_width = 4, band_masks = 1, band_width = 8 } }]";

#[test]
fn augmented_training_is_resumed_to_the_same_bits_and_measured_on_clips_as_they_are() {
    let (corpus, folder) = (common::corpus(), tempfile::tempdir().expect("a folder"));
    let recipe = common::named("tiny", &[AUGMENT]);
    let drive = |name: &str, stops: &[u64]| {
        let mut existing = Existing::Refuse;
        for at in stops.iter().chain([&u64::MAX]) {
            let there = RunFolder::new(folder.path().join(name));
            let mut run = Run::open(recipe.clone(), &corpus, there, existing).expect("a run");
            let stop = AtomicBool::new(false);
            run.drive(&stop, &mut |s| stop.store(s.step >= *at, Ordering::Relaxed)).expect("steps");
            existing = Existing::Resume;
        }
        fs::read(folder.path().join(name).join("checkpoint.safetensors")).expect("a checkpoint")
    };
    assert!(drive("straight", &[]) == drive("stopped", &[3, 11]), "checkpoints differ");
    // The first loss is another, for the crops are; what is measured, before any step, is the same.
    let mut plain = Training::new(common::recipe(), &corpus).expect("a training");
    let mut augmented = Training::new(recipe.clone(), &corpus).expect("a training");
    assert_eq!(plain.evaluate().mse, augmented.evaluate().mse);
    assert_ne!(plain.advance().expect("a step"), augmented.advance().expect("a step"));
}

#[test]
fn a_batch_in_eight_shards_has_the_gradient_of_the_whole_up_to_rounding() {
    let corpus = common::corpus();
    // Plain descent at rate 1: the first step is the gradient.
    let moved = |shards: usize| {
        let sgd = "train.optimizer={ rate = 1.0, method = { kind = \"sgd\" } }";
        let batch = ["train.batch=16", "train.steps=30", sgd, &format!("train.shards={shards}")];
        let mut training = Training::new(common::named("tiny", &batch), &corpus).expect("a training");
        let weights = |training: &Training<'_>| -> Vec<f32> {
            training.store.iter().flat_map(|(_, entry)| entry.value.as_slice().to_vec()).collect()
        };
        let before = weights(&training);
        let loss = training.advance().expect("a step");
        (loss, weights(&training).iter().zip(before).map(|(now, before)| now - before).collect::<Vec<_>>())
    };
    let ((whole, one), (pieces, eight)) = (moved(1), moved(8));
    let largest = one.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    assert!(largest > 1e-3, "weights move: {largest}");
    assert!((whole / pieces - 1.0).abs() < 1e-5, "{whole} and {pieces}");
    let off = one.iter().zip(&eight).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(off < 1e-5 * largest.max(1.0), "{off} of {largest}");
}
