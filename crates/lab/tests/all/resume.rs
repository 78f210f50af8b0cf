//! A run that was interrupted, or killed, ends in the same bits as one that was not.

use crate::common;
use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use gradbook_audio::Corpus;
use gradbook_lab::{Ending, Existing, Recipe, Run, RunFolder, Trained};

/// Drives a run that is told to stop after these steps, and resumed each time.
fn drive(recipe: &Recipe, corpus: &Corpus, path: &Path, stops: &[u64]) {
    let folder = || RunFolder::new(path);
    let mut existing = if folder().holds_run() { Existing::Resume } else { Existing::Refuse };
    for &at in stops {
        let mut run = Run::open(recipe.clone(), corpus, folder(), existing).expect("a run");
        let stop = AtomicBool::new(at == run.training.step);
        let ending = run.drive(&stop, &mut |s| stop.store(s.step >= at, Ordering::Relaxed)).expect("steps");
        assert_eq!((ending, run.training.step), (Ending::Interrupted, at));
        existing = Existing::Resume;
    }
    let mut run = Run::open(recipe.clone(), corpus, folder(), existing).expect("a run");
    let ending = run.drive(&AtomicBool::new(false), &mut |_| {}).expect("steps");
    assert_eq!((ending, run.training.step), (Ending::Finished, recipe.train.steps));
    assert_eq!(run.history.iter().map(|row| row.step).collect::<Vec<_>>(), [7, 14, 21, 28, 30]);
}

/// Rows of metrics without the time they took.
fn rows(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path.join("metrics.jsonl")).expect("metrics");
    text.lines().map(|line| line.split(",\"seconds\"").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_resumed_run_ends_in_the_same_bits() {
    let (corpus, recipe) = (common::corpus(), common::recipe());
    let folder = tempfile::tempdir().expect("a folder");
    let [straight, resumed] = ["straight", "resumed"].map(|name| folder.path().join(name));
    drive(&recipe, &corpus, &straight, &[]);
    // In the warm-up; after seeding; between growths; at an evaluation; after the last growth; with the encoder frozen.
    drive(&recipe, &corpus, &resumed, &[2, 5, 13, 14, 20, 27]);
    let checkpoint = |path: &Path| fs::read(path.join("checkpoint.safetensors")).expect("a checkpoint");
    assert!(checkpoint(&straight) == checkpoint(&resumed), "checkpoints differ");
    assert_eq!(rows(&straight), rows(&resumed));
}

#[test]
fn a_killed_run_goes_on_from_its_last_checkpoint_to_the_same_bits() {
    let (corpus, recipe) = (common::corpus(), common::recipe());
    let folder = tempfile::tempdir().expect("a folder");
    let [straight, killed] = ["straight", "killed"].map(|name| folder.path().join(name));
    drive(&recipe, &corpus, &straight, &[]);
    let mut run =
        Run::open(recipe.clone(), &corpus, RunFolder::new(&killed), Existing::Refuse).expect("a run");
    let stop = AtomicBool::new(false);
    run.drive(&stop, &mut |status| stop.store(status.step == 15, Ordering::Relaxed)).expect("steps");
    drop(run);
    // Killed in the middle of a row, and with rows that are ahead of the checkpoint.
    let metrics = fs::read_to_string(straight.join("metrics.jsonl")).expect("metrics");
    fs::write(killed.join("metrics.jsonl"), &metrics[..metrics.len() - 40]).expect("a file");
    fs::write(killed.join(".checkpoint.safetensors.partial"), b"half of").expect("a file");
    drive(&recipe, &corpus, &killed, &[15, 16]);
    let checkpoint = |path: &Path| fs::read(path.join("checkpoint.safetensors")).expect("a checkpoint");
    assert!(checkpoint(&straight) == checkpoint(&killed), "checkpoints differ");
    assert_eq!(rows(&straight), rows(&killed));
}

#[test]
fn a_resumed_run_grows_at_the_same_plateaus_and_its_model_has_their_codes() {
    let corpus = common::corpus();
    let recipe = common::recipe()
        .set("train.grow=[{ plateau = 1, codes = 16 }, { plateau = 2, codes = 24 }]")
        .and_then(|recipe| recipe.set("train.evaluate_every=1"))
        .expect("a recipe");
    let folder = tempfile::tempdir().expect("a folder");
    let codes = |run: &Run<'_>| {
        let quantizer = run.training.model.quantizer.as_ref().expect("there is one");
        quantizer.radices(&run.training.store)[0]
    };
    let go = |name: &str, stops: &[u64]| {
        let folder = RunFolder::new(folder.path().join(name));
        let (mut seen, mut existing) = (Vec::new(), Existing::Refuse);
        for &at in stops {
            let mut run = Run::open(recipe.clone(), &corpus, folder.clone(), existing).expect("a run");
            let stop = AtomicBool::new(false);
            run.drive(&stop, &mut |s| stop.store(s.step >= at, Ordering::Relaxed)).expect("steps");
            seen.push(codes(&run));
            existing = Existing::Resume;
        }
        let trained = Trained::load(&folder).expect("a model");
        assert_eq!(trained.quantizer().expect("one").radices(&trained.store), [codes_of(&seen)]);
        (seen, fs::read(folder.checkpoint()).expect("a checkpoint"))
    };
    let (every, resumed) = go("resumed", &(5..=30).collect::<Vec<_>>());
    assert_eq!((every[0], codes_of(&every)), (8, 24), "{every:?}");
    assert!(every.contains(&16), "{every:?}");
    assert!(go("straight", &[30]).1 == resumed, "checkpoints differ");
}

fn codes_of(seen: &[u64]) -> u64 {
    *seen.last().expect("there was a run")
}

#[test]
fn a_run_that_is_there_is_left_alone_unless_told_otherwise() {
    let (corpus, mut recipe) = (common::corpus(), common::recipe());
    recipe.train.steps = 2;
    let folder = tempfile::tempdir().expect("a folder");
    let open = |existing| Run::open(recipe.clone(), &corpus, RunFolder::new(folder.path()), existing);
    open(Existing::Refuse).expect("a new run").drive(&AtomicBool::new(false), &mut |_| {}).expect("steps");
    let error = open(Existing::Refuse).err().expect("refused").to_string();
    assert!(error.contains("holds a run already") && error.contains("--resume"), "{error}");
    assert_eq!(open(Existing::Resume).expect("the run").training.step, 2);
    assert_eq!(open(Existing::Replace).expect("a new run").training.step, 0);
    assert!(!folder.path().join("checkpoint.safetensors").exists());
}

#[test]
fn a_checkpoint_of_another_recipe_is_refused() {
    let (corpus, mut recipe) = (common::corpus(), common::recipe());
    recipe.train.steps = 2;
    let folder = tempfile::tempdir().expect("a folder");
    let open = |existing| Run::open(recipe.clone(), &corpus, RunFolder::new(folder.path()), existing);
    open(Existing::Refuse).expect("a new run").drive(&AtomicBool::new(false), &mut |_| {}).expect("steps");
    let path = folder.path().join("recipe.toml");
    let text = fs::read_to_string(&path).expect("a recipe").replace("batch = 4", "batch = 5");
    fs::write(&path, text).expect("a file");
    let error = open(Existing::Resume).err().expect("refused").to_string();
    assert!(error.contains("made with another recipe"), "{error}");
}

#[test]
fn patience_ends_a_run_that_no_longer_improves() {
    let (corpus, mut recipe) = (common::corpus(), common::recipe());
    recipe.train.patience = Some(1);
    recipe.train.evaluate_every = Some(1);
    (recipe.train.optimizer.rate, recipe.train.freeze_codes) = (0.0, Some(0));
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = Run::open(recipe, &corpus, RunFolder::new(folder.path()), Existing::Refuse).expect("a run");
    let ending = run.drive(&AtomicBool::new(false), &mut |_| {}).expect("steps");
    assert_eq!(ending, Ending::Settled);
    let steps: Vec<_> = run.history.iter().map(|row| row.step).collect();
    // Codes are in use after step 4 and seeded in step 5; from there on the model stands still, which is seen at once.
    assert_eq!((steps, run.training.step), (vec![1, 2, 3, 4, 5, 6], 5));
}
