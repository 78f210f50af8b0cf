//! Ablations, sweeps and forks: one setting at a time, validation decides, and one past has one future.

use std::sync::atomic::AtomicBool;

use gradbook_lab::{
    Existing, Fates, Recipe, Run, RunFolder, Summary,
    compare::{
        Ablation,
        sweep::{self, Axis},
    },
    fork,
    report::Finding,
};

use crate::common::{self, named, set};

static GO: AtomicBool = AtomicBool::new(false);

#[test]
fn a_recipe_is_taken_apart_one_setting_at_a_time() {
    let base = named("base", &[]);
    let whole = named("whole", &["quantizer.codes=12", "train.optimizer.rate=3e-3", "train.patience=5"]);
    let parts = Ablation::of(&whole, &base);
    assert_eq!(parts.levers, ["quantizer.codes", "train.patience", "train.optimizer.rate"]);
    let names: Vec<_> = parts.recipes().iter().map(|recipe| recipe.name.clone()).collect();
    assert_eq!(
        names,
        [
            "whole",
            "base",
            "whole-without-quantizer.codes",
            "base-with-quantizer.codes",
            "whole-without-train.patience",
            "base-with-train.patience",
            "whole-without-train.optimizer.rate",
            "base-with-train.optimizer.rate"
        ]
    );
    let said = |a: &Recipe, b: &Recipe| a.differences(["a", "b"], b, &["name"]);
    let all = parts.recipes();
    assert_eq!(said(&whole, &all[2]), ["quantizer.codes is 12 in a, 8 in b"]);
    assert_eq!(said(&base, &all[3]), ["quantizer.codes is 8 in a, 12 in b"]);
    assert_eq!(said(&whole, &all[4]), ["train.patience is 5 in a, not set in b"]);
    assert_eq!(said(&base, &all[7]), ["train.optimizer.rate is 0.001 in a, 0.003 in b"]);
    let row = |recipe: &str, mse: f64| {
        let figures = gradbook_lab::Figures { mse, ..gradbook_lab::Figures::default() };
        Summary { recipe: recipe.into(), test: Some(figures), ..Summary::default() }
    };
    let runs = [row("whole", 0.1), row("base", 0.4), row("whole-without-quantizer.codes", 0.2)];
    let table = parts.table(&runs);
    assert_eq!(table.rows[0][3], "0.1000");
    assert_eq!(
        (table.rows[0][6].as_str(), table.rows[1][3].as_str(), table.rows[1][6].as_str()),
        ("0.4000", "0.2000", "–")
    );
    let Finding::Picture { names, svg, .. } = parts.picture(&runs) else { panic!("a picture") };
    assert_eq!(names, ["whole without the setting", "base with it"]);
    assert_eq!(svg.matches("<circle").count(), 3, "a dot for each run");
}

#[test]
fn a_grid_has_every_combination_and_a_sobol_sample_fills_its_ranges() {
    let recipe = common::recipe();
    let axes = [
        Axis::grid("quantizer.codes=4, 8,16").expect("a grid"),
        Axis::grid("train.grow=[],[{ step = 5, codes = 32 }]").expect("a grid"),
    ];
    let points = sweep::points(&recipe, &axes, None).expect("recipes");
    assert_eq!(points.len(), 6);
    assert_eq!(points[3].values, ["8", "[{ step = 5, codes = 32 }]"]);
    assert_eq!((points[2].recipe.name.as_str(), points[2].recipe.train.grow.len()), ("codes=8,grow=[]", 0));
    let axes = [
        Axis::range("train.optimizer.rate=1e-4..1e-2").expect("a range"),
        Axis::range("train.average=0.5..0.9").expect("a range"),
    ];
    let points = sweep::points(&recipe, &axes, Some(16)).expect("recipes");
    // Of 16 points of a Sobol sequence each of 16 equal parts of either axis has exactly one.
    for (axis, place) in
        [(0, &(|x: f64| (x / 1e-4).log10() / 2.0) as &dyn Fn(f64) -> f64), (1, &|x: f64| (x - 0.5) / 0.4)]
    {
        let mut parts: Vec<usize> = points
            .iter()
            .map(|p| (16.0 * place(p.values[axis].parse().expect("a number"))) as usize)
            .collect();
        parts.sort_unstable();
        assert_eq!(parts, (0..16).collect::<Vec<_>>(), "axis {axis}");
    }
    let message =
        |axes: &[Axis], samples| sweep::points(&recipe, axes, samples).expect_err("refused").to_string();
    assert!(message(&axes, None).contains("--samples says how many points"));
    assert!(message(&[Axis::grid("quantizer.cods=4").expect("a grid")], None).contains("did you mean"));
    for wrong in ["codes", "codes=", "=1", "codes=1,,2"] {
        assert!(Axis::grid(wrong).is_err(), "{wrong}");
    }
    for wrong in ["rate=1", "rate=2..1", "rate=a..b", "rate=1..inf", "=1..2"] {
        assert!(Axis::range(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn validation_decides_a_sweep_and_the_table_shows_the_test_figure_of_the_winner_alone() {
    let points =
        sweep::points(&common::recipe(), &[Axis::grid("quantizer.codes=4,8").expect("a grid")], None);
    let points = points.expect("recipes");
    let row = |i: usize, validation: f64, test: f64| {
        let figures = |mse| gradbook_lab::Figures { mse, ..gradbook_lab::Figures::default() };
        let recipe = points[i].recipe.name.clone();
        Summary { recipe, validation: figures(validation), test: Some(figures(test)), ..Summary::default() }
    };
    let runs = [row(0, 0.3, 0.1), row(0, 0.5, 0.1), row(1, 0.2, 0.9), row(1, 0.2, 0.7)];
    let places: Vec<usize> = sweep::ranked(&points, &runs).into_iter().map(|(i, _)| i).collect();
    assert_eq!(places, [1, 0]);
    let table = sweep::table(&[Axis::grid("quantizer.codes=4,8").expect("a grid")], &points, &runs);
    assert_eq!(table.rows[0], ["quantizer.codes=8", "0.2000±0.0000", "–", "–", "0.8000"]);
    assert_eq!(table.rows[1], ["quantizer.codes=4", "0.4000±0.1414", "–", "–", "–"]);
    let pictures = sweep::pictures(&[Axis::grid("quantizer.codes=4,8").expect("a grid")], &points, &runs);
    let [Finding::Picture { title, svg, .. }] = &pictures[..] else { panic!("one axis, one picture") };
    assert_eq!(title, "MSE on the validation clips over quantizer.codes");
    assert_eq!(svg.matches("<circle").count(), 2);
}

#[test]
fn a_fork_has_the_past_of_its_run_to_the_bit_with_and_without_a_kept_checkpoint() {
    let corpus = common::corpus();
    for keep in ["train.keep=[14]", "train.keep=[]"] {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| RunFolder::new(folder.path().join(name));
        let bits = |name: &str| std::fs::read(at(name).checkpoint()).expect("a checkpoint");
        let go = |recipe: Recipe, name: &str| {
            let mut run = Run::open(recipe, &corpus, at(name), Existing::Resume).expect("a run");
            run.drive(&GO, &mut |_| {}).expect("steps");
            run.training.evaluate()
        };
        let begun = set(&common::recipe(), &[keep]);
        let first = go(begun.clone(), "a");
        let begun = at("a").read_recipe(&begun.registry).expect("a recipe");
        // Nothing changed: the same future.
        fork(&at("a"), &begun, 15, &corpus, &at("same")).expect("a fork");
        assert!(at("same").checkpoint().exists() && !at("same").summary().exists());
        let again = go(begun.clone(), "same");
        assert!(bits("a") == bits("same"), "{keep}: one past, one future");
        assert!(Fates::of(&first, &again).second.is_empty());
        // Another commitment from step 15 on: the rows before are the same, those after are not.
        let other = set(&begun, &["quantizer.commitment=2"]);
        fork(&at("a"), &other, 15, &corpus, &at("b")).expect("a fork");
        let second = go(other, "b");
        let rows = |name: &str| std::fs::read_to_string(at(name).metrics()).expect("rows");
        let (a, b) = (rows("a"), rows("b"));
        let (a, b): (Vec<_>, Vec<_>) = (a.lines().collect(), b.lines().collect());
        assert_eq!((a.len(), b.len(), &a[..2]), (5, 5, &b[..2])); // at 7 and 14
        let mse = |line: &str| serde_json::from_str::<gradbook_lab::Progress>(line).expect("a row").mse;
        assert!(mse(a[2]) != mse(b[2]));
        let fates = Fates::of(&first, &second);
        let alive = |found: &gradbook_lab::Evaluation| found.usage[0].counts.len();
        assert_eq!(fates.both.len() + fates.first.len(), alive(&first));
        assert_eq!(fates.both.len() + fates.second.len(), alive(&second));
        // What would change the past is refused, and nothing is written.
        let earlier = set(&begun, &["train.grow=[{ step = 5, codes = 20 }]"]);
        let error = fork(&at("a"), &earlier, 15, &corpus, &at("c")).expect_err("refused").to_string();
        assert!(error.contains("came before the fork") && !at("c").holds_run(), "{error}");
        let late = fork(&at("a"), &begun, 30, &corpus, &at("c")).expect_err("refused").to_string();
        assert!(late.contains("--at 30 is behind the end: the run has 30 steps"), "{late}");
    }
}
