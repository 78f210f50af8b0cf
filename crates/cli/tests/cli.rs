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
        &["at 8 kHz", "4 recordings left out", "nan.wav", "corrupt.wav", "report: runs/ema/report.html"],
    );
    for file in ["recipe.toml", "metrics.jsonl", "checkpoint.safetensors", "summary.json", "report.html"] {
        assert!(at.join("runs/ema").join(file).exists(), "{file}");
    }
    expect(at, &train, 1, &["runs/ema holds a run already", "--resume", "--overwrite"]);
    expect(at, &["train", "ema", "--resume", "--quiet"], 0, &["/16"]);
    expect(at, &[&train[..], &["--resume"]].concat(), 0, &["/16"]);
    expect(at, &["train", "ema", "--resume", "--steps", "9"], 1, &["other options", "or with none given"]);
    expect(at, &["inspect", "runs/ema"], 0, &["ema at step 4", "codebook", "duplicates"]);
    let json = expect(at, &["inspect", "runs/ema", "--json", "-q"], 0, &[]);
    let health: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(health["slots"][0]["codes"], 16);

    let sounds = ["sounds/stereo_96k.wav", "sounds/one_sample.wav", "sounds/silent.wav"];
    let encode: Vec<&str> =
        ["encode", "runs/ema"].into_iter().chain(sounds).chain(["--out", "t.json"]).collect();
    expect(at, &encode, 0, &["3 files"]);
    fs::create_dir(at.join("few")).expect("a folder");
    for sound in sounds {
        fs::copy(at.join(sound), at.join(sound.replace("sounds/", "few/"))).expect("a copy");
    }
    expect(at, &["encode", "runs/ema", "few", "--out", "few.json"], 0, &["3 files"]);
    let codes = |file: &str| -> serde_json::Value {
        serde_json::from_slice(&fs::read(at.join(file)).expect("a file")).expect("JSON")
    };
    let mut given = codes("t.json");
    given["files"].as_array_mut().expect("files").sort_by_key(|file| file["name"].to_string());
    assert_eq!(given, codes("few.json"), "a folder is its files in the order of their names");
    expect(at, &["encode", "runs/ema", "nowhere", "--out", "x.json"], 1, &["nowhere"]);
    expect(at, &["encode", "runs/ema", "runs", "--out", "x.json"], 1, &["runs"]);
    expect(at, &["decode", "runs/ema", "t.json", "--out", "back"], 0, &["back/silent.wav"]);
    let names = sounds.map(|sound| sound.trim_start_matches("sounds/")); // below the folder that holds them all
    names.iter().for_each(|name| assert!(at.join("back").join(name).exists(), "{name}"));
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
    let told = format!(
        "was written by gradbook {0} in format 2; gradbook {0} reads format 1",
        env!("CARGO_PKG_VERSION")
    );
    expect(at, &["inspect", "runs/ema"], 1, &[&told, "train anew"]);
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
fn a_run_that_diverges_ends_in_an_error_and_keeps_its_last_good_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    for (recipe, rate) in [("ema", "1e30"), ("autoencoder", "1e30"), ("kmeans", "1e12"), ("fsq", "1e15")] {
        let rate = format!("train.optimizer.rate={rate}");
        let warmup = "train.optimizer.schedule={kind=\"piecewise\",milestones=[2],factor=1e25}";
        let data = "data.source={synthetic={clips=12,seed=0}}";
        let every = "train.evaluate_every=1";
        let train =
            ["train", recipe, "--steps", "12", "--set", data, "--set", every, "--set", "train.batch=2"];
        let at_once = [&train[..], &["--out", "at_once", "--overwrite", "--set", &rate]].concat();
        expect(at, &at_once, 1, &["training diverged at step", "not finite"]);
        let later = [&train[..], &["--out", "later", "--overwrite", "--set", warmup]].concat();
        expect(
            at,
            &later,
            1,
            &["training diverged at step", "produced", "kept in later/checkpoint.safetensors"],
        );
        if recipe != "autoencoder" {
            expect(at, &["inspect", "later"], 0, &["at step 2"]);
        }
    }
}

/// Starts a run that takes a while.
fn start(folder: &Path, arguments: &[&str]) -> std::process::Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradbook"));
    command.current_dir(folder).args(arguments).arg("-q").spawn().expect("the program runs")
}

#[test]
fn killed_at_any_moment_a_run_resumes_to_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let train = |out| {
        let data = "data.source={synthetic={clips=12,seed=0}}";
        let small = [
            "--set",
            "train.batch=2",
            "--set",
            "train.evaluate_every=3",
            "--set",
            "train.seeding={latents=64}",
        ];
        [&["train", "best", "--steps", "40", "--set", data, "--out", out][..], &small].concat()
    };
    expect(at, &train("straight"), 0, &[]);
    let bits = |out: &str| fs::read(at.join(out).join("checkpoint.safetensors")).expect("a checkpoint");
    let mut delay = 60;
    for round in 0..6 {
        let mut run = start(at, &[&train("killed")[..], &["--resume"]].concat());
        std::thread::sleep(std::time::Duration::from_millis(delay));
        run.kill().expect("it runs or has ended"); // SIGKILL
        run.wait().expect("it ends");
        delay = 60 + (delay * 7919 + round) % 700;
    }
    expect(at, &[&train("killed")[..], &["--resume"]].concat(), 0, &["report: killed/report.html"]);
    assert!(bits("straight") == bits("killed"), "checkpoints differ");
}

#[test]
#[cfg(unix)]
fn an_interrupt_saves_and_resume_goes_on_to_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let train = |out| {
        let data = "data.source={synthetic={clips=12,seed=0}}";
        ["train", "ema", "--steps", "60", "--set", data, "--set", "train.batch=2", "--out", out]
    };
    expect(at, &train("straight"), 0, &[]);
    let mut run = start(at, &train("stopped"));
    while !at.join("stopped/metrics.jsonl").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let kill = Command::new("kill").args(["-INT", &run.id().to_string()]).status().expect("kill runs");
    assert!(kill.success());
    let code = run.wait().expect("it ends").code();
    assert!(code == Some(130) || code == Some(0), "{code:?}"); // 0: it was done before the signal came
    expect(at, &["train", "--resume", "--out", "stopped"], 0, &["60"]);
    let bits = |out: &str| fs::read(at.join(out).join("checkpoint.safetensors")).expect("a checkpoint");
    assert!(bits("straight") == bits("stopped"), "checkpoints differ");
}

#[test]
fn compare_goes_on_with_what_is_there_only_if_it_is_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let compare = tiny(&["compare", "ema", "--set", "data.source={synthetic={clips=12,seed=0}}"]);
    expect(at, &compare, 0, &["frames-kmeans"]);
    expect(at, &compare, 1, &["holds a run already"]);
    expect(at, &[&compare[..], &["--resume"]].concat(), 0, &["frames-kmeans"]);
    let other = [&compare[..], &["--resume", "--seed", "1"]].concat();
    expect(at, &other, 1, &["made with another recipe, other data or other options"]);
}

#[test]
fn recordings_of_other_rates_and_formats_work_as_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::create_dir_all(at.join("birds/deep/er")).expect("a folder");
    let chirp = |rate: u32, count: usize| {
        (0..count).map(move |i| ((i as f32 / rate as f32 * 20.0).sin() * 3000.0 + i as f32 * 0.9).sin() * 0.4)
    };
    for i in 0..6 {
        wav(at.join(format!("birds/deep/er/{i}.wav")), 44_100, 2, chirp(44_100, 60_000 + 1_000 * i));
    }
    wav(at.join("birds/a.wav"), 22_050, 1, chirp(22_050, 20_000));
    let spec =
        WavSpec { channels: 1, sample_rate: 48_000, bits_per_sample: 24, sample_format: SampleFormat::Int };
    let mut writer = WavWriter::create(at.join("birds/b.WAV"), spec).expect("a file");
    chirp(48_000, 30_000).for_each(|x| writer.write_sample((x * 8e6) as i32).expect("room"));
    writer.finalize().expect("room");
    expect(
        at,
        &tiny(&["train", "ema", "--data", "birds"]),
        0,
        &["7 clips to train on, 1 held out, at 44.1 kHz"],
    );
    let recipe = fs::read_to_string(at.join("runs/ema/recipe.toml")).expect("a recipe");
    assert!(recipe.contains("n_fft = 1024") && recipe.contains("f_max = 22050.0"), "{recipe}");
    expect(at, &["encode", "runs/ema", "birds/b.WAV", "--out", "t.json"], 0, &["1 file, "]);
    expect(at, &["decode", "runs/ema", "t.json", "--out", "back"], 0, &["back/b.wav"]);
}

#[test]
fn lists_are_complete_and_gradients_are_right() {
    let at = Path::new(".");
    expect(
        at,
        &["recipes"],
        0,
        &["collapse", "best", "Lever 1", "hierarchical", "lfq", "bsq", "fsp", "latent"],
    );
    expect(at, &["recipes", "ema"], 0, &["[quantizer]", "decay = 0.99"]);
    expect(at, &["quantizers"], 0, &["codebook", "fsq", "residual", "arXiv:"]);
    expect(at, &["gradcheck", "--op", "tanh"], 0, &["tanh", "0 wrong"]);
    expect(at, &["gradcheck", "--op", "tahn"], 2, &["no op, layer or loss is called `tahn`"]);
    expect(at, &["completions", "bash"], 0, &["_gradbook"]);
    expect(at, &["--help"], 0, &["Examples:", "Exit codes:"]);
}
