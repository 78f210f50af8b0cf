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
    expect(at, &["train", "ema", "--set", "train.crop=0"], 2, &["train.crop = 0: 1 to 65536"]);
    expect(at, &["train", "--resume", "--overwrite"], 2, &["cannot be used with"]);
    expect(at, &["train", "--resume", "--out", "empty"], 1, &["empty holds no run"]);
    expect(at, &tiny(&["train", "ema", "--out", "file/run"]), 1, &["file/run"]);
    expect(at, &["inspect", "empty"], 1, &["holds no run"]);
    expect(at, &["compare", "ema", "ema"], 1, &["two recipes are called `ema`"]);
    let of_one = ["compare", "ema", "fsq", "--set", "quantizer.codes=64"];
    expect(at, &of_one, 2, &["the recipe `fsq` does not take this: `quantizer.codes=64`: "]);
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
        rows.iter()
            .map(|row| &row["test"])
            .all(|row| row["mse"].as_f64().is_some_and(|mse| mse > 0.0) && row["codes"] == 16.0)
    );
}

#[test]
fn lists_are_complete_and_gradients_are_right() {
    let at = Path::new(".");
    expect(at, &["recipes"], 0, &["collapse", "best", "Lever 1", "vq-vae-2", "lfq", "bsq", "fsp", "latent"]);
    expect(at, &["recipes", "ema"], 0, &["[quantizer]", "decay = 0.99"]);
    expect(at, &["quantizers"], 0, &["codebook", "fsq", "residual", "arXiv:"]);
    let all = expect(at, &["gradcheck", "--rounds", "1"], 0, &["residual", "0 wrong"]);
    assert!(all.lines().all(|line| line.chars().count() <= 80), "{all}");
    expect(at, &["gradcheck", "--op", "tanh"], 0, &["tanh", "0 wrong"]);
    expect(at, &["gradcheck", "--op", "fsq", "--rounds", "1"], 0, &["fsq", "quantizer", "0 wrong"]);
    expect(at, &["gradcheck", "--op", "tahn"], 2, &["no op, layer, loss or quantizer is called `tahn`"]);
    expect(at, &["completions", "bash"], 0, &["_gradbook"]);
    expect(at, &["--help"], 0, &["Examples:", "Exit codes:"]);
}

/// Each of these once ended in a riddle, a panic or an abort.
#[test]
fn what_people_type_is_answered_in_words_that_say_what_to_type_instead() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    recordings(&at.join("sounds"));
    for (setting, said) in [
        ("quantizer.learning=loss", "quantizer.learning={ by = \"loss\" }"),
        ("data.storage=disk", "data.storage={ disk = … }"),
        ("codes=1024", "did you mean `quantizer.codes`?"),
        ("data.mel.n_fft=1", "data.mel.n_fft = 1: 2 to 65,536 samples"),
        ("quantizer.codes=4000000000", "quantizer.codes = 4000000000: 1 to 2147483648"),
        ("train.average=1.5", "train.average = 1.5: 0 ≤ x < 1"),
        ("train.seeding={latents=0}", "train.seeding.latents = 0: 1 to"),
    ] {
        expect(at, &["train", "ema", "--set", setting], 2, &[said]);
    }
    expect(at, &["train", "frames-kmeans"], 2, &["the row of k-means", "`compare` adds"]);
    let bands =
        ["train", "ema", "--data", "sounds", "--set", "data.mel.n_fft=1024", "--set", "data.mel.mels=1000"];
    expect(
        at,
        &bands,
        2,
        &["mels = 1000: at most the 513 bins of n_fft = 1024: fewer bands or a longer n_fft"],
    );
    let all = ["train", "ema", "--data", "sounds", "--set", "data.test={every_nth=1}"];
    expect(at, &all, 1, &["holding out every clip leaves no training clip out of 7"]);
    for (option, value) in [
        ("--threads", "1000000"),
        ("--threads", "0"),
        ("--threads", "-1"),
        ("--steps", "0"),
        ("--steps", "x"),
    ] {
        expect(at, &["train", "ema", &format!("{option}={value}")], 2, &[value, option]);
    }
    expect(at, &["gradcheck", "--rounds", "0"], 2, &["--rounds"]);
    let one = tiny(&[
        "train",
        "ema",
        "--data",
        "sounds",
        "--test-glob",
        "{g,si}*",
        "--set",
        "train.seed=18446744073709551615",
    ]);
    expect(at, &one, 0, &["sounds: 1 clip to train on, 1 to choose by, 5 to test with"]);
    expect(at, &[&one[..], &["--resume"]].concat(), 0, &[]);
}

#[test]
fn a_run_that_is_there_is_noticed_before_any_recording_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::create_dir_all(at.join("runs/ema")).expect("a folder");
    fs::create_dir_all(at.join("runs/compare/ema")).expect("a folder");
    fs::write(at.join("runs/ema/recipe.toml"), "").expect("a file");
    fs::write(at.join("runs/compare/ema/recipe.toml"), "").expect("a file");
    // There is no such folder of recordings: it is not even looked for.
    expect(at, &["train", "ema", "--data", "none"], 1, &["runs/ema holds a run already"]);
    expect(at, &["compare", "ema", "--data", "none"], 1, &["runs/compare/ema holds a run already"]);
}

#[test]
fn a_comparison_takes_data_and_seed_from_the_files_that_name_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let file = |name: &str, clips: usize, seed: u64| {
        let text = format!(
            "data.source = {{ synthetic = {{ clips = {clips}, seed = 5 }} }}\ntrain.seed = {seed}\n\
             quantizer = {{ kind = \"codebook\", codes = 512 }}"
        );
        fs::write(at.join(name), text).expect("a file");
    };
    file("a.toml", 12, 1);
    file("b.toml", 12, 2);
    file("c.toml", 14, 1);
    let compare = tiny(&["compare", "a.toml", "b.toml", "ema"]);
    expect(at, &compare, 0, &["10 clips to train on, 1 to choose by, 1 to test with"]);
    let seed = |name: &str| {
        let recipe =
            fs::read_to_string(at.join("runs/compare").join(name).join("recipe.toml")).expect("a recipe");
        assert!(recipe.contains("clips = 12"), "{recipe}");
        let train = recipe.split("[train]").nth(1).expect("a table");
        train.lines().find(|line| line.starts_with("seed = ")).expect("a seed").to_owned()
    };
    assert_eq!([seed("a"), seed("b"), seed("ema")], ["seed = 1", "seed = 2", "seed = 0"]);
    let given = [&compare[..], &["--seed", "7", "--overwrite"]].concat();
    expect(at, &given, 0, &[]);
    assert_eq!([seed("a"), seed("b"), seed("ema")], ["seed = 7", "seed = 7", "seed = 7"]);
    let differ = tiny(&["compare", "a.toml", "c.toml", "--out", "other"]);
    expect(at, &differ, 1, &["data.source.synthetic.clips is 12 in a, 14 in c"]);
    recordings(&at.join("sounds"));
    let one = tiny(&["compare", "a.toml", "c.toml", "--data", "sounds", "--out", "other"]);
    expect(at, &one, 0, &["sounds: 5 clips to train on, 1 to choose by, 1 to test with"]);
}
