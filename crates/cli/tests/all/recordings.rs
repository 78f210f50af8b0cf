//! Folders of recordings, good and bad, of any rate and format.

use std::fs;

use hound::{SampleFormat, WavSpec, WavWriter};

use crate::common::{expect, recordings, tiny, wav};

#[test]
fn a_folder_of_good_and_bad_recordings_trains_encodes_decodes_and_inspects() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    recordings(&at.join("sounds"));
    let train = tiny(&["train", "ema", "--data", "sounds", "--verbose"]);
    expect(
        at,
        &train,
        0,
        &["at 8 kHz", "4 recordings left out", "nan.wav", "corrupt.wav", "report: runs/ema/report.html"],
    );
    for file in [
        "recipe.toml",
        "metrics.jsonl",
        "metrics.csv",
        "checkpoint.safetensors",
        "summary.json",
        "report.html",
    ] {
        assert!(at.join("runs/ema").join(file).exists(), "{file}");
    }
    expect(at, &train, 1, &["runs/ema holds a run already", "--resume", "--overwrite"]);
    expect(at, &["train", "ema", "--resume", "--quiet"], 0, &["/16", "frames-kmeans"]);
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
        &["no recording can be encoded", "nan.wav", "sample 0 is NaN"],
    );
    assert!(!at.join("n.json").exists());
    expect(at, &["decode", "runs/ema", "runs/ema/recipe.toml", "--out", "x"], 1, &["holds no tokens"]);
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
        &["6 clips to train on, 1 to choose by, 1 to test with, at 44.1 kHz"],
    );
    let recipe = fs::read_to_string(at.join("runs/ema/recipe.toml")).expect("a recipe");
    assert!(recipe.contains("n_fft = 1024") && recipe.contains("f_max = 22050.0"), "{recipe}");
    expect(at, &["encode", "runs/ema", "birds/b.WAV", "--out", "t.json"], 0, &["1 file, "]);
    expect(at, &["decode", "runs/ema", "t.json", "--out", "back"], 0, &["back/b.wav"]);
}

#[test]
fn a_folder_with_bad_recordings_is_encoded_without_them_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    recordings(&at.join("sounds"));
    expect(at, &tiny(&["train", "ema", "--data", "sounds", "-q"]), 0, &[]);
    let encode = ["encode", "runs/ema", "sounds", "nowhere.wav", "--out", "t.json"];
    let says = [
        "corrupt.wav: not a usable WAV file",
        "nan.wav: sample 0 is NaN",
        "no_samples.wav: the file holds no samples",
        "zero_length.wav",
        "nowhere.wav",
        "7 files, ",
        "5 recordings left out, 7 others encoded",
    ];
    expect(at, &encode, 1, &says);
    let text = fs::read_to_string(at.join("t.json")).expect("tokens");
    let tokens: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let names: Vec<&str> = tokens["files"]
        .as_array()
        .expect("files")
        .iter()
        .map(|file| file["name"].as_str().expect("a name"))
        .collect();
    let good = ["good_0", "good_1", "good_2", "good_3", "one_sample", "silent", "stereo_96k"];
    assert_eq!(names, good.map(|name| format!("sounds/{name}.wav")));
    // Some editors put a byte-order mark before the text.
    fs::write(at.join("marked.json"), format!("\u{feff}{text}")).expect("a file");
    expect(at, &["decode", "runs/ema", "marked.json", "--out", "back"], 0, &["back/sounds/good_3.wav"]);
}

#[test]
#[cfg(unix)]
fn what_can_be_trained_on_can_be_encoded_and_decoded_whatever_it_is_called() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::create_dir(at.join("sounds")).expect("a folder");
    let long = [&[b'x'; 240][..], b".wav"].concat();
    let names = [&b"a.wav"[..], b"a.WAV", b"owl\xfe.wav", b"owl\xff.wav", b"owl%FF.wav", &long];
    for (i, name) in names.iter().enumerate() {
        let tone = (0..3_000).map(|n| (n as f32 * 0.1 * (i + 1) as f32).sin() * 0.3);
        wav(at.join("sounds").join(OsStr::from_bytes(name)), 8_000, 1, tone);
    }
    expect(
        at,
        &tiny(&["train", "ema", "--data", "sounds"]),
        0,
        &["4 clips to train on, 1 to choose by, 1 to test with"],
    );
    expect(at, &["encode", "runs/ema", "sounds", "--out", "t.json"], 0, &["6 files, "]);
    expect(at, &["decode", "runs/ema", "t.json", "--out", "back"], 0, &[]);
    let mut back: Vec<String> = fs::read_dir(at.join("back"))
        .expect("a folder")
        .map(|file| file.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    back.sort_unstable();
    let long = String::from_utf8(long).expect("text");
    assert_eq!(back, ["a.wav", "a~2.wav", "owl%FE.wav", "owl%FF.wav", "owl%FF~2.wav", &long]);
}

#[test]
fn a_run_goes_on_where_its_recordings_were_moved_to_and_not_where_they_were_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    recordings(&at.join("here"));
    expect(at, &tiny(&["train", "ema", "--data", "here", "-q"]), 0, &[]);
    fs::rename(at.join("here"), at.join("there")).expect("moved");
    expect(at, &["train", "ema", "--resume"], 1, &["here"]);
    expect(at, &["train", "ema", "--resume", "--data", "there"], 0, &["report: runs/ema/report.html"]);
    expect(at, &["inspect", "runs/ema"], 0, &["ema at step 4"]);
    fs::remove_file(at.join("there/good_1.wav")).expect("it is there");
    let said = ["runs/ema was trained on other recordings", "--data", "--overwrite"];
    expect(at, &["train", "ema", "--resume"], 1, &said);
}
