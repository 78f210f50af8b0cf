//! Splits, ablations, sweeps, forks and the live page, as a user asks for them.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
};

use crate::common::{expect, recordings, tiny};

const DATA: [&str; 2] = ["--set", "data.source={synthetic={clips=12,seed=0}}"];

#[test]
fn the_split_is_told_and_stored_and_what_leaks_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    recordings(&at.join("sounds"));
    fs::copy(at.join("sounds/good_0.wav"), at.join("sounds/another.wav")).expect("a copy");
    let train = tiny(&["train", "ema", "--data", "sounds", "--test-glob", "good_[0-1].wav"]);
    let leak = "another.wav (training) and good_0.wav (test) are the same recording";
    let said = "5 clips to train on, 1 to choose by, 2 to test with";
    expect(at, &[&train[..], &["--validation-glob", "silent.wav"]].concat(), 0, &[said, leak]);
    let table = fs::read_to_string(at.join("runs/ema/split.csv")).expect("a table");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!((lines.len(), lines[0]), (9, "set,clip,group,first_frame,frames"));
    assert!(lines.contains(&"validation,silent.wav,,0,43"), "{table}"); // 1 + (3000 − 256) / 64
    assert_eq!(lines.iter().filter(|line| line.starts_with("test,good_")).count(), 2);
    let strict = [&train[..], &["--set", "data.leakage=fail", "--out", "strict"]].concat();
    expect(at, &strict, 1, &["the sets share 1 recordings or groups", leak]);
    let grouped = [&train[..], &["--group", "^([a-z]+)", "--out", "grouped"]].concat();
    expect(at, &grouped, 0, &["are of the same group, good"]);
    let groups = ["--group", "^([a-z]+)", "--set", "data.test={groups=[\"good\"]}", "--out", "whole"];
    let groups = [&tiny(&["train", "ema", "--data", "sounds"])[..], &groups].concat();
    expect(at, &groups, 0, &["1 to choose by, 4 to test with"]);
    let wrong = [&train[..], &["--group", "^(good)", "--out", "x"]].concat();
    expect(at, &wrong, 1, &["another.wav belongs to no group", "does not match"]);
    let wrong = [&train[..], &["--group", "good", "--out", "x"]].concat();
    expect(at, &wrong, 2, &["data.group.pattern = good", "no group in parentheses"]);
    let wrong = [&train[..], &["--set", "data.validation={last=1.5}", "--out", "x"]].concat();
    expect(at, &wrong, 2, &["data.validation.last = 1.5: a share between 0 and 1"]);
}

#[test]
fn ablations_and_sweeps_end_in_a_table_and_a_recipe_that_trains() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let ablate = [&tiny(&["ablate", "respawn"])[..], &DATA].concat();
    let out = expect(at, &ablate, 0, &["without: respawn but for this setting", "quantizer.respawn"]);
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    expect(at, &[&ablate[..], &["--resume"]].concat(), 0, &["quantizer.respawn"]);
    expect(at, &["ablate", "ema", "--base", "ema"], 1, &["differ in nothing"]);
    let sweep = [&tiny(&["sweep", "ema", "--grid", "quantizer.commitment=0.1,1", "--seeds", "2"])[..], &DATA]
        .concat();
    let out = expect(at, &sweep, 0, &["quantizer.commitment=0.1", "±", "runs/sweep/winner.toml"]);
    let page = |run: &str| fs::read_to_string(at.join(run).join("report.html")).expect("a report");
    assert!(page("runs/ablate").contains("</i>respawn without the setting</span>"));
    assert!(page("runs/sweep").contains("MSE on the validation clips over quantizer.commitment"));
    assert!(page("runs/sweep").contains("The table and the curves are from the <b>validation</b> clips"));
    assert!(page("runs/ablate").contains("The table is from the <b>test</b> clips"));
    let winner = out.lines().nth(1).expect("a row").split(' ').next().expect("a setting").to_owned();
    let recipe = fs::read_to_string(at.join("runs/sweep/winner.toml")).expect("a recipe");
    let value = winner.split('=').nth(1).expect("a value");
    let wanted = format!(
        "[quantizer.commitment]
value = {:?}
",
        value.parse::<f64>().expect("a number")
    );
    assert!(recipe.contains(&wanted), "{recipe}");
    expect(at, &["train", "runs/sweep/winner.toml"], 0, &["/16"]);
    expect(at, &["sweep", "ema"], 1, &["nothing to sweep"]);
    let range = ["sweep", "ema", "--range", "train.optimizer.rate=1e-4..1e-2"];
    expect(at, &range, 2, &["--samples"]);
    let sobol = [&tiny(&range)[..], &DATA, &["--samples", "2", "--out", "sobol"]].concat();
    expect(at, &sobol, 0, &["train.optimizer.rate="]);
    expect(at, &["sweep", "ema", "--grid", "quantizer.cods=1,2"], 2, &["did you mean"]);
}

#[test]
fn a_fork_tells_which_codes_live_in_which_future() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    expect(at, &[&tiny(&["train", "ema"])[..], &DATA].concat(), 0, &[]);
    let fork = ["fork", "runs/ema", "--at", "2", "--set", "quantizer.commitment=9", "--out", "runs/b"];
    expect(
        at,
        &fork,
        0,
        &["one past up to step 2", "live in both", "in runs/ema alone", "runs/b/report.html"],
    );
    let rows = |run: &str| fs::read_to_string(at.join(run).join("metrics.jsonl")).expect("rows");
    let page = fs::read_to_string(at.join("runs/b/report.html")).expect("a report");
    assert!(page.contains("<p>codes that live in runs/ema alone: "), "the codes are listed");
    let table = |run: &str| fs::read_to_string(at.join(run).join("metrics.csv")).expect("a table");
    assert_eq!(
        table("runs/ema").lines().nth(1),
        table("runs/b").lines().nth(1),
        "one past in this file, too"
    );
    let [a, b] = ["runs/ema", "runs/b"].map(rows);
    assert_eq!(a.lines().next(), b.lines().next());
    assert_ne!(a.lines().nth(1), b.lines().nth(1));
    expect(at, &fork, 1, &["runs/b holds a run already"]);
    expect(at, &["fork", "runs/ema", "--at", "4", "--out", "runs/c"], 1, &["--at 4 is behind the end"]);
    let codes = ["fork", "runs/ema", "--at", "2", "--set", "quantizer.codes=8", "--out", "runs/c"];
    expect(at, &codes, 1, &["came before the fork"]);
    expect(at, &["train", "--resume", "--out", "runs/b"], 0, &["/16"]);
}

#[test]
fn a_page_on_this_machine_follows_a_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    expect(at, &[&tiny(&["train", "ema"])[..], &DATA].concat(), 0, &[]);
    let mut watch = Command::new(env!("CARGO_BIN_EXE_gradbook"))
        .current_dir(at)
        .args(["watch", "runs/ema", "-q"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut line = String::new();
    BufReader::new(watch.stdout.take().expect("piped")).read_line(&mut line).expect("an address");
    let address = line.trim().strip_prefix("http://").expect("an address").to_owned();
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    let page = || {
        let mut stream = TcpStream::connect(&address).expect("it listens");
        write!(stream, "GET / HTTP/1.0\r\nHost: {address}\r\n\r\n").expect("sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        text
    };
    let mut shown = page();
    while !shown.contains("</html>") {
        std::thread::sleep(std::time::Duration::from_millis(50));
        shown = page();
    }
    for part in ["text/html", "MSE on the validation clips", "Codebook (filled", "<audio", "setInterval"] {
        assert!(shown.contains(part), "`{part}` is missing");
    }
    watch.kill().expect("it runs");
    watch.wait().expect("it ends");
    expect(at, &["watch", "runs"], 1, &["runs holds no run"]);
}

#[test]
fn runs_that_are_there_are_set_side_by_side_and_not_trained_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let train = |start: &[&'static str]| [&tiny(start)[..], &DATA].concat();
    let compared = expect(at, &train(&["compare", "ema", "collapse", "--seeds", "2"]), 0, &[]);
    let beaten = "k-means without a network does no worse: longer training helps (--steps 8)";
    let small = ["train", "ema", "--out", "runs/small", "--set", "quantizer.codes=8"];
    expect(at, &train(&small), 0, &["frames-kmeans", beaten]);
    let table = ["table", "runs/compare", "runs/small", "--report", "all.html", "--json", "all.json"];
    let out = expect(at, &table, 0, &["compare/ema", "compare/collapse", "small", "±", "report: all.html"]);
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    let error = |text: &str, name: &str| {
        let row = text.lines().find(|line| line.starts_with(name)).expect("a row");
        row.split_whitespace().nth(1).expect("a figure").to_owned()
    };
    assert_eq!(error(&out, "compare/ema"), error(&compared, "ema"), "the figures of the runs as they are");
    let rows = fs::read_to_string(at.join("all.json")).expect("rows");
    let rows: Vec<serde_json::Value> = serde_json::from_str(&rows).expect("JSON");
    let names: Vec<&str> = rows.iter().map(|row| row["recipe"].as_str().expect("a name")).collect();
    assert_eq!(names, ["compare/collapse", "compare/collapse", "compare/ema", "compare/ema", "small"]);
    assert!(fs::read_to_string(at.join("all.html")).expect("a page").contains("compare/collapse"));

    let other = ["train", "ema", "--out", "runs/other", "--set", "data.source={synthetic={clips=13,seed=0}}"];
    expect(at, &tiny(&other), 0, &[]);
    let said = "measured on other data: data.source.synthetic.clips is 12 in small, 13 in other";
    expect(at, &["table", "runs/small", "runs/other"], 0, &[said]);
    fs::create_dir(at.join("empty")).expect("a folder");
    expect(at, &["table", "empty"], 1, &["empty: it holds no run; name a folder that"]);
    expect(at, &["table", "nowhere"], 1, &["cannot read the folder nowhere"]);
    expect(at, &["table"], 2, &["<FOLDER>"]);
}
