//! Every recipe that comes with the program trains, encodes and decodes.

use std::sync::atomic::AtomicBool;

use gradbook_audio::{Audio, Encoding, wav};
use gradbook_autograd::{Graph, Tape, Tensor};
use gradbook_lab::{BUILT_IN, Existing, Recipe, Run, RunFolder, Trained, codec};

use crate::common::{self, small};

#[test]
fn every_built_in_recipe_trains_encodes_and_decodes() {
    let corpus = common::corpus();
    let folder = tempfile::tempdir().expect("a folder");
    let sound = folder.path().join("a.wav");
    let samples = corpus.test[0].samples().expect("made by rule");
    wav::write(&sound, &Audio { samples, sample_rate: 8_000 }, Encoding::Float).expect("a file");
    for (name, _) in BUILT_IN {
        let path = RunFolder::new(folder.path().join(name));
        let mut run = Run::open(small(name), &corpus, path.clone(), Existing::Refuse).expect(name);
        run.drive(&AtomicBool::new(false), &mut |_| {}).expect(name);
        let model = Trained::load(&path).expect(name);
        if *name == "autoencoder" {
            assert!(codec::encode(&model, std::slice::from_ref(&sound)).is_err());
            continue;
        }
        let tokens = codec::encode(&model, std::slice::from_ref(&sound)).expect(name).tokens;
        let out = folder.path().join("out").join(name);
        codec::decode(&model, &tokens, &sound, &out).expect(name);
        let mut short = tokens.clone();
        short.files[0].codes.iter_mut().for_each(|codes| codes.truncate(codes.len() - 1));
        assert!(codec::decode(&model, &short, &sound, &out).is_err(), "{name}: a code is missing");
    }
}

#[test]
fn decoding_both_levels_gives_what_the_forward_pass_gives() {
    let corpus = common::corpus();
    let folder = tempfile::tempdir().expect("a folder");
    let path = RunFolder::new(folder.path());
    let mut run = Run::open(small("vq-vae-2"), &corpus, path.clone(), Existing::Refuse).expect("a run");
    run.drive(&AtomicBool::new(false), &mut |_| {}).expect("steps");
    let model = Trained::load(&path).expect("a model");
    assert_eq!((model.model.stride(), model.model.frames_per_latent()), (4, 1));
    let frames = corpus.test[0].crop(0, 30).expect("long enough");
    let codes = model.encode(&frames).expect("codes");
    assert_eq!([0, 1].map(|slot| codes.column(slot).len()), [8, 32]); // 30 frames lengthened to 32
    let silence = (1e-5f32.ln() - model.standardization.mean) / model.standardization.deviation;
    let mut elements: Vec<f32> = frames.iter().copied().collect();
    elements.resize(32 * 80, silence);
    let tape = Tape::new();
    let x = tape.constant(Tensor::new([1, 32, 80], elements));
    let wanted = model.model.forward(&Graph::eval(&tape, &model.store), x, true).output.value();
    let decoded = model.decode(&codes, 32).expect("frames");
    assert_eq!(decoded.iter().copied().collect::<Vec<_>>(), wanted.as_slice());
}

#[test]
fn both_levels_learn_and_the_encoders_get_a_gradient() {
    let corpus = common::corpus();
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = Run::open(small("vq-vae-2"), &corpus, RunFolder::new(folder.path()), Existing::Refuse)
        .expect("a run");
    let before = run.training.store.clone();
    run.training.advance().expect("a step");
    for id in before.trainable() {
        let name = &before.entry(id).name;
        let moved = before.get(id).as_slice() != run.training.store.get(id).as_slice();
        assert!(moved, "{name} stands still");
    }
}

#[test]
fn a_base_says_what_a_recipe_leaves_out() {
    let best = Recipe::built_in("best").expect("a recipe");
    let differences = |text: &str| {
        let recipe =
            Recipe::parse(&format!("base = \"best\"\n{text}")).unwrap_or_else(|error| panic!("{error}"));
        best.differences(["best", "mine"], &recipe, &["about", "name"])
    };
    assert_eq!(differences(""), [""; 0]);
    let one = "[quantizer]\ncodes = 64\nrespawn.every = 5\n[train]\nbatch = 8";
    let said = [
        "quantizer.codes is 512 in best, 64 in mine",
        "quantizer.respawn.every is 20 in best, 5 in mine",
        "train.batch is 16 in best, 8 in mine",
    ];
    assert_eq!(differences(one), said);
    // Another kind, another choice and a list stand in place of the base's.
    let others = differences("quantizer = { kind = \"fsq\", levels = [3, 5] }");
    assert!(
        others.contains(&"quantizer.kind is \"codebook\" in best, \"fsq\" in mine".to_owned()),
        "{others:?}"
    );
    let others = differences("quantizer.respawn.below = { hits = 2.0 }\ntrain.crops = \"anywhere\"");
    assert!(others.iter().any(|line| line.starts_with("quantizer.respawn.below.hits")), "{others:?}");
    assert!(
        others.iter().any(|line| line.starts_with("train.crops.windows.shift is 4 in best")),
        "{others:?}"
    );
    assert!(!differences("model.encoder = [{ layer = \"conv\", channels = 128, taps = 1 }]").is_empty());
    let two_level = best.differences(
        ["a", "b"],
        &Recipe::built_in("best-vq-vae-2").expect("a recipe"),
        &["name", "about"],
    );
    assert!(
        !two_level.is_empty() && two_level.iter().all(|line| line.starts_with("model.top.")),
        "{two_level:?}"
    );

    assert_eq!(
        Recipe::parse("base = \"best\"").expect("a recipe").about,
        "",
        "what is changed is no longer `best`"
    );
    let wrong = |text: &str| Recipe::parse(text).expect_err(text).to_string();
    assert!(wrong("base = \"bset\"").contains("there is no recipe `bset`"));
    assert!(wrong("base = \"bset\"").contains("did you mean `best`?"));
    assert!(wrong("base = 3").contains("as in base = \"best\""));
    assert!(wrong("base = \"best\"\n[train]\nbatsh = 8").contains("3 | batsh = 8"), "the place in the file");
    assert!(best.set("base=ema").is_err(), "it belongs at the start of a file");
}
