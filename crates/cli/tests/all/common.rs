//! Running the program, and recordings for it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output},
};

use hound::{SampleFormat, WavSpec, WavWriter};

/// Makes a run a matter of a second.
const TINY: [&str; 12] = [
    "--steps",
    "4",
    "--set",
    "train.batch=2",
    "--set",
    "train.crop=8",
    "--set",
    "train.seeding={latents=64}",
    "--set",
    "quantizer.codes=16",
    "--set",
    "train.evaluate_every=2",
];

fn gradbook(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradbook"));
    command.current_dir(folder).args(arguments).output().expect("the program runs")
}

/// Runs the program and checks how it ends and what it says.
#[track_caller]
pub fn expect(folder: &Path, arguments: &[&str], code: i32, says: &[&str]) -> String {
    let output = gradbook(folder, arguments);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
    for word in says {
        assert!(out.contains(word) || err.contains(word), "`{word}` is missing in\n{out}\n{err}");
    }
    assert!(!err.contains("panicked"), "{err}");
    out.into_owned()
}

pub fn tiny<'a>(start: &[&'a str]) -> Vec<&'a str> {
    start.iter().chain(&TINY).copied().collect()
}

/// Starts a run that takes a while.
pub fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradbook"));
    command.current_dir(folder).args(arguments).arg("-q").spawn().expect("the program runs")
}

pub fn wav(path: PathBuf, rate: u32, channels: u16, samples: impl Iterator<Item = f32>) {
    let spec =
        WavSpec { channels, sample_rate: rate, bits_per_sample: 32, sample_format: SampleFormat::Float };
    let mut writer = WavWriter::create(path, spec).expect("a file");
    samples.for_each(|x| writer.write_sample(x).expect("room"));
    writer.finalize().expect("room");
}

/// Makes a folder with sounds good and bad.
pub fn recordings(folder: &Path) {
    fs::create_dir(folder).expect("a folder");
    let tone = |count: usize| (0..count).map(|i| (i as f32 * 0.1).sin() * 0.3);
    (0..4).for_each(|i| wav(folder.join(format!("good_{i}.wav")), 8_000, 1, tone(4_000 + 100 * i)));
    wav(folder.join("stereo_96k.wav"), 96_000, 2, tone(30_000));
    wav(folder.join("silent.wav"), 8_000, 1, std::iter::repeat_n(0.0, 3_000));
    wav(folder.join("one_sample.wav"), 8_000, 1, tone(1));
    wav(folder.join("nan.wav"), 8_000, 1, std::iter::repeat_n(f32::NAN, 100));
    wav(folder.join("no_samples.wav"), 8_000, 1, tone(0));
    fs::write(folder.join("corrupt.wav"), b"RIFF\xff\xff\xff\xffWAVEjunk").expect("a file");
    fs::write(folder.join("zero_length.wav"), b"").expect("a file");
}
