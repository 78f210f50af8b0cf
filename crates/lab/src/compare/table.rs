//! Runs as the rows of a table: one a row, or the seeds of a recipe together.

use super::{Spread, paired};
use crate::{Figures, Summary, UsageFigures};

/// As wide as a terminal usually is.
const WIDTH: usize = 80;

/// A table: its head and its rows, the first column naming them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What the columns are.
    pub head: Vec<&'static str>,
    /// As many cells as columns each.
    pub rows: Vec<Vec<String>>,
}

/// One row for each run, or if recipes have several seeds one for each recipe: mean ± standard deviation over seeds, and
/// the difference to the first recipe with its 95 % confidence interval. Runs of a recipe follow one another.
pub fn table(runs: &[Summary]) -> Table {
    let recipes: Vec<&[Summary]> = runs.chunk_by(|a, b| a.recipe == b.recipe).collect();
    if recipes.iter().all(|seeds| seeds.len() == 1) { single(runs) } else { seeds(&recipes) }
}

fn single(runs: &[Summary]) -> Table {
    let head =
        vec!["recipe", "MSE", "alive", "in 1k", "lively", "perpl.", "bits", "rows", "steps", "TFLOP", "s"];
    let row = |run: &Summary| {
        let (found, usage) = (run.last(), run.last().usage.as_ref());
        vec![
            run.recipe.clone(),
            format!("{:.4}", found.mse),
            usage.map_or_else(dash, |usage| format!("{}/{}", short(usage.alive), short(usage.codes))),
            usage.and_then(|usage| usage.alive_in_1000).map_or_else(dash, |alive| format!("{alive:.0}")),
            usage.map_or_else(dash, |usage| format!("{:.0} %", 100.0 * usage.lively)),
            usage.map_or_else(dash, |usage| format!("{:.1}", usage.perplexity)),
            found.bits_per_token.map_or_else(dash, |bits| format!("{bits:.2}")),
            found.rows.to_string(),
            run.steps.to_string(),
            run.teraflop.map_or_else(dash, three_digits),
            format!("{:.1}", run.seconds),
        ]
    };
    Table { head, rows: runs.iter().map(row).collect() }
}

fn seeds(recipes: &[&[Summary]]) -> Table {
    let head = vec!["recipe", "MSE", "alive", "in 1k", "perplexity", "MSE − first", "TFLOP", "s"];
    let of = |runs: &[Summary], f: &dyn Fn(&Figures) -> Option<f64>| -> Option<Spread> {
        let values: Option<Vec<f64>> = runs.iter().map(|run| f(run.last())).collect();
        values.filter(|values| !values.is_empty()).map(|values| Spread::of(&values))
    };
    let usage = |f: fn(&UsageFigures) -> f64| move |found: &Figures| found.usage.as_ref().map(f);
    let errors = |runs: &[Summary]| -> Vec<f64> { runs.iter().map(|run| run.last().mse).collect() };
    let row = |(i, runs): (usize, &&[Summary])| {
        let mean = |f: fn(&Summary) -> f64| runs.iter().map(f).sum::<f64>() / runs.len() as f64;
        let alive = of(runs, &usage(|usage| usage.alive)).zip(of(runs, &usage(|usage| usage.codes)));
        let same = i > 0 && runs.len() == recipes[0].len();
        let difference = if same { paired(&errors(runs), &errors(recipes[0])) } else { None };
        let flops: Option<Vec<f64>> = runs.iter().map(|run| run.teraflop).collect();
        vec![
            runs[0].recipe.clone(),
            plus_minus(Spread::of(&errors(runs)), 4),
            alive.map_or_else(dash, |(alive, codes)| format!("{}/{}", short(alive.mean), short(codes.mean))),
            of(runs, &|found| found.usage.as_ref()?.alive_in_1000)
                .map_or_else(dash, |alive| format!("{:.0}", alive.mean)),
            of(runs, &usage(|usage| usage.perplexity)).map_or_else(dash, |spread| plus_minus(spread, 1)),
            difference.map_or_else(dash, |(mean, half)| format!("{mean:+.4}±{half:.4}")),
            flops.map_or_else(dash, |all| three_digits(all.iter().sum::<f64>() / all.len() as f64)),
            format!("{:.1}", mean(|run| run.seconds)),
        ]
    };
    Table { head, rows: recipes.iter().enumerate().map(row).collect() }
}

impl Table {
    /// Columns side by side, the first to the left, the others to the right.
    pub fn text(&self) -> String {
        let lines: Vec<Vec<String>> = [self.head.iter().map(|&title| title.to_owned()).collect()]
            .into_iter()
            .chain(self.rows.clone())
            .collect();
        let length = |text: &String| text.chars().count();
        let width = |column: usize| lines.iter().map(|line| length(&line[column])).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let wide = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1) <= WIDTH;
        let gap = if wide { "  " } else { " " };
        let mut out = String::new();
        for line in &lines {
            let cells = line.iter().zip(&widths).enumerate().map(|(i, (cell, &width))| match i {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            });
            out += cells.collect::<Vec<_>>().join(gap).trim_end();
            out.push('\n');
        }
        out
    }
}

pub(super) fn dash() -> String {
    "–".to_owned()
}

/// Whole numbers without a point.
fn short(x: f64) -> String {
    if x.fract() == 0.0 { format!("{x:.0}") } else { format!("{x:.1}") }
}

fn three_digits(x: f64) -> String {
    let digits = (2 - x.abs().max(1e-9).log10().floor() as i32).clamp(0, 4) as usize;
    format!("{x:.digits$}")
}

pub(super) fn plus_minus(Spread { mean, deviation }: Spread, digits: usize) -> String {
    match deviation {
        Some(deviation) => format!("{mean:.digits$}±{deviation:.digits$}"),
        None => format!("{mean:.digits$}"),
    }
}
