//! Tokens stand for what the model reconstructs: the distance after a round trip is the reconstruction error.

use crate::common;
use std::{path::PathBuf, sync::atomic::AtomicBool};

use gradbook_audio::{Audio, Encoding, wav};
use gradbook_autograd::{Graph, Tape, Tensor};
use gradbook_lab::{Existing, Run, RunFolder, Trained, codec, inspect::inspect};
use gradbook_vq::Codes;
use ndarray::Array2;

fn trained(folder: &std::path::Path) -> Trained {
    let corpus = common::corpus();
    let folder = RunFolder::new(folder);
    let mut run = Run::open(common::recipe(), &corpus, folder.clone(), Existing::Refuse).expect("a run");
    run.drive(&AtomicBool::new(false), &mut |_| {}).expect("steps");
    let model = Trained::load(&folder).expect("a model");
    // What the evaluation at the end saw is what the loaded model shows.
    let health = inspect(&model, &corpus).expect("a quantizer");
    let test = run.test.as_ref().expect("the run has ended");
    assert_eq!((health.mse, Some(health.slots[0].alive as f64)), (test.mse, test.alive()));
    assert_eq!((health.slots[0].codes, health.slots.len()), (24, 1));
    model
}

fn distance(a: &Array2<f32>, b: &Array2<f32>) -> f64 {
    (a - b).mapv(|d| f64::from(d).powi(2)).mean().expect("frames")
}

#[test]
fn the_distance_after_a_round_trip_is_the_reconstruction_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = trained(&folder.path().join("run"));
    let corpus = common::corpus();
    for clip in &corpus.test {
        // An odd number of frames: the stride is 2.
        let frames = model.frames(&clip.samples().expect("made by rule"));
        let frames = frames.slice(ndarray::s![..frames.nrows() / 2 * 2 - 1, ..]).to_owned();
        let codes = model.encode(&frames).expect("a quantizer");
        let decoded = model.decode(&codes, frames.nrows()).expect("a quantizer");
        assert_eq!(decoded.dim(), frames.dim());
        let round_trip = distance(&decoded, &frames);

        // The same by the forward pass that evaluation makes.
        let silence = (1e-5f32.ln() - model.standardization.mean) / model.standardization.deviation;
        let mut elements: Vec<f32> = frames.iter().copied().collect();
        elements.extend([silence; 80]);
        let tape = Tape::new();
        let x = tape.constant(Tensor::new([1, frames.nrows() + 1, 80], elements));
        let y = model.model.forward(&Graph::eval(&tape, &model.store), x, true).output.value();
        let error: f64 = frames.iter().zip(y.as_slice()).map(|(x, y)| f64::from(y - x).powi(2)).sum::<f64>()
            / frames.len() as f64;
        assert!((round_trip - error).abs() < 1e-12 * error, "{round_trip} against {error}");
        assert!(round_trip > 0.01 && round_trip < 2.0, "{round_trip}");
    }
}

#[test]
fn a_decoded_recording_is_as_far_from_the_original_as_its_tokens_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let model = trained(&at("run"));
    let corpus = common::corpus();
    let files = corpus.test.iter().enumerate().map(|(i, clip)| {
        let (path, samples) = (at(&format!("{i}.wav")), clip.samples().expect("made by rule"));
        wav::write(&path, &Audio { samples, sample_rate: 8_000 }, Encoding::Pcm16).expect("a file");
        path
    });
    let files: Vec<PathBuf> = files.collect();
    let tokens = codec::encode(&model, &files).expect("tokens").tokens;
    let decoded = codec::decode(&model, &tokens, &at("t.json"), &at("out")).expect("sounds");
    let frames = |path: &PathBuf| model.frames(&wav::read(path).expect("a sound").samples);
    for ((file, original), heard) in tokens.files.iter().zip(&files).zip(&decoded) {
        let codes = Codes::new(file.codes.clone(), tokens.radices.clone());
        let said = model.decode(&codes, file.frames).expect("frames");
        let (original, heard) = (frames(original), frames(heard));
        let (said, heard) = (distance(&original, &said), distance(&original, &heard));
        assert!((heard - said).abs() < 0.05 * said, "{heard} heard, {said} in the tokens");
    }
}

#[test]
fn tokens_are_exact_and_the_same_on_any_number_of_threads() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = trained(&folder.path().join("run"));
    let sound = |seconds: f32, rate: u32| {
        let samples = (0..(seconds * rate as f32) as usize).map(|i| (i as f32 * 0.05).sin() * 0.4).collect();
        Audio { samples, sample_rate: rate }
    };
    let files: Vec<PathBuf> = [(0.7, 8_000), (0.001, 8_000), (0.31, 44_100)]
        .iter()
        .enumerate()
        .map(|(i, &(seconds, rate))| {
            let path = folder.path().join(format!("{i}.wav"));
            wav::write(&path, &sound(seconds, rate), Encoding::Float).expect("a file");
            path
        })
        .collect();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| codec::encode(&model, &files)).expect("tokens").tokens
    };
    let tokens = on(1);
    assert_eq!(tokens, on(3));
    assert_eq!(
        serde_json::from_str::<codec::Tokens>(&serde_json::to_string(&tokens).unwrap()).unwrap(),
        tokens
    );
    assert_eq!(tokens.files.iter().map(|f| f.frames).collect::<Vec<_>>(), [1 + (5600 - 256) / 64, 32, 35]);

    let named: Vec<&str> = tokens.files.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(named, ["0.wav", "1.wav", "2.wav"]); // below the folder that holds them all

    let out = folder.path().join("out");
    let paths = codec::decode(&model, &tokens, &folder.path().join("t.json"), &out).expect("sounds");
    let audio = wav::read(&paths[0]).expect("a sound");
    assert_eq!((audio.sample_rate, audio.samples.len()), (8_000, 256 + 83 * 64));
    let codes = Codes::new(tokens.files[1].codes.clone(), tokens.radices.clone());
    assert_eq!(codes.column(0).len(), 16);
}

#[test]
fn tokens_that_are_not_this_models_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = trained(&folder.path().join("run"));
    let path = folder.path().join("a.wav");
    wav::write(&path, &Audio { samples: vec![0.0; 4000], sample_rate: 8000 }, Encoding::Pcm16)
        .expect("a file");
    let good = codec::encode(&model, std::slice::from_ref(&path)).expect("tokens").tokens;
    let refused = |spoil: &dyn Fn(&mut codec::Tokens)| {
        let mut tokens = good.clone();
        spoil(&mut tokens);
        codec::decode(&model, &tokens, &path, folder.path()).expect_err("spoilt").to_string()
    };
    let says = |error: String, word: &str| assert!(error.contains(word), "{error}");
    says(refused(&|t| t.version = 2), "version is 2, this model has 1");
    says(refused(&|t| t.radices = vec![8]), "radices is [8], this model has [24]");
    says(refused(&|t| t.files[0].codes[0][3] = 24), "slot 0 holds 24, a code is below 24");
    says(refused(&|t| t.files[0].frames = usize::MAX), "each");
    says(refused(&|t| t.files[0].frames = 0), "at least one");
    says(refused(&|t| t.files[0].name = "../../a.wav".into()), "does not lead upwards");
    says(refused(&|t| t.files[0].name = "/etc/a.wav".into()), "does not lead upwards");
    says(refused(&|t| t.files.push(t.files[0].clone())), "two recordings");
}
