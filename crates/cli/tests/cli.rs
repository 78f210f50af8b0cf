//! The program as a user runs it: exit codes, messages, and hostile folders.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
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
fn expect(folder: &Path, arguments: &[&str], code: i32, says: &[&str]) -> String {
    let output = gradbook(folder, arguments);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
    for word in says {
        assert!(out.contains(word) || err.contains(word), "`{word}` is missing in\n{out}\n{err}");
    }
    assert!(!err.contains("panicked"), "{err}");
    out.into_owned()
}

fn tiny<'a>(start: &[&'a str]) -> Vec<&'a str> {
    start.iter().chain(&TINY).copied().collect()
}

fn wav(path: PathBuf, rate: u32, channels: u16, samples: impl Iterator<Item = f32>) {
    let spec =
        WavSpec { channels, sample_rate: rate, bits_per_sample: 32, sample_format: SampleFormat::Float };
    let mut writer = WavWriter::create(path, spec).expect("a file");
    samples.for_each(|x| writer.write_sample(x).expect("room"));
    writer.finalize().expect("room");
}

/// A folder with sounds good and bad.
fn recordings(folder: &Path) {
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

#[test]
fn a_folder_of_good_and_bad_recordings_trains_encodes_decodes_and_inspects() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::create_dir(at.join("sounds")).expect("a folder");
    recordings(&at.join("sounds"));
    let train = tiny(&["train", "ema", "--data", "sounds", "--verbose"]);
    expect(
        at,
        &train,
        0,
        &["4 recordings left out", "nan.wav", "corrupt.wav", "report: runs/ema/report.html"],
    );
    for file in ["recipe.toml", "metrics.jsonl", "checkpoint.safetensors", "summary.json", "report.html"] {
        assert!(at.join("runs/ema").join(file).exists(), "{file}");
    }
    expect(at, &train, 1, &["runs/ema holds a run already", "--resume", "--overwrite"]);
    expect(at, &["train", "ema", "--resume", "--quiet"], 0, &["/16"]);
    expect(at, &["train", "ema", "--resume", "--steps", "9"], 1, &["leave the other options out"]);
    expect(at, &["inspect", "runs/ema"], 0, &["ema at step 4", "codebook", "duplicates"]);
    let json = expect(at, &["inspect", "runs/ema", "--json", "-q"], 0, &[]);
    let health: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(health["slots"][0]["codes"], 16);

    let sounds = ["sounds/stereo_96k.wav", "sounds/one_sample.wav", "sounds/silent.wav"];
    let encode: Vec<&str> =
        ["encode", "runs/ema"].into_iter().chain(sounds).chain(["--out", "t.json"]).collect();
    expect(at, &encode, 0, &["3 files"]);
    expect(at, &["decode", "runs/ema", "t.json", "--out", "back"], 0, &["back/sounds/silent.wav"]);
    sounds.iter().for_each(|sound| assert!(at.join("back").join(sound).exists(), "{sound}"));
    expect(
        at,
        &["encode", "runs/ema", "sounds/nan.wav", "--out", "n.json"],
        1,
        &["nan.wav", "sample 0 is NaN"],
    );
    expect(at, &["decode", "runs/ema", "runs/ema/recipe.toml", "--out", "x"], 1, &["holds no tokens"]);
}

#[test]
fn a_damaged_or_foreign_checkpoint_is_refused_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::create_dir(at.join("sounds")).expect("a folder");
    recordings(&at.join("sounds"));
    expect(at, &tiny(&["train", "ema", "--data", "sounds", "-q"]), 0, &[]);
    let path = at.join("runs/ema/checkpoint.safetensors");
    let good = fs::read(&path).expect("a checkpoint");
    let spoil = |from: &[u8], to: &[u8]| {
        let place = good.windows(from.len()).position(|w| w == from).expect("it is there");
        fs::write(&path, [&good[..place], to, &good[place + from.len()..]].concat()).expect("a file");
    };
    spoil(b"\\\"format\\\":1", b"\\\"format\\\":2");
    expect(at, &["inspect", "runs/ema"], 1, &["it has format 2; this program reads format 1"]);
    let mut bytes = good.clone();
    *bytes.last_mut().expect("not empty") ^= 1;
    fs::write(&path, bytes).expect("a file");
    expect(at, &["train", "ema", "--resume"], 1, &["its checksum does not match"]);
    fs::write(&path, &good[..good.len() / 2]).expect("a file");
    expect(at, &["inspect", "runs/ema"], 1, &["is damaged or not a checkpoint"]);
}

#[test]
fn what_cannot_work_is_said_with_the_right_exit_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::create_dir(at.join("empty")).expect("a folder");
    fs::write(at.join("file"), b"").expect("a file");
    fs::write(at.join("bad.toml"), "[train]\nstpes = 3\n").expect("a file");
    expect(at, &["train", "--data", "empty"], 1, &["no .wav file here"]);
    expect(at, &["train", "--data", "nowhere"], 1, &["nowhere"]);
    expect(at, &["train", "emma"], 2, &["there is no recipe `emma`", "did you mean `ema`"]);
    expect(at, &["train", "bad.toml"], 1, &["bad.toml", "did you mean `steps`"]);
    expect(at, &["train", "none.toml"], 1, &["cannot read none.toml"]);
    expect(at, &["train", "ema", "--set", "train.stpes=3"], 2, &["did you mean `steps`"]);
    expect(
        at,
        &["train", "ema", "--set", "train.crop=0"],
        1,
        &["train.batch, crop and shards are at least 1"],
    );
    expect(at, &["train", "--resume", "--overwrite"], 2, &["cannot be used with"]);
    expect(at, &["train", "--resume", "--out", "empty"], 1, &["empty holds no run"]);
    expect(at, &tiny(&["train", "ema", "--out", "file/run"]), 1, &["file/run"]);
    expect(at, &["inspect", "empty"], 1, &["holds no run"]);
    expect(at, &["compare", "ema", "ema"], 1, &["two recipes are called `ema`"]);
    expect(at, &["frobnicate"], 2, &["unrecognized subcommand"]);
}

#[test]
fn compare_sets_recipes_beside_the_row_without_a_network() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let compare = tiny(&[
        "compare",
        "collapse",
        "ema",
        "--json",
        "rows.json",
        "--set",
        "data.source={synthetic={clips=12,seed=0}}",
    ]);
    expect(at, &compare, 0, &["recipe", "collapse", "ema", "frames-kmeans", "runs/compare/report.html"]);
    let rows = fs::read_to_string(at.join("rows.json")).expect("rows");
    let rows: Vec<serde_json::Value> = serde_json::from_str(&rows).expect("JSON");
    assert_eq!(
        rows.iter().map(|row| &row["recipe"]).collect::<Vec<_>>(),
        ["collapse", "ema", "frames-kmeans"]
    );
    assert!(
        rows.iter().all(|row| row["test_mse"].as_f64().is_some_and(|mse| mse > 0.0) && row["codes"] == 16)
    );
}

#[test]
fn lists_are_complete_and_gradients_are_right() {
    let at = Path::new(".");
    expect(at, &["recipes"], 0, &["collapse", "best", "Lever 1"]);
    expect(at, &["recipes", "ema"], 0, &["[quantizer]", "decay = 0.99"]);
    expect(at, &["quantizers"], 0, &["codebook", "fsq", "residual", "arXiv:"]);
    expect(at, &["gradcheck", "--op", "tanh"], 0, &["tanh", "0 wrong"]);
    expect(at, &["gradcheck", "--op", "tahn"], 2, &["no op, layer or loss is called `tahn`"]);
    expect(at, &["completions", "bash"], 0, &["_gradbook"]);
    expect(at, &["--help"], 0, &["Examples:", "Exit codes:"]);
}
