//! What the fuzz targets do, on files that were mutated at random: no panic, and no memory beyond what the bytes can hold.

#[path = "../../../fuzz/formats.rs"]
mod formats;

use std::fs;

use gradbook_audio::{Audio, Encoding, wav};
use gradbook_autograd::ParamStore;
use gradbook_lab::{BUILT_IN, Recipe};
use gradbook_nn::{
    Conv1d, Conv1dConfig, Scope, State,
    checkpoint::{self, Header, TorchMap},
};
use peak_alloc::PeakAlloc;
use proptest::prelude::*;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// A format: its name, what reads it, sound files of it, and how many bytes of memory a byte of it may take.
type Format = (&'static str, fn(&[u8]), Vec<Vec<u8>>, usize);

fn formats() -> Vec<Format> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    let written = || fs::read(&path).expect("it was written");
    let sound = Audio { samples: vec![0.25; 40], sample_rate: 8_000 };
    let encodings = [Encoding::Pcm8, Encoding::Pcm16, Encoding::Pcm24, Encoding::Pcm32, Encoding::Float];
    let sounds = encodings.map(|encoding| wav::encode(&sound, encoding).expect("sound")).to_vec();

    let store = formats::small();
    let header = Header { step: 7, seed: 1, config: "[train]\nsteps = 3\n".into() };
    checkpoint::save(&path, &header, &[("model", &store as &dyn State<f32>)]).expect("room");
    let saved = vec![written()];
    let mut store = ParamStore::<f32>::new();
    let layer = Conv1d::new(&mut Scope::new(&mut store, 0), Conv1dConfig::new(2, 3, 1)).expect("it can work");
    TorchMap::new().layer::<f32>("conv", &layer).save(&path, &store).expect("room");
    let weights = vec![written()];

    let tokens = r#"{"version":1,"recipe":"ema","sample_rate":8000,"hop":64,"stride":1,"slots":1,"radices":[512],
        "files":[{"name":"a.wav","frames":3,"codes":[[1,2,511]]},{"name":"b/c.wav","frames":1,"codes":[[0]]}]}"#;
    let mut recipes: Vec<Vec<u8>> = BUILT_IN.iter().map(|(_, text)| text.as_bytes().to_vec()).collect();
    recipes.push(Recipe::built_in("best").expect("built in").to_toml().into_bytes());
    vec![
        ("wav", formats::wav, sounds, 16),
        ("checkpoint", formats::checkpoint, saved, 64),
        ("torch", formats::torch, weights, 64),
        ("tokens", formats::tokens, vec![tokens.as_bytes().to_vec()], 64),
        // A recipe is compared with others and written anew; its text is short.
        ("recipe", formats::recipe, recipes, 1024),
    ]
}

/// What is done to a sound file.
#[derive(Clone, Debug)]
enum Change {
    Byte(usize, u8),
    Word(usize, u32),
    Digit(usize),
    Cut(usize),
    Repeat(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = || 0usize..4_000;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        (at(), any::<u32>()).prop_map(|(at, word)| Change::Word(at, word)),
        at().prop_map(Change::Digit),
        at().prop_map(Change::Cut),
        (at(), 0usize..40).prop_map(|(at, count)| Change::Repeat(at, count)),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let length = bytes.len().max(1);
        match *change {
            Change::Byte(at, byte) => bytes.iter_mut().skip(at % length).take(1).for_each(|b| *b = byte),
            Change::Word(at, word) => {
                bytes.iter_mut().skip(at % length).zip(word.to_le_bytes()).for_each(|(b, new)| *b = new);
            }
            // Nine in place of a digit, and one more: numbers that are larger than they should be.
            Change::Digit(at) => {
                let digit = (0..bytes.len()).map(|i| (at + i) % length).find(|&i| bytes[i].is_ascii_digit());
                digit.into_iter().for_each(|i| drop(bytes.splice(i..=i, *b"99")));
            }
            Change::Cut(at) => bytes.truncate(at % length),
            Change::Repeat(at, count) => {
                let part: Vec<u8> = bytes.iter().skip(at % length).take(count).copied().collect();
                bytes.splice(at % length..at % length, part);
            }
        }
    }
    bytes
}

/// A single test, because the peak is that of the whole process.
#[test]
fn mutated_files_neither_panic_nor_take_memory_beyond_their_size() {
    for (name, read, files, per_byte) in formats() {
        files.iter().for_each(|file| read(file));
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) };
        let cases = (prop::sample::select(files), prop::collection::vec(change(), 1..5));
        proptest!(config, |((file, changes) in cases)| {
            let bytes = changed(file, &changes);
            let before = MEMORY.current_usage();
            MEMORY.reset_peak_usage();
            read(&bytes);
            let used = MEMORY.peak_usage().saturating_sub(before);
            prop_assert!(
                used <= per_byte * bytes.len() + (256 << 10),
                "{name}: {used} bytes for a file of {}",
                bytes.len()
            );
        });
    }
}
