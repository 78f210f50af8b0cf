//! Every recipe that comes with the program trains, encodes and decodes.

use std::sync::atomic::AtomicBool;

use gradbook_audio::{Audio, Encoding, wav};
use gradbook_autograd::{Graph, Tape, Tensor};
use gradbook_lab::{BUILT_IN, Existing, Run, RunFolder, Trained, codec};

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
