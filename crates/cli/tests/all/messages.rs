//! What the program says, and with which exit code.

use std::{fs, path::Path};

use crate::common::{expect, recordings, tiny};

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
fn a_damaged_or_foreign_checkpoint_is_refused_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
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
