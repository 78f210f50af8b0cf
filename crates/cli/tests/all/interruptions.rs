//! A run that is killed, stopped, diverges or is begun again.

use std::{fs, process::Command};

use crate::common::{expect, start, tiny};

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

/// Three recipes with two seeds and the same arithmetic, killed again and again, end in the table of those left alone.
#[test]
fn killed_at_any_moment_a_comparison_resumes_to_the_same_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let compare = |out: &'static str, more: &[&'static str]| {
        let data = "data.source={synthetic={clips=12,seed=0}}";
        let what =
            ["compare", "ema", "collapse", "fsq", "--seeds", "2", "--budget", "flops", "--steps", "12"];
        let small = ["--set", data, "--set", "train.batch=2", "--out", out, "--json", out];
        [&what[..], &small, more].concat()
    };
    let compare = |out, more: &[&'static str]| {
        let mut all = compare(out, more);
        let file = all.len() - more.len() - 1;
        all[file] = if out == "straight" { "straight.json" } else { "killed.json" };
        all
    };
    let said = "equal arithmetic: what ema takes for its 12 steps";
    expect(at, &compare("straight", &[]), 0, &["ema", "fsq", "MSE − first", "±", said]);
    let mut delay = 300;
    for round in 0..6 {
        let mut run = start(at, &compare("killed", &["--resume"]));
        std::thread::sleep(std::time::Duration::from_millis(delay));
        run.kill().expect("it runs or has ended"); // SIGKILL
        run.wait().expect("it ends");
        delay = 300 + (delay * 7919 + round) % 900;
    }
    expect(at, &compare("killed", &["--resume"]), 0, &["MSE − first"]);
    let rows = |file: &str| {
        let text = fs::read_to_string(at.join(file)).expect("rows");
        let mut rows: Vec<serde_json::Value> = serde_json::from_str(&text).expect("JSON");
        rows.iter_mut().for_each(|row| row["seconds"] = 0.into());
        rows
    };
    let straight = rows("straight.json");
    assert_eq!(straight.len(), 8); // 3 recipes and the frames, with 2 seeds
    assert_eq!(straight, rows("killed.json"));
    let spent: Vec<f64> =
        straight[..6].iter().map(|row| row["teraflop"].as_f64().expect("counted")).collect();
    assert!(spent.iter().all(|flop| (flop / spent[0] - 1.0).abs() < 0.05), "{spent:?}"); // 12 steps: 1 is 8 %
}

/// Sweeps and ablations, killed again and again, end in the table of those left alone, and in the same recipe.
#[test]
fn killed_at_any_moment_sweeps_and_ablations_resume_to_the_same_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let small = ["--set", "data.source={synthetic={clips=12,seed=0}}", "--set", "train.batch=2"];
    let sweep =
        ["sweep", "ema", "--grid", "quantizer.commitment=0.1,1", "--grid", "train.optimizer.rate=1e-3,3e-3"];
    for (what, seeds) in [(&sweep[..], "2"), (&["ablate", "respawn"], "1")] {
        let what = [what, &small, &["--steps", "8", "--seeds", seeds]].concat();
        let straight = expect(at, &[&what[..], &["-q", "--out", "straight"]].concat(), 0, &[]);
        for delay in [250, 900, 400, 1500] {
            let mut run = start(at, &[&what[..], &["--resume", "--out", "killed"]].concat());
            std::thread::sleep(std::time::Duration::from_millis(delay));
            run.kill().expect("it runs or has ended"); // SIGKILL
            run.wait().expect("it ends");
        }
        let killed = expect(at, &[&what[..], &["-q", "--resume", "--out", "killed"]].concat(), 0, &[]);
        assert_eq!(straight.replace("straight", "killed"), killed);
        let winner = |out: &str| fs::read_to_string(at.join(out).join("winner.toml")).ok();
        assert_eq!(winner("straight"), winner("killed"));
        for out in ["straight", "killed"] {
            fs::remove_dir_all(at.join(out)).expect("a folder");
        }
    }
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
fn a_second_run_is_kept_out_of_the_folder_until_the_first_has_ended_or_was_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let data = "data.source={synthetic={clips=12,seed=0}}";
    let train = ["train", "ema", "--set", data, "--set", "train.batch=2", "--out", "run"];
    let mut first = start(at, &[&train[..], &["--steps", "1000000"]].concat());
    while !at.join("run/recipe.toml").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let owner = format!("run is being written by process {}", first.id());
    expect(at, &[&train[..], &["--steps", "3", "--overwrite"]].concat(), 1, &[&owner, "--out"]);
    expect(at, &[&train[..], &["--resume"]].concat(), 1, &[&owner]);
    first.kill().expect("it runs"); // SIGKILL: it cannot say good-bye
    first.wait().expect("it ends");
    assert_eq!(fs::read_to_string(at.join("run/.lock")).expect("a file").trim(), first.id().to_string());
    expect(at, &[&train[..], &["--steps", "3", "--overwrite"]].concat(), 0, &[]);
    assert_eq!(fs::read_to_string(at.join("run/.lock")).expect("a file"), "");
}
