//! Three sets out of folders: cut in time, by groups, and with copies on both sides.

use gradbook_audio::{CorpusConfig, GroupBy, HoldOut, LogMel, Set, Storage, Synthetic};

use crate::corpus::{config, load, names, put, recordings};

/// One recording of four seconds at 8 kHz: frames every 64 samples, which see 256.
#[test]
fn one_long_recording_is_cut_in_time_into_three_sets_that_share_no_sample() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let ramp: Vec<f32> = (0..32_000).map(|i| i as f32 / 32_000.0).collect();
    put(folder.path(), "day.wav", ramp.clone(), 8_000);
    let (test, validation) = (HoldOut::Last(0.2), HoldOut::Last(0.25));
    let split = CorpusConfig { test, validation, ..config(folder.path()) };
    let corpus = load(&split).unwrap();
    let parts: Vec<_> = corpus.clips().map(|(set, clip)| (set, clip.name(), clip.part())).collect();
    // 497 frames: ⌈0.2 · 497⌉ = 100 to test; 3 that see both sides are left out; of 394, 99 to validate, 292 to train on.
    assert_eq!(
        parts,
        [
            (Set::Train, "day.wav", 0..292),
            (Set::Validation, "day.wav", 295..394),
            (Set::Test, "day.wav", 397..497)
        ]
    );
    // Frame i sees samples 64 i to 64 i + 255: the last to train on ends at 64 · 291 + 256 = 64 · 295.
    assert_eq!(corpus.train[0].samples().unwrap(), ramp[..64 * 295]);
    assert_eq!(corpus.validation[0].samples().unwrap(), ramp[64 * 295..64 * 397]);
    assert_eq!(corpus.test[0].samples().unwrap(), ramp[64 * 397..]);
    let whole = LogMel::new(corpus.mel.clone()).unwrap().compute(&ramp);
    let mut frames = corpus.validation[0].crop(3, 2).unwrap();
    corpus.standardization.invert(&mut frames);
    assert!((&frames - &whole.slice(ndarray::s![298..300, ..])).iter().all(|d| d.abs() < 1e-5));
    // The scale is that of the training frames alone.
    let all: Vec<f32> = corpus.train[0].frames().unwrap().into_iter().collect();
    let mean = all.iter().map(|&v| f64::from(v)).sum::<f64>() / all.len() as f64;
    assert!(mean.abs() < 1e-5, "{mean}");
    let stored = load(&CorpusConfig { storage: Storage::Disk(disk.path().into()), ..split }).unwrap();
    assert_eq!(stored.standardization, corpus.standardization);
    assert_eq!(stored.test[0].frames().unwrap(), corpus.test[0].frames().unwrap());
}

#[test]
fn groups_of_a_table_beside_the_recordings_stay_together_and_copies_are_named() {
    let folder = tempfile::tempdir().unwrap();
    recordings(folder.path());
    put(folder.path(), "copy.wav", Synthetic::default().samples(3), 16_000);
    let table = "file,bird\na_1.wav,owl\na_9.wav,wren\nb/early_2.WAV,owl\nlate_7.wav,tit\ncopy.wav,owl\n";
    std::fs::write(folder.path().join("birds.csv"), table).unwrap();
    let csv = GroupBy::Csv { path: "birds.csv".into(), file: "file".into(), group: "bird".into() };
    let corpus = load(&CorpusConfig { group: Some(csv), ..config(folder.path()) }).unwrap();
    // Birds in the order of their names: owl, tit, wren. The last is to test with, the one before to choose by.
    assert_eq!(names(&corpus.train), ["a_1.wav", "b/early_2.WAV", "copy.wav"]);
    assert_eq!((names(&corpus.validation), names(&corpus.test)), (vec!["b/late_7.wav"], vec!["a_9.wav"]));
    assert_eq!(corpus.train[2].group(), Some("owl"));
    let leaks: Vec<_> = corpus.leaks.iter().map(ToString::to_string).collect();
    assert_eq!(leaks, ["a_9.wav (test) and copy.wav (training) are the same recording"]);
}
