//! The synthetic corpus is the same for everyone, quick to make, and as varied as recorded speech.

use gradbook_audio::{Corpus, CorpusConfig, Source, Synthetic};
use rayon::ThreadPoolBuilder;

fn load(clips: usize, seed: u64, threads: usize) -> Corpus {
    let config =
        CorpusConfig { source: Source::Synthetic(Synthetic { clips, seed }), ..CorpusConfig::default() };
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| Corpus::load(&config, &|_, _| {})).unwrap()
}

#[test]
fn one_seed_gives_one_corpus_on_any_number_of_threads() {
    let (one, three) = (load(36, 5, 1), load(36, 5, 3));
    assert_eq!(one.standardization, three.standardization);
    for (a, b) in one.train.iter().zip(&three.train) {
        assert_eq!(a.name(), b.name());
        assert_eq!(a.frames().unwrap(), b.frames().unwrap());
    }
    assert_ne!(one.standardization, load(36, 6, 1).standardization);
}

#[test]
fn a_clip_does_not_depend_on_how_many_others_there_are() {
    let (few, many) = (Synthetic { clips: 3, seed: 1 }, Synthetic { clips: 900, seed: 1 });
    assert_eq!(few.samples(2), many.samples(2));
    assert_eq!(few.name(2), many.name(2));
}

#[test]
fn clips_last_from_0_4_to_1_2_seconds_within_full_scale() {
    let corpus = Synthetic::default();
    for index in 0..120 {
        let samples = corpus.samples(index);
        assert!(
            (3_199..=9_600).contains(&samples.len()),
            "{} has {} samples",
            corpus.name(index),
            samples.len()
        );
        assert!(samples.iter().all(|x| x.abs() < 1.0), "{} is overdriven", corpus.name(index));
    }
}

#[test]
fn sets_share_no_clip_and_every_source_is_in_all() {
    let corpus = load(600, 0, 2);
    assert_eq!([&corpus.train, &corpus.validation, &corpus.test].map(Vec::len), [486, 54, 60]);
    let source = |name: &str| name.split('_').next().unwrap().to_string();
    let sources = |clips: &[gradbook_audio::Clip]| {
        clips.iter().map(|c| source(c.name())).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(sources(&corpus.train), sources(&corpus.test));
    assert_eq!(sources(&corpus.train), sources(&corpus.validation));
    let names: std::collections::BTreeSet<_> = corpus.clips().map(|(_, clip)| clip.name()).collect();
    assert_eq!(names.len(), 600);
}

/// The recorded digits of the speech experiment have mean −6.0 and deviation 3.7; 17 % of their frames are nearly
/// silent (mean below −9), and the first principal direction carries 67 % of the variance of frames.
#[test]
fn log_mel_statistics_are_those_of_recorded_speech() {
    let corpus = load(600, 0, 2);
    let standard = corpus.standardization;
    assert!((standard.mean + 6.0).abs() < 0.5 && (standard.deviation - 3.7).abs() < 0.4, "{standard:?}");
    let (mut silent, mut frames) = (0, 0);
    for clip in &corpus.train {
        let mut log_mel = clip.frames().unwrap();
        standard.invert(&mut log_mel);
        frames += log_mel.nrows();
        silent += log_mel.rows().into_iter().filter(|row| row.mean().unwrap() < -9.0).count();
    }
    let share = silent as f64 / frames as f64;
    assert!((0.1..0.3).contains(&share), "{share} of the frames are nearly silent");
}
