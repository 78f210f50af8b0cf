//! Numbers worked out by hand, where another test only says that two ways agree.

use std::io::{self, Read};

use gradbook_audio::{
    Audio, Corpus, CorpusConfig, Encoding, Error, MelScale, Source, Synthetic, WavError, wav, wav_files,
};

/// 44 bytes of header, then sixteen-bit samples.
const HEADER: usize = 44;

fn pcm16(samples: &[f32]) -> Vec<u8> {
    wav::encode(&Audio { samples: samples.to_vec(), sample_rate: 8_000 }, Encoding::Pcm16).unwrap()
}

#[test]
fn integers_are_rounded_to_the_nearest_level_and_clipped_at_full_scale() {
    // Full scale of sixteen bits is 32,768 levels, of which the highest is 32,767.
    let bytes = pcm16(&[0.0, 0.5, -1.0, 1.0, 2.0, -2.0, 1.4 / 32_768.0, 1.6 / 32_768.0, -1.6 / 32_768.0]);
    let levels: Vec<i16> =
        bytes[HEADER..].as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
    assert_eq!(levels, [0, 16_384, -32_768, 32_767, 32_767, -32_768, 1, 2, -2]);
}

#[test]
fn a_file_cut_short_says_how_many_values_it_has() {
    let bytes = pcm16(&[0.25; 100]);
    match wav::decode(&bytes[..HEADER + 7]) {
        Err(WavError::Truncated { expected: 100, found: 3 }) => {}
        other => panic!("seven bytes hold three whole samples: {other:?}"),
    }
}

#[test]
fn the_largest_sample_is_ten_billion_and_the_first_beyond_is_named() {
    let audio = |samples: Vec<f32>| Audio { samples, sample_rate: 8_000 };
    assert!(wav::encode(&audio(vec![1e10, -1e10]), Encoding::Float).is_ok());
    match wav::encode(&audio(vec![0.0, 1e10, -1.01e10, f32::NAN]), Encoding::Float) {
        Err(WavError::Sample { at: 2, value }) => assert_eq!(value, -1.01e10),
        other => panic!("the third sample is too large: {other:?}"),
    }
}

/// A disk that fails after so many bytes.
struct Failing<'a>(&'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::from_raw_os_error(5)), // EIO
            count => Ok(count),
        }
    }
}

#[test]
fn a_disk_that_fails_is_no_damaged_file() {
    let bytes = pcm16(&[0.25; 100]);
    for length in [0, 20, HEADER, HEADER + 50] {
        let result = wav::decode(Failing(&bytes[..length]));
        assert!(matches!(result, Err(WavError::Io(_))), "after {length} bytes: {result:?}");
    }
}

#[test]
fn slaneys_scale_has_three_mel_for_200_hz_and_then_27_for_a_factor_of_6_4() {
    let slaney = MelScale::Slaney;
    for (hz, mel) in [(0.0, 0.0), (200.0, 3.0), (800.0, 12.0), (1_000.0, 15.0), (6_400.0, 42.0)] {
        assert!((slaney.mel(hz) - mel).abs() < 1e-9, "{hz} Hz are {mel} mel, not {}", slaney.mel(hz));
        assert!((slaney.hz(mel) - hz).abs() < 1e-6, "{mel} mel are {hz} Hz, not {}", slaney.hz(mel));
    }
    // 2595 · log₁₀(1 + 700/700) = 2595 · log₁₀ 2
    assert!((MelScale::Htk.mel(700.0) - 781.172_8).abs() < 1e-3);
    assert!((MelScale::Htk.hz(781.172_8) - 700.0).abs() < 1e-3);
}

#[test]
fn wav_files_are_found_below_a_folder_whatever_the_case_of_their_ending() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(path("b/deep.wav")).unwrap(); // a folder of that name is no recording
    for name in ["c.wav", "a.WAV", "b/d.Wav", "notes.txt", "wav"] {
        std::fs::write(path(name), "").unwrap();
    }
    let found = |path: &std::path::Path| wav_files(path).unwrap().0;
    assert_eq!(found(folder.path()), [path("a.WAV"), path("b/d.Wav"), path("c.wav")]);
    assert_eq!(found(&path("c.wav")), [path("c.wav")], "a file stands for itself");
    let none = wav_files(&path("b/deep.wav"));
    assert!(
        matches!(&none, Err(Error::NoRecordings { folder }) if *folder == path("b/deep.wav")),
        "{none:?}"
    );
}

#[test]
fn progress_counts_every_recording_up_to_the_last() {
    let told = std::sync::Mutex::new(Vec::new());
    let source = Source::Synthetic(Synthetic { clips: 7, seed: 0 });
    let config = CorpusConfig { source, ..CorpusConfig::default() };
    Corpus::load(&config, &|done, of| told.lock().unwrap().push((done, of))).unwrap();
    let mut told = told.into_inner().unwrap();
    told.sort_unstable();
    assert_eq!(told, (1..=7).map(|done| (done, 7)).collect::<Vec<_>>());
}

#[test]
fn at_most_five_recordings_that_cannot_be_used_are_named() {
    let message = |count: usize| {
        let skipped = |i| gradbook_audio::Skipped { name: format!("{i}.wav"), reason: "no".into() };
        Error::UnusableRecordings((0..count).map(skipped).collect()).to_string()
    };
    assert!(message(5).ends_with("\n  4.wav: no"), "{}", message(5));
    assert!(message(6).ends_with("\n  4.wav: no\n  and 1 more"), "{}", message(6));
    assert!(message(9).starts_with("9 recordings"), "{}", message(9));
    assert!(message(9).ends_with("and 4 more"), "{}", message(9));
}

#[test]
fn the_built_in_corpus_takes_ten_voices_and_two_birds_in_turn() {
    let corpus = Synthetic::default();
    let names: Vec<String> = [0, 9, 10, 11, 12, 23, 599].into_iter().map(|i| corpus.name(i)).collect();
    let expected = ["voice0_000", "voice9_000", "bird0_000", "bird1_000", "voice0_001", "bird1_001"];
    let expected = expected.into_iter().chain(["bird1_049"]).map(|name| format!("synthetic/{name}"));
    assert_eq!(names, expected.collect::<Vec<_>>());
}

/// What README and the book measure was measured on these sounds: of a clip its length and its mean square.
#[test]
fn the_built_in_sounds_are_those_that_the_book_was_measured_on() {
    for (index, samples, power) in GOLDEN {
        let clip = Synthetic::default().samples(index);
        let mean_square = clip.iter().map(|x| f64::from(x * x)).sum::<f64>() / clip.len() as f64;
        assert_eq!(clip.len(), samples, "clip {index}");
        assert!((mean_square / power - 1.0).abs() < 1e-4, "clip {index} has {mean_square:e}");
    }
    let other = Synthetic { clips: 600, seed: 1 };
    assert_ne!(other.samples(0), Synthetic::default().samples(0), "another seed, another speaker");
}

const GOLDEN: [(usize, usize, f64); 6] = [
    (0, 5_730, 2.218_286e-4),
    (1, 5_849, 3.584_863e-4),
    (9, 3_200, 4.368_053e-3),
    (10, 9_039, 5.498_439e-4),
    (11, 6_712, 2.531_722e-3),
    (23, 7_390, 1.288_018e-3),
];
