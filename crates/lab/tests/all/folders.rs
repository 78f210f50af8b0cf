//! A run's folder belongs to one run, its model is the best it had, and its recordings are those it began with.

use crate::common;
use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use gradbook_audio::Corpus;
use gradbook_lab::{Ending, Existing, Registry, Run, RunFolder, Trained};

#[test]
fn patience_counts_evaluations_with_codes_alone_and_the_run_ends_at_the_best_of_them() {
    let corpus = common::corpus();
    let recipe = common::named(
        "tiny",
        &[
            "train.warmup=60",
            "train.evaluate_every=6",
            "train.patience=2",
            "train.grow=[]",
            "quantizer.codes=2",
            "train.steps=400",
            "train.optimizer={ rate = 1e-2, method = { kind = \"adam\" } }",
            "train.freeze_encoder=1000",
        ],
    );
    let folder = tempfile::tempdir().expect("a folder");
    let at = RunFolder::new(folder.path());
    let mut run = Run::open(recipe.clone(), &corpus, at.clone(), Existing::Refuse).expect("a run");
    let ending = run.drive(&AtomicBool::new(false), &mut |_| {}).expect("steps");
    assert_eq!(ending, Ending::Settled);
    let (warm, coded): (Vec<_>, Vec<_>) = run.history.iter().partition(|row| row.alive.is_none());
    let best = |rows: &[&gradbook_lab::Progress]| {
        let best = rows.iter().min_by(|a, b| a.mse.total_cmp(&b.mse)).expect("some");
        (best.step, best.mse)
    };
    let last = coded.last().expect("there are codes").step;
    assert_eq!(warm.iter().map(|row| row.step).collect::<Vec<_>>(), [6, 12, 18, 24, 30, 36, 42, 48, 54]);
    let [warm, best] = [best(&warm), best(&coded)];
    assert!(warm.1 < best.1, "without codes the model has less to do: {:?}", run.history);
    assert_eq!(last, best.0 + 2 * 6, "two evaluations after the best, in {:?}", run.history);
    // The model to use is that of the best evaluation.
    assert_eq!((run.training.step as usize, run.training.evaluate().mse), best);
    let summary = at.read_summary().expect("a summary");
    assert_eq!((summary.steps, summary.validation.mse), best);
    drop(run);
    assert_eq!(Trained::load(&at).expect("a model").step as usize, best.0);
    // Gone on with, it ends there again, at once.
    let mut again = Run::open(recipe, &corpus, at.clone(), Existing::Resume).expect("the run");
    assert_eq!(again.training.step as usize, last);
    assert_eq!(again.drive(&AtomicBool::new(false), &mut |_| {}).expect("steps"), Ending::Settled);
    assert_eq!((again.training.step as usize, again.training.evaluate().mse), best);
    assert_eq!(again.history.last().expect("rows").step, last);
}

#[test]
fn a_run_folder_belongs_to_one_run_at_a_time() {
    let (corpus, recipe) = (common::corpus(), common::recipe());
    let folder = tempfile::tempdir().expect("a folder");
    let open = |existing| Run::open(recipe.clone(), &corpus, RunFolder::new(folder.path()), existing);
    let mut run = open(Existing::Refuse).expect("a run");
    let stop = AtomicBool::new(false);
    run.drive(&stop, &mut |status| stop.store(status.step == 3, Ordering::Relaxed)).expect("steps");
    for existing in [Existing::Resume, Existing::Replace] {
        let error = open(existing).err().expect("refused").to_string();
        let owner = format!("is being written by process {}", std::process::id());
        assert!(error.contains(&owner) && error.contains("--out"), "{error}");
    }
    assert_eq!(
        RunFolder::new(folder.path()).read_recipe(&Registry::default()).expect("untouched").train.steps,
        30
    );
    drop(run);
    // What a process that was killed leaves behind is no lock, whoever has its number now.
    fs::write(folder.path().join(".lock"), format!("{}\n", std::process::id())).expect("a file");
    assert_eq!(open(Existing::Resume).expect("free again").training.step, 3);
}

/// Twelve recordings in a folder.
fn recordings(folder: &Path) {
    fs::create_dir_all(folder).expect("a folder");
    for i in 0..12 {
        let samples = gradbook_audio::Synthetic::default().samples(i);
        let audio = gradbook_audio::Audio { samples, sample_rate: 8_000 };
        gradbook_audio::wav::write(
            &folder.join(format!("{i:02}.wav")),
            &audio,
            gradbook_audio::Encoding::Pcm16,
        )
        .expect("a file");
    }
}

#[test]
fn a_run_goes_on_with_moved_recordings_and_not_with_changed_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    recordings(&at("here"));
    let recipe = |name: &str| {
        let recipe = common::recipe().set("train.steps=6").expect("a key");
        recipe.set(&format!("data.source={{ folder = \"{}\" }}", at(name).display())).expect("a key")
    };
    let run = |name: &str, existing, stop: bool| {
        let recipe = recipe(name);
        let corpus = Corpus::load(&recipe.data, &|_, _| {}).expect("recordings");
        let mut run = Run::open(recipe, &corpus, RunFolder::new(at("run")), existing)?;
        run.drive(&AtomicBool::new(stop), &mut |_| {}).map(|_| run.training.step)
    };
    assert_eq!(run("here", Existing::Refuse, true).expect("a run"), 0);
    fs::rename(at("here"), at("there")).expect("moved");
    fs::copy(at("there/00.wav"), at("copy")).expect("a copy");
    // Another recording of the same length, one more, one less, another name.
    let bytes = fs::read(at("there/00.wav")).expect("a file");
    let changed = [&bytes[..1000], &[bytes[1000] ^ 1], &bytes[1001..]].concat();
    let spoilt: [&dyn Fn(); 4] = [
        &|| fs::write(at("there/00.wav"), &changed).expect("a file"),
        &|| fs::write(at("there/12.wav"), &bytes).expect("a file"),
        &|| fs::remove_file(at("there/00.wav")).expect("it is there"),
        &|| fs::rename(at("there/00.wav"), at("there/0.wav")).expect("it is there"),
    ];
    for spoil in spoilt {
        spoil();
        let error = run("there", Existing::Resume, false).expect_err("changed").to_string();
        assert!(
            error.contains("was trained on other recordings") && error.contains("--overwrite"),
            "{error}"
        );
        [at("there/12.wav"), at("there/0.wav")].iter().for_each(|file| _ = fs::remove_file(file));
        fs::copy(at("copy"), at("there/00.wav")).expect("a copy");
    }
    assert_eq!(run("there", Existing::Resume, false).expect("the same recordings"), 6);
    let kept = RunFolder::new(at("run")).read_recipe(&Registry::default()).expect("a recipe");
    assert_eq!(kept.data.source, gradbook_audio::Source::Folder(at("there")), "it knows where they are now");
    assert_eq!(Trained::load(&RunFolder::new(at("run"))).expect("a model").step, 6);
    let other = recipe("there").set("train.batch=3").expect("a key");
    let corpus = Corpus::load(&other.data, &|_, _| {}).expect("recordings");
    let error =
        Run::open(other, &corpus, RunFolder::new(at("run")), Existing::Resume).err().expect("another batch");
    assert!(error.to_string().contains("train.batch is 4 in that run, 3 in this one"), "{error}");
}
