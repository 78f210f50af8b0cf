//! WAV files of every encoding come in and go out; damaged ones give an error that names what is wrong.

use std::io::Cursor;
use std::path::Path;

use gradbook_audio::{Audio, Encoding, Error, LogMel, MelParams, WavError, resample, wav};
use hound::{SampleFormat, WavSpec, WavWriter};
use proptest::prelude::*;

const ENCODINGS: [(Encoding, f32); 5] = [
    (Encoding::Pcm8, 1.0 / 128.0),
    (Encoding::Pcm16, 1.0 / 32_768.0),
    (Encoding::Pcm24, 1.0 / 8_388_608.0),
    (Encoding::Pcm32, 1e-7),
    (Encoding::Float, 0.0),
];

fn float_file(channels: u16, sample_rate: u32, values: &[f32]) -> Vec<u8> {
    let spec = WavSpec { channels, sample_rate, bits_per_sample: 32, sample_format: SampleFormat::Float };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
    values.iter().for_each(|v| writer.write_sample(*v).unwrap());
    writer.finalize().unwrap();
    bytes.into_inner()
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_within_one_step(
        samples in prop::collection::vec(-1.0_f32..1.0, 1..300),
        sample_rate in 1_000_u32..400_000,
    ) {
        let audio = Audio { samples, sample_rate };
        for (encoding, step) in ENCODINGS {
            let bytes = wav::encode(&audio, encoding).unwrap();
            let back = wav::decode(&bytes[..]).unwrap();
            prop_assert_eq!(back.sample_rate, sample_rate);
            prop_assert_eq!(back.samples.len(), audio.samples.len());
            for (a, b) in audio.samples.iter().zip(&back.samples) {
                prop_assert!((a - b).abs() <= step, "{a} became {b} as {encoding:?}");
            }
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error(cut in 0_usize..244) {
        let bytes = wav::encode(&Audio { samples: vec![0.5; 100], sample_rate: 8_000 }, Encoding::Pcm16).unwrap();
        prop_assert_eq!(bytes.len(), 244);
        prop_assert!(wav::decode(&bytes[..cut]).is_err());
    }
}

#[test]
fn stereo_float_at_96_khz_is_averaged_and_resampled() {
    let interleaved: Vec<f32> = (0..9_600).flat_map(|n| [(n as f32 * 0.02).sin() + 0.5, -0.5]).collect();
    let audio = wav::decode(&float_file(2, 96_000, &interleaved)[..]).unwrap();
    assert_eq!((audio.samples.len(), audio.sample_rate), (9_600, 96_000));
    assert!((audio.samples[100] - 0.5 * 2.0_f32.sin()).abs() < 1e-6);
    assert_eq!(resample(&audio.samples, 96_000, 8_000).len(), 800);
}

#[test]
fn channels_are_averaged_sample_by_sample() {
    let mono =
        |channels, values: &[f32]| wav::decode(&float_file(channels, 8_000, values)[..]).unwrap().samples;
    assert_eq!(mono(1, &[1.0, 3.0, 5.0]), [1.0, 3.0, 5.0]);
    assert_eq!(mono(2, &[1.0, 3.0, 7.0, 5.0]), [2.0, 6.0]);
    assert_eq!(mono(3, &[1.0, 2.0, 6.0, 0.0, -1.0, -5.0]), [3.0, -2.0]);
}

#[test]
fn one_sample_is_a_recording_and_becomes_32_frames() {
    let bytes = wav::encode(&Audio { samples: vec![0.25], sample_rate: 8_000 }, Encoding::Pcm16).unwrap();
    let audio = wav::decode(&bytes[..]).unwrap();
    assert_eq!(audio.samples, [0.25]);
    assert_eq!(LogMel::new(MelParams::default()).unwrap().compute(&audio.samples).dim(), (32, 80));
    assert_eq!(resample(&audio.samples, 44_100, 8_000).len(), 1);
}

#[test]
fn no_samples_is_an_error() {
    let bytes = wav::encode(&Audio { samples: vec![], sample_rate: 8_000 }, Encoding::Pcm16).unwrap();
    assert!(matches!(wav::decode(&bytes[..]), Err(WavError::Empty)));
    assert!(matches!(wav::decode(&[][..]), Err(WavError::Format(_))));
}

#[test]
fn samples_that_are_not_sound_are_an_error_in_and_out() {
    for bad in [f32::NAN, f32::INFINITY, -1e30] {
        let bytes = float_file(1, 8_000, &[0.0, 0.1, bad]);
        assert!(matches!(wav::decode(&bytes[..]), Err(WavError::Sample { at: 2, .. })));
        let audio = Audio { samples: vec![bad], sample_rate: 8_000 };
        assert!(matches!(wav::encode(&audio, Encoding::Pcm16), Err(WavError::Sample { at: 0, .. })));
    }
}

#[test]
fn a_truncated_file_says_how_much_is_there() {
    let bytes = float_file(1, 8_000, &[0.0; 10]);
    let error = wav::decode(&bytes[..bytes.len() - 13]).unwrap_err();
    assert_eq!(error.to_string(), "the file is cut short: 6 of 10 sample values are there");
}

#[test]
fn an_impossible_sample_rate_is_an_error() {
    assert!(matches!(wav::decode(&float_file(1, 7, &[0.0])[..]), Err(WavError::SampleRate(7))));
}

#[test]
fn a_missing_file_is_named() {
    let error = wav::read(Path::new("no/such/file.wav")).unwrap_err();
    assert!(
        matches!(&error, Error::Io { .. }) && error.to_string().starts_with("no/such/file.wav: "),
        "{error}"
    );
}

#[test]
fn a_failed_write_leaves_the_old_file_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sound.wav");
    let good = Audio { samples: vec![0.5; 10], sample_rate: 8_000 };
    wav::write(&path, &good, Encoding::Float).unwrap();
    let bad = Audio { samples: vec![f32::NAN], sample_rate: 8_000 };
    assert!(wav::write(&path, &bad, Encoding::Float).is_err());
    assert_eq!(wav::read(&path).unwrap(), good);
    // A folder stands where the file should go: the rename fails and the draft is removed.
    let taken = folder.path().join("taken.wav");
    std::fs::create_dir_all(taken.join("inside")).unwrap();
    assert!(matches!(wav::write(&taken, &good, Encoding::Float), Err(Error::Io { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}
