//! What makes a recording that recording, and a corpus that corpus.

use gradbook_audio::{Audio, CorpusConfig, Encoding, HoldOut, MelParams, Source, Storage, Synthetic, wav};

use crate::corpus::{config, load, names, put, recordings};

#[test]
fn a_fingerprint_is_that_of_names_sounds_and_parts_wherever_they_lie() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("here")).unwrap();
    recordings(&at("here"));
    let of = |config: &CorpusConfig| load(config).unwrap().fingerprint;
    let first = of(&config(&at("here")));
    std::fs::rename(at("here"), at("there")).unwrap();
    let there = config(&at("there"));
    assert_eq!(first, of(&there), "moved");
    let stored = CorpusConfig { storage: Storage::Disk(disk.path().into()), ..there.clone() };
    assert_eq!(
        [of(&stored), of(&stored)],
        [first.clone(), first.clone()],
        "kept on disk, made and used again"
    );
    let finer = CorpusConfig { mel: MelParams { hop: 32, ..MelParams::default() }, ..there.clone() };
    assert_eq!(first, of(&finer), "features are not recordings");
    assert_ne!(
        first,
        of(&CorpusConfig { test: HoldOut::EveryNth(2), ..there.clone() }),
        "another clip is held out"
    );
    put(&at("there"), "a_1.wav", Synthetic::default().samples(5), 8_000);
    assert_ne!(first, of(&there), "another sound");
    let synthetic = |seed| {
        of(&CorpusConfig {
            source: Source::Synthetic(Synthetic { clips: 12, seed }),
            ..CorpusConfig::default()
        })
    };
    assert_eq!(synthetic(1), synthetic(1));
    assert_ne!(synthetic(1), synthetic(2));
}

#[test]
#[cfg(unix)]
fn names_that_differ_in_case_or_in_bytes_that_are_no_text_are_two_clips() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let folder = tempfile::tempdir().unwrap();
    let long = [&[b'x'; 240][..], b".wav"].concat();
    for name in [&b"a.wav"[..], b"a.WAV", b"owl\xfe.wav", b"owl\xff.wav", &long] {
        let path = folder.path().join(OsStr::from_bytes(name));
        wav::write(&path, &Audio { samples: vec![0.1; 4_000], sample_rate: 8_000 }, Encoding::Float).unwrap();
    }
    let corpus = load(&config(folder.path())).unwrap();
    let mut all = [&corpus.train, &corpus.validation, &corpus.test].map(|set| names(set)).concat();
    all.sort_unstable();
    assert_eq!(all, ["a.WAV", "a.wav", "owl%FE.wav", "owl%FF.wav", std::str::from_utf8(&long).unwrap()]);
    let (files, skipped) = gradbook_audio::wav_files(folder.path()).unwrap();
    assert_eq!((files.len(), skipped.len()), (5, 0));
}
