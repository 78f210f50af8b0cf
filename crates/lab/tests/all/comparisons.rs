//! Comparisons: what is equal is equal, seeds are runs of their own, and what chooses sees validation alone.

use std::sync::atomic::AtomicBool;

use gradbook_lab::{
    Existing, Recipe, Run, RunFolder, Summary,
    compare::{Budget, Comparison, Cost, summaries},
};

use crate::common::{self, named, set};

static GO: AtomicBool = AtomicBool::new(false);

fn run(comparison: &Comparison, folder: &std::path::Path) -> Vec<Summary> {
    let corpus = common::corpus();
    let folder = RunFolder::new(folder);
    let reports =
        comparison.run(&corpus, &folder, Existing::Resume, &GO, &|_, _| {}).expect("recipes that work");
    let mut rows = summaries(&reports);
    rows.iter_mut().for_each(|row| row.seconds = 0.0);
    rows
}

/// One more layer of 6 × 6 weights over 4 crops of 16 frames: 2·64·36 operations forward, as many for the gradient of its
/// weights, as many for that of its input.
#[test]
fn the_arithmetic_of_a_step_is_that_of_its_products() {
    let corpus = common::corpus();
    let cost = |layers: &str, batch: usize| {
        let text = format!(
            "model.encoder = [{layers}]\nmodel.decoder = []\n[train]\nsteps = 7\nbatch = {batch}\ncrop = 16"
        );
        Cost::flops(&Recipe::parse(&text).expect("a recipe"), &corpus).expect("it works")
    };
    let layer = r#"{ layer = "conv", channels = 6, taps = 1 }"#;
    let [one, two] = [cost(layer, 4), cost(&format!("{layer}, {layer}"), 4)];
    assert_eq!(two.until(1) - one.until(1), f64::from(3 * 2 * 64 * 36));
    let double = cost(layer, 8).total() / one.total();
    assert!((double / 2.0 - 1.0).abs() < 0.02, "{double}"); // convolutions also multiply what lies between crops
    assert_eq!((one.total(), one.until(3)), (7.0 * one.until(1), 3.0 * one.until(1)));
    assert_eq!(one.steps_for(2.0 * one.total()), 14);
}

#[test]
fn the_arithmetic_of_events_is_counted_where_they_happen() {
    let corpus = common::corpus();
    let recipe = common::recipe();
    let cost = Cost::flops(&recipe, &corpus).expect("it works");
    let step = |i: u64| cost.until(i + 1) - cost.until(i);
    // Warm-up lasts 4 steps; codes are seeded at 4 and 9, grow at 12 and 19; the encoder stands still from 26 on.
    assert!(step(1) == step(3) && step(6) > step(3), "a quantizer searches");
    assert!(step(4) > step(5) && step(9) > step(10), "seeding searches, too");
    assert!(step(13) > step(10) && step(20) > step(13), "more codes, more to search");
    assert!(step(27) < step(25), "no gradient goes into the encoder");
    let half = Cost::flops(&recipe.with_steps(15), &corpus).expect("it works").total();
    let steps = cost.steps_for(half);
    assert!((14..=16).contains(&steps), "{steps}");
}

#[test]
fn equal_arithmetic_gives_a_cheaper_recipe_more_steps() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipes = vec![named("ema", &["train.grow=[]"]), named("small", &["train.batch=2", "train.grow=[]"])];
    let comparison = Comparison { recipes, seeds: 1, budget: Budget::Flops, count: true };
    let rows = run(&comparison, folder.path());
    assert_eq!(rows[0].steps, 30);
    assert!((55..=65).contains(&rows[1].steps), "half of a batch, twice the steps: {}", rows[1].steps);
    let [a, b] = [0, 1].map(|i| rows[i].teraflop.expect("counted"));
    assert!((a / b - 1.0).abs() < 0.03, "{a} against {b}");
    // Other steps are another comparison: it does not go on as if they were the old ones.
    let recipes = comparison.recipes.iter().map(|recipe| set(recipe, &["train.steps=20"])).collect();
    let other = Comparison { recipes, ..comparison };
    let at = RunFolder::new(folder.path());
    let error =
        other.run(&common::corpus(), &at, Existing::Resume, &GO, &|_, _| {}).err().expect("other steps");
    assert!(error.to_string().contains("train.steps is 30 in that run, 20 in this one"), "{error}");
}

/// Sixteen times the rows take longer, whatever the machine does meanwhile. What was measured before the first run holds for
/// those that go on: another measurement would give other steps.
#[test]
fn equal_time_gives_a_heavier_recipe_fewer_steps_and_is_measured_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipes = ["train.batch=4", "train.batch=64"].map(|batch| (batch, [batch, "train.grow=[]"]));
    let recipes = recipes.map(|(name, settings)| named(name, &settings)).to_vec();
    let comparison = Comparison { recipes, seeds: 1, budget: Budget::Seconds, count: false };
    let rows = run(&comparison, folder.path());
    assert_eq!(rows[0].steps, 30, "the first recipe sets the budget");
    assert!((1..20).contains(&rows[1].steps), "{} steps in the time of 30 small ones", rows[1].steps);
    let plan = std::fs::read_to_string(folder.path().join("plan.json")).expect("a plan");
    let found = format!("\"train.batch=64\":{}}}", rows[1].steps);
    assert!(plan.contains(&found), "{plan}");
    let begun = tempfile::tempdir().expect("a folder");
    std::fs::write(begun.path().join("plan.json"), plan.replace(&found, "\"train.batch=64\":3}"))
        .expect("room");
    let steps: Vec<_> = run(&comparison, begun.path()).iter().map(|row| row.steps).collect();
    assert_eq!(steps[..2], [30, 3]);
}

#[test]
fn seeds_are_runs_of_their_own_and_the_same_however_often_they_are_made() {
    let [once, again] = [0, 1].map(|_| tempfile::tempdir().expect("a folder"));
    let recipes = vec![named("a", &["train.steps=12"]), named("b", &["train.steps=12", "quantizer.codes=4"])];
    let comparison = Comparison { recipes: recipes.clone(), seeds: 3, budget: Budget::Steps, count: true };
    let rows = run(&comparison, once.path());
    let who: Vec<_> = rows.iter().map(|row| (row.recipe.as_str(), row.seed)).collect();
    let frames = "frames-kmeans";
    assert_eq!(
        who,
        [("a", 0), ("a", 1), ("a", 2), ("b", 0), ("b", 1), ("b", 2), (frames, 0), (frames, 1), (frames, 2)]
    );
    assert!(rows[0].last().mse != rows[1].last().mse);
    assert!(once.path().join("b/seed-2/checkpoint.safetensors").exists());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(6).build().expect("threads");
    assert_eq!(rows, pool.install(|| run(&comparison, again.path())), "three runs at a time");
    assert_eq!(rows, run(&comparison, once.path()), "gone on with, it is there already");
    // Seed 1 alone is what it was among others.
    let alone = tempfile::tempdir().expect("a folder");
    let one = vec![set(&recipes[0], &["train.seed=1"])];
    let mut found =
        run(&Comparison { recipes: one, seeds: 1, budget: Budget::Steps, count: true }, alone.path());
    found[0].teraflop = rows[1].teraflop; // counted for the first seed; another may need another round of k-means
    assert_eq!(found[0], rows[1]);
}

/// Neither the curve nor the choice of the best step may depend on the test clips; the last figure depends on them alone.
#[test]
fn what_chooses_sees_validation_alone_and_test_is_measured_at_the_end() {
    let corpus = common::corpus();
    let recipe = set(&common::recipe(), &["train.patience=1", "train.evaluate_every=3"]);
    let of = |corpus: &gradbook_audio::Corpus| {
        let folder = tempfile::tempdir().expect("a folder");
        let at = RunFolder::new(folder.path());
        let mut run = Run::open(recipe.clone(), corpus, at.clone(), Existing::Refuse).expect("a run");
        run.drive(&GO, &mut |_| assert!(at.read_summary().is_none_or(|summary| summary.test.is_none())))
            .expect("steps");
        let mut rows = run.history.clone();
        rows.iter_mut().for_each(|row| row.seconds = 0.0);
        (rows, run.training.step, at.read_summary().expect("a summary"))
    };
    let whole = of(&corpus);
    let mut other = corpus.clone();
    other.test.truncate(1);
    let found = of(&other);
    assert_eq!((&whole.0, whole.1, &whole.2.validation), (&found.0, found.1, &found.2.validation));
    assert_ne!(whole.2.test.expect("the end").mse, found.2.test.expect("the end").mse);
    let mut other = corpus.clone();
    other.validation = corpus.train[..2].to_vec();
    assert_ne!(whole.0, of(&other).0);
}
