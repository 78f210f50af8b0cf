//! What may come from a stranger, format by format: each function reads bytes as the program would. It returns, whatever the
//! bytes are; a panic is a bug, and so is memory beyond what the bytes can hold.
#![allow(dead_code, reason = "each fuzz target reads one format")]

use std::fs;

use gradbook_audio::wav as audio;
use gradbook_autograd::{ParamStore, Role, Tensor};
use gradbook_lab::{Recipe, codec::Tokens};
use gradbook_nn::{
    Conv1d, Conv1dConfig, Scope, State,
    checkpoint::{Checkpoint, TorchMap},
};

/// A recording: if it is one, it holds finite samples, and no more than it has bytes.
pub fn wav(bytes: &[u8]) {
    let Ok(sound) = audio::decode(bytes) else { return };
    assert!(!sound.samples.is_empty() && sound.samples.len() <= bytes.len());
    assert!(sound.samples.iter().all(|x| x.is_finite()));
}

/// A checkpoint of ours: if it is one, restoring it changes all or nothing.
pub fn checkpoint(bytes: &[u8]) {
    in_a_file(bytes, |path| {
        let Ok(file) = Checkpoint::read(path) else { return };
        _ = Recipe::parse(&file.header().config);
        let mut store = small();
        if file.restore(&mut [("model", &mut store as &mut dyn State<f32>)]).is_err() {
            let weights = |store: &ParamStore<f32>| store.iter().next().map(|(_, entry)| entry.value.clone());
            let [found, before] =
                [weights(&store), weights(&small())].map(|x| x.expect("one").as_slice().to_vec());
            assert_eq!(found, before, "what does not fit changes nothing");
        }
    });
}

/// Weights of a PyTorch layer.
pub fn torch(bytes: &[u8]) {
    in_a_file(bytes, |path| {
        let mut store = ParamStore::<f32>::new();
        let layer =
            Conv1d::new(&mut Scope::new(&mut store, 0), Conv1dConfig::new(2, 3, 1)).expect("it can work");
        _ = TorchMap::new().layer::<f32>("conv", &layer).load(path, &mut store);
    });
}

/// Tokens: if they are some, they can be written again.
pub fn tokens(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(tokens) = Tokens::parse(text) else { return };
    let again = serde_json::to_string(&tokens).expect("numbers and strings");
    assert_eq!(Tokens::parse(&again).expect("what was written"), tokens);
}

/// A recipe: if it is one, it can be written again, and stretched, and set.
pub fn recipe(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    _ = Recipe::built_in("ema").expect("built in").set(text);
    let Ok(recipe) = Recipe::parse(text) else { return };
    let written = recipe.to_toml();
    assert_eq!(Recipe::parse(&written).expect("what was written").to_toml(), written);
    _ = recipe.with_steps(7).to_toml();
}

/// A store that a checkpoint of the tests fits.
pub fn small() -> ParamStore<f32> {
    let mut store = ParamStore::new();
    store.add("weight", Tensor::new([2, 3], vec![0.5, -1.0, 2.0, 0.0, 1.5, -0.25]), Role::Trainable);
    store
}

fn in_a_file(bytes: &[u8], read: impl FnOnce(&std::path::Path)) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    fs::write(&path, bytes).expect("room");
    read(&path);
}
