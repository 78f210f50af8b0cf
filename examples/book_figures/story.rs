//! The picture and the table of the README: what `gradbook compare` trains, seen code by code.

use std::{fmt::Write as _, sync::atomic::AtomicBool};

use gradbook::{
    audio::Corpus,
    lab::{
        Existing, Recipe, RunFolder,
        compare::{Budget, Comparison},
        report::RunReport,
    },
};

use crate::plane::{BLUE, GREEN, GREY, RED, Svg};

/// As long as `gradbook compare` trains when nothing is asked for.
const STEPS: u64 = 800;
const COLUMNS: usize = 32;
/// The distance of two codes in the picture.
const CELL: f64 = 7.5;

/// Three recipes on the built-in sounds, and k-means on their frames.
pub fn reports() -> Vec<RunReport> {
    let recipes = ["collapse", "ema", "best"]
        .map(|name| Recipe::built_in(name).expect("it comes with the program").with_steps(STEPS));
    let corpus = Corpus::load(&recipes[0].data, &|_, _| {}).expect("these sounds are made by rule");
    let folder = RunFolder::new(std::env::temp_dir().join("gradbook_book_figures"));
    let never = AtomicBool::new(false);
    let comparison = Comparison { recipes: recipes.to_vec(), seeds: 1, budget: Budget::Steps, count: false };
    comparison.run(&corpus, &folder, Existing::Replace, &never, &|_, _| {}).expect("the recipes work")
}

/// One square for each code, the most used first; the more uses, the fuller its color.
pub fn figure(reports: &[RunReport]) -> String {
    let with_codes: Vec<&RunReport> = reports.iter().filter(|report| !report.usage.is_empty()).collect();
    let mut svg = Svg::new(COLUMNS as f64 * CELL * 3.0 + 40.0, 184.0);
    for (i, (report, color)) in with_codes.iter().zip([RED, BLUE, GREEN]).enumerate() {
        let left = i as f64 * (COLUMNS as f64 * CELL + 20.0);
        let alive = report.usage.iter().filter(|uses| **uses > 0).count();
        let title = format!("{}: {alive} of {} codes in use", report.summary.recipe, report.usage.len());
        svg.label([left, 14.0], color, &title);
        let mut uses = report.usage.clone();
        uses.sort_unstable_by(|a, b| b.cmp(a));
        for (k, &n) in uses.iter().enumerate() {
            let corner = [left + (k % COLUMNS) as f64 * CELL, 26.0 + (k / COLUMNS) as f64 * CELL];
            let (color, opacity) = match n {
                0 => (GREY, 0.15),
                _ => (color, 0.4 + 0.6 * (n as f64).ln() / (uses[0] as f64).ln()),
            };
            svg.square(corner, CELL - 1.5, color, opacity);
        }
        let found = report.summary.last();
        let [perplexity, error] = [found.usage.as_ref().map_or(0.0, |usage| usage.perplexity), found.mse];
        svg.text([left, 168.0], "start", &format!("perplexity {perplexity:.0}, test MSE {error:.3}"));
    }
    svg.finish()
}

/// The same in numbers.
pub fn table(reports: &[RunReport]) -> String {
    let mut out = String::from(
        "| recipe | codes in use | perplexity | effective dimension | test MSE |\n|---|---:|---:|---:|---:|\n",
    );
    for report in reports {
        let found = report.summary.last();
        let usage = found.usage.as_ref().expect("every row has codes");
        let _ = writeln!(
            out,
            "| `{}` | {} of {} | {:.0} | {:.1} | {:.3} |",
            report.summary.recipe, usage.alive, usage.codes, usage.perplexity, found.effective_dim, found.mse
        );
    }
    out
}
