//! A corpus from a folder: order, split, damaged files, frames on disk.

use std::path::Path;
use std::sync::Mutex;

use gradbook_audio::{
    Audio, Corpus, CorpusConfig, Encoding, Error, HoldOut, LogMel, MelParams, Set, Source, Standardization,
    Storage, Synthetic, Unreadable, resample, wav,
};

pub fn put(folder: &Path, name: &str, samples: Vec<f32>, sample_rate: u32) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    wav::write(&path, &Audio { samples, sample_rate }, Encoding::Float).unwrap();
}

/// Four recordings at three rates, in two folders.
pub fn recordings(folder: &Path) {
    let sound = |index| Synthetic::default().samples(index);
    put(folder, "b/late_7.wav", sound(0), 8_000);
    put(folder, "b/early_2.WAV", resample(&sound(1), 8_000, 22_050), 22_050);
    put(folder, "a_1.wav", sound(2), 8_000);
    put(folder, "a_9.wav", sound(3), 16_000);
}

pub fn config(folder: &Path) -> CorpusConfig {
    CorpusConfig { source: Source::Folder(folder.into()), ..CorpusConfig::default() }
}

pub fn load(config: &CorpusConfig) -> Result<Corpus, Error> {
    Corpus::load(config, &|_, _| {})
}

pub fn names(clips: &[gradbook_audio::Clip]) -> Vec<&str> {
    clips.iter().map(gradbook_audio::Clip::name).collect()
}

#[test]
fn a_folder_is_walked_in_the_order_of_names_and_split_by_a_glob() {
    let folder = tempfile::tempdir().unwrap();
    recordings(folder.path());
    let split = HoldOut::Glob("*_[0-4].[wW]*".into());
    let corpus = load(&CorpusConfig { test: split, ..config(folder.path()) }).unwrap();
    assert_eq!((names(&corpus.train), names(&corpus.validation)), (vec!["a_9.wav"], vec!["b/late_7.wav"]));
    assert_eq!(names(&corpus.test), ["a_1.wav", "b/early_2.WAV"]);
    assert!(corpus.skipped.is_empty());
}

#[test]
fn clips_are_the_standardized_features_of_the_training_set() {
    let folder = tempfile::tempdir().unwrap();
    recordings(folder.path());
    let corpus = load(&config(folder.path())).unwrap();
    let mel = LogMel::new(MelParams::default()).unwrap();
    let mut frames = corpus.train[0].frames().unwrap();
    corpus.standardization.invert(&mut frames);
    let wanted = mel.compute(&Synthetic::default().samples(2));
    assert!((&frames - &wanted).iter().all(|d| d.abs() < 1e-5));

    let all: Vec<f32> = corpus.train.iter().flat_map(|c| c.frames().unwrap()).collect();
    let mean = all.iter().map(|&v| f64::from(v)).sum::<f64>() / all.len() as f64;
    let variance = all.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / all.len() as f64;
    assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-5, "mean {mean}, variance {variance}");
    assert_eq!(corpus.train[0].samples().unwrap(), Synthetic::default().samples(2));
}

#[test]
fn a_model_brings_its_own_standardization() {
    let folder = tempfile::tempdir().unwrap();
    recordings(folder.path());
    let standardization = Some(Standardization { mean: -5.0, deviation: 2.0 });
    let corpus = load(&CorpusConfig { standardization, ..config(folder.path()) }).unwrap();
    assert_eq!(Some(corpus.standardization), standardization);
}

#[test]
fn damaged_recordings_are_skipped_by_name_or_fail_as_asked() {
    let folder = tempfile::tempdir().unwrap();
    recordings(folder.path());
    std::fs::write(folder.path().join("b/broken.wav"), b"RIFF, or so it says").unwrap();
    put(folder.path(), "empty.wav", vec![], 8_000);
    let half = wav::encode(&Audio { samples: vec![0.1; 900], sample_rate: 8_000 }, Encoding::Pcm16).unwrap();
    std::fs::write(folder.path().join("half.wav"), &half[..900]).unwrap();

    let disk = tempfile::tempdir().unwrap();
    for storage in [Storage::Memory, Storage::Disk(disk.path().into()), Storage::Disk(disk.path().into())] {
        let skip = CorpusConfig { storage, ..config(folder.path()) };
        let corpus = load(&skip).unwrap();
        assert_eq!(corpus.clips().count(), 4);
        let skipped: Vec<_> = corpus.skipped.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(skipped, ["b/broken.wav", "empty.wav", "half.wav"]);
        assert_eq!(corpus.skipped[2].reason, "the file is cut short: 428 of 900 sample values are there");

        let error = load(&CorpusConfig { unreadable: Unreadable::Fail, ..skip }).unwrap_err();
        assert!(matches!(error, Error::UnusableRecordings(_)));
        assert!(error.to_string().contains("\n  empty.wav: the file holds no samples"), "{error}");
    }
}

#[test]
fn folders_with_nothing_in_them_and_folders_that_are_not_there_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "no sound").unwrap();
    assert!(matches!(load(&config(folder.path())), Err(Error::NoRecordings { .. })));
    assert!(matches!(load(&config(&folder.path().join("gone"))), Err(Error::Io { .. })));
    std::fs::write(folder.path().join("only.wav"), "not sound").unwrap();
    assert!(matches!(load(&config(folder.path())), Err(Error::UnusableRecordings(_))));
    put(folder.path(), "only.wav", vec![0.5], 8_000);
    assert!(matches!(load(&config(folder.path())), Err(Error::EmptySplit { set: Set::Train, .. })));
}

#[test]
fn silence_is_a_corpus_too() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "a.wav", vec![0.0; 4_000], 8_000);
    put(folder.path(), "b.wav", vec![0.0; 1], 8_000);
    put(folder.path(), "c.wav", vec![0.0; 900], 8_000);
    let corpus = load(&config(folder.path())).unwrap();
    assert_eq!(corpus.standardization.deviation, 1.0);
    assert!(corpus.train[0].frames().unwrap().iter().all(|v| v.abs() < 1e-5));
}

#[test]
fn frames_on_disk_are_those_in_memory_bit_for_bit_and_are_used_again() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    recordings(folder.path());
    let memory = load(&config(folder.path())).unwrap();
    let stored = CorpusConfig { storage: Storage::Disk(disk.path().join("frames")), ..config(folder.path()) };
    let files = || {
        std::fs::read_dir(disk.path().join("frames")).unwrap().map(|f| f.unwrap().path()).collect::<Vec<_>>()
    };
    let computed = |config: &CorpusConfig| {
        let calls = Mutex::new(Vec::new());
        let corpus = Corpus::load(config, &|done, of| calls.lock().unwrap().push((done, of))).unwrap();
        assert_eq!(corpus.standardization, memory.standardization);
        for ((set, a), (other, b)) in memory.clips().zip(corpus.clips()) {
            assert_eq!(set, other);
            assert_eq!((a.name(), a.frame_count()), (b.name(), b.frame_count()));
            assert_eq!(a.frames().unwrap(), b.frames().unwrap());
            assert_eq!(a.crop(5, 7).unwrap(), b.crop(5, 7).unwrap());
        }
        calls.into_inner().unwrap().len()
    };
    assert_eq!((computed(&stored), files().len()), (4, 1), "the first time all is computed");
    assert_eq!((computed(&stored), files().len()), (0, 1), "the second time nothing is");

    let path = &files()[0];
    let whole = std::fs::read(path).unwrap();
    for damage in [whole.len() - 1, whole.len() / 2, 0] {
        std::fs::write(path, &whole[..damage]).unwrap();
        assert_eq!(computed(&stored), 4, "a damaged file is made again");
    }
    put(folder.path(), "a_1.wav", vec![0.1; 5_000], 8_000);
    Corpus::load(&stored, &|_, _| {}).unwrap();
    assert_eq!(files().len(), 2, "a changed recording makes another file");
}

#[test]
fn configurations_survive_a_round_trip_and_may_leave_everything_out() {
    let full = CorpusConfig {
        source: Source::Folder("birds".into()),
        test: HoldOut::Glob("*_[0-4].wav".into()),
        storage: Storage::Disk("frames".into()),
        ..CorpusConfig::default()
    };
    let text = serde_json::to_string(&full).unwrap();
    assert_eq!(serde_json::from_str::<CorpusConfig>(&text).unwrap(), full);
    assert_eq!(serde_json::from_str::<CorpusConfig>("{}").unwrap(), CorpusConfig::default());
    assert!(serde_json::from_str::<CorpusConfig>(r#"{"mel": {"hopp": 64}}"#).is_err());
}

#[test]
fn features_left_open_fit_the_rate_of_most_recordings() {
    let folder = tempfile::tempdir().unwrap();
    for (i, rate) in [44_100, 16_000, 44_100].into_iter().enumerate() {
        put(folder.path(), &format!("{i}.wav"), vec![0.1; 30_000], rate);
    }
    let corpus = load(&config(folder.path())).unwrap();
    let MelParams { sample_rate, n_fft, hop, f_max, .. } = corpus.mel;
    assert_eq!((sample_rate, n_fft, hop, f_max), (44_100, 1_024, 256, 22_050.0));
    assert_eq!(corpus.train[0].samples().unwrap().len(), 30_000);
    // What is given stays, and the rest fits it.
    let mel = MelParams { sample_rate: 16_000, hop: 100, ..MelParams::open() };
    let corpus = load(&CorpusConfig { mel, ..config(folder.path()) }).unwrap();
    let MelParams { sample_rate, n_fft, hop, f_max, .. } = corpus.mel;
    assert_eq!((sample_rate, n_fft, hop, f_max), (16_000, 512, 100, 8_000.0));
}

#[test]
fn illegal_parameters_are_named() {
    let cases: [(&str, MelParams); 6] = [
        ("hop = 0", MelParams { hop: 0, ..MelParams::default() }),
        ("f_max = 4001", MelParams { f_max: 4_001.0, ..MelParams::default() }),
        ("f_min = NaN", MelParams { f_min: f32::NAN, ..MelParams::default() }),
        ("floor = 0", MelParams { floor: 0.0, ..MelParams::default() }),
        ("mels = 0", MelParams { mels: 0, ..MelParams::default() }),
        ("sample_rate = 0", MelParams { sample_rate: 0, ..MelParams::default() }),
    ];
    for (start, mel) in cases {
        let error = LogMel::new(mel).err().unwrap().to_string();
        assert!(error.starts_with(start), "{error}");
    }
}

#[test]
#[should_panic(expected = "crop: 9 frames from frame 100000 of synthetic/bird0_000, which has")]
fn a_crop_beyond_the_clip_is_refused() {
    let source = Source::Synthetic(Synthetic { clips: 12, seed: 0 });
    let corpus = load(&CorpusConfig { source, ..CorpusConfig::default() }).unwrap();
    let _ = corpus.train[0].crop(100_000, 9);
}
