//! One level for all, for each band or for each clip; and long recordings as several clips.

use gradbook_audio::{
    Bands, Clip, CorpusConfig, GroupBy, HoldOut, Level, MelParams, Standardization, Standardize, Storage,
    Synthetic,
};
use ndarray::{Array2, Axis, concatenate};

use crate::corpus::{config, load, names, put, recordings};

fn all(clips: &[Clip]) -> Array2<f32> {
    let frames: Vec<_> = clips.iter().map(|clip| clip.frames().unwrap()).collect();
    concatenate(Axis(0), &frames.iter().map(|frames| frames.view()).collect::<Vec<_>>()).unwrap()
}

#[track_caller]
fn standard<'a>(values: impl IntoIterator<Item = &'a f32>) {
    let values: Vec<f64> = values.into_iter().map(|x| f64::from(*x)).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64;
    assert!(mean.abs() < 1e-4 && (variance - 1.0).abs() < 1e-3, "mean {mean}, variance {variance}");
}

#[test]
fn every_band_of_the_training_clips_has_mean_0_and_variance_1() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    recordings(folder.path());
    let wanted = CorpusConfig { standardize: Standardize::PerBand, ..config(folder.path()) };
    let corpus = load(&wanted).unwrap();
    all(&corpus.train).columns().into_iter().for_each(standard);
    let global = load(&config(folder.path())).unwrap();
    assert_eq!((global.bands, corpus.standardization), (None, global.standardization));
    // The same from disk, and with what a model brings.
    let stored =
        load(&CorpusConfig { storage: Storage::Disk(disk.path().into()), ..wanted.clone() }).unwrap();
    assert_eq!(stored.bands, corpus.bands);
    let own = Bands { mean: vec![1.0; 80], deviation: vec![2.0; 80] };
    let brought = load(&CorpusConfig { band_standardization: Some(own.clone()), ..wanted }).unwrap();
    assert_eq!(brought.test[0].level(), &Level::Bands(own));
    // Undone, all are the same frames.
    let [mut one, mut other] = [&corpus.test[0], &global.test[0]].map(|clip| clip.frames().unwrap());
    corpus.test[0].level().invert(&mut one);
    global.test[0].level().invert(&mut other);
    assert!((&one - &other).iter().all(|d| d.abs() < 1e-4));
}

#[test]
fn a_clip_by_itself_has_mean_0_and_variance_1_however_loud_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let sound = Synthetic::default().samples(3);
    for (name, gain) in [("a.wav", 1.0), ("b.wav", 0.125), ("c.wav", 4.0), ("d.wav", 1.0)] {
        put(folder.path(), name, sound.iter().map(|x| gain * x).collect(), 8_000);
    }
    let mel = MelParams { floor: 1e-12, ..MelParams::open() };
    let corpus =
        load(&CorpusConfig { mel, standardize: Standardize::PerClip, ..config(folder.path()) }).unwrap();
    corpus.clips().for_each(|(_, clip)| standard(&clip.frames().unwrap()));
    // An eighth of the amplitude is ln 64 = 4.158883 less of power, and the same frames.
    let [a, b] = [&corpus.train[0], &corpus.train[1]];
    let mean = |clip: &Clip| clip.level().at(0).mean;
    assert!((mean(a) - mean(b) - 4.158_883).abs() < 1e-3, "{} and {}", mean(a), mean(b));
    assert!((&a.frames().unwrap() - &b.frames().unwrap()).iter().all(|d| d.abs() < 1e-3));
    let raw = |clip: &Clip| {
        let mut frames = clip.frames().unwrap();
        clip.level().invert(&mut frames);
        frames
    };
    let Standardization { mean: own, .. } = Standardization::of(&raw(a));
    assert!((own - mean(a)).abs() < 1e-4);
}

#[test]
fn long_recordings_become_clips_that_stay_in_one_set() {
    let folder = tempfile::tempdir().unwrap();
    for (i, name) in ["a_1.wav", "b_1.wav", "b_2.wav", "c_1.wav"].into_iter().enumerate() {
        // Two seconds and a half and a little more: with 125 frames a second 313, 315, 317, 319 of them.
        let sound: Vec<f32> = (0..20_224 + 128 * i).map(|n| (n as f32 * 0.1).sin() * 0.3).collect();
        put(folder.path(), name, sound, 8_000);
    }
    let whole = config(folder.path());
    let split = CorpusConfig { split_seconds: Some(1.0), ..whole.clone() };
    let corpus = load(&split).unwrap();
    let parts = |clips: &[Clip]| clips.iter().map(Clip::part).collect::<Vec<_>>();
    // 313 frames: 125, 125, and 63, which are more than the 32 of a clip.
    assert_eq!(names(&corpus.train), ["a_1.wav", "a_1.wav", "a_1.wav", "b_1.wav", "b_1.wav", "b_1.wav"]);
    assert_eq!(parts(&corpus.train[..3]), [0..125, 125..250, 250..313]);
    assert_eq!((names(&corpus.validation), names(&corpus.test)), (vec!["b_2.wav"; 3], vec!["c_1.wav"; 3]));
    assert!(corpus.leaks.is_empty());
    // They are the frames of the whole recording, and hear its sound.
    let one = load(&whole).unwrap();
    let [mut pieces, mut recording] = [all(&corpus.test), all(&one.test)];
    corpus.standardization.invert(&mut pieces);
    one.standardization.invert(&mut recording);
    assert!((&pieces - &recording).iter().all(|d| d.abs() < 1e-5));
    let heard = corpus.test[1].samples().unwrap();
    assert_eq!((heard.len(), heard[0]), (124 * 64 + 256, one.test[0].samples().unwrap()[125 * 64]));
    // A rest shorter than a clip joins the last piece: 313 = 140 + 173.
    let uneven = load(&CorpusConfig { split_seconds: Some(1.12 * 1.25), ..whole.clone() }).unwrap();
    assert_eq!(parts(&uneven.train[..2]), [0..175, 175..313]);
    let joined = load(&CorpusConfig { split_seconds: Some(1.2), ..whole.clone() }).unwrap();
    assert_eq!(parts(&joined.train[..2]), [0..150, 150..313]);
    // Each piece is a clip of its own level.
    let own = load(&CorpusConfig { standardize: Standardize::PerClip, ..split.clone() }).unwrap();
    own.clips().for_each(|(_, clip)| standard(&clip.frames().unwrap()));
    // Groups are those of the recordings; in time each recording is divided once.
    let group = Some(GroupBy::Pattern("^([a-z])".into()));
    let grouped = load(&CorpusConfig { group, ..split.clone() }).unwrap();
    assert_eq!(
        names(&grouped.validation),
        ["b_1.wav", "b_1.wav", "b_1.wav", "b_2.wav", "b_2.wav", "b_2.wav"]
    );
    let (test, validation) = (HoldOut::Last(0.5), HoldOut::EveryNth(4));
    let in_time = load(&CorpusConfig { test, validation, ..split.clone() }).unwrap();
    // 313 frames: the last 157, and after a gap of 3 the first 153, each in pieces of 125 with a rest below 32 or not.
    assert_eq!(parts(&in_time.train)[0], 0..153);
    assert_eq!(parts(&in_time.test[..2]), [156..281, 281..313]);
    let said = |seconds| {
        load(&CorpusConfig { split_seconds: Some(seconds), ..whole.clone() }).unwrap_err().to_string()
    };
    assert_eq!(said(0.0), "split_seconds = 0: above 0, and at most 86,400 seconds");
    assert_eq!(said(0.2), "split_seconds = 0.2: at least the 0.256 seconds of mel.min_frames = 32");
}
