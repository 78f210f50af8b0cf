//! Several recipes on the same corpus and seed, in one table with the row that needs no network.

use std::sync::atomic::{AtomicBool, Ordering};

use gradbook_audio::{Corpus, CorpusConfig};

use crate::{
    Ending, Error, Existing, Recipe, Run, RunFolder, Status, Summary, Training, baseline, gather,
    report::RunReport,
};

/// Clusters of the frames if no run has a codebook to take the number from.
const CODES: u64 = 512;
/// A codebook of more codes than this is no measure for the frames.
const MOST_CODES: u64 = 4096;

/// Gives all recipes the data of those that say something about data, as every recipe of a comparison is trained on the
/// same. Seeds stay what they are.
///
/// # Errors
/// If two say different things, naming the keys.
pub fn share_data(recipes: &mut [Recipe]) -> Result<(), Error> {
    let silent = CorpusConfig::default();
    let Some(first) = recipes.iter().find(|recipe| recipe.data != silent).cloned() else { return Ok(()) };
    for recipe in recipes {
        if recipe.data == silent {
            recipe.data = first.data.clone();
        }
        let same = Recipe { data: recipe.data.clone(), ..first.clone() };
        let differences = first.differences([&first.name, &recipe.name], &same, &[]);
        if !differences.is_empty() {
            return Err(Error::Request(format!(
                "recipes that are compared have the same data\n    {}\n  --data, --test-glob and --set give all the same",
                differences.join("\n    ")
            )));
        }
    }
    Ok(())
}

/// Trains recipes one after the other, each in its folder below `folder`, and measures k-means on the frames. `watch` is
/// told the number of the recipe with its status. Raising `stop` ends the comparison after saving the run in progress.
///
/// # Errors
/// The first recipe that cannot work, before any is trained; a run that fails; files that cannot be read or written.
pub fn compare(
    recipes: &[Recipe],
    corpus: &Corpus,
    folder: &RunFolder,
    existing: Existing,
    stop: &AtomicBool,
    watch: &mut dyn FnMut(usize, &Status<'_>),
) -> Result<Vec<RunReport>, Error> {
    let own = |recipe: &Recipe| RunFolder::new(folder.path().join(&recipe.name));
    for recipe in recipes {
        own(recipe).admit(existing)?;
        Training::new(recipe.clone(), corpus)?;
    }
    let _common = folder.claim(Existing::Resume)?;
    let mut reports = Vec::new();
    for (i, recipe) in recipes.iter().enumerate() {
        let mut run = Run::open(recipe.clone(), corpus, own(recipe), existing)?;
        let ending = run.drive(stop, &mut |status| watch(i, status))?;
        reports.push(gather(&mut run)?);
        if ending == Ending::Interrupted || stop.load(Ordering::Relaxed) {
            return Ok(reports);
        }
    }
    if let Some(first) = recipes.first() {
        let single = |r: &RunReport| r.summary.codes.filter(|&k| k <= MOST_CODES);
        let codes = reports.iter().find_map(single).unwrap_or(CODES) as usize;
        let summary = baseline::frames_kmeans(corpus, codes, first.train.crop, first.train.seed)?;
        reports.push(RunReport {
            about: "k-means on the frames themselves, no network: what every model has to beat".into(),
            summary,
            history: Vec::new(),
            usage: Vec::new(),
            map: None,
            examples: Vec::new(),
        });
    }
    Ok(reports)
}

/// Rows as aligned text.
pub fn table(rows: &[Summary]) -> String {
    let head = ["recipe", "alive", "perplexity", "eff. dim", "test MSE", "bits/token", "steps", "seconds"];
    let dash = |x: Option<f64>, digits: usize| x.map_or_else(|| "–".to_owned(), |x| format!("{x:.digits$}"));
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        let alive = match (row.alive, row.codes) {
            (Some(alive), Some(codes)) => format!("{alive}/{codes}"),
            _ => "–".to_owned(),
        };
        [
            row.recipe.clone(),
            alive,
            dash(row.perplexity, 1),
            format!("{:.1}", row.effective_dim),
            format!("{:.4}", row.test_mse),
            dash(row.bits_per_token, 2),
            row.steps.to_string(),
            format!("{:.1}", row.seconds),
        ]
    }));
    align(&lines)
}

/// Columns side by side, the first to the left, the others to the right.
pub fn align<const N: usize>(lines: &[[String; N]]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let mut out = String::new();
    for line in lines {
        let cells = line.iter().zip(widths).enumerate().map(|(i, (cell, width))| match i {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        out += cells.collect::<Vec<_>>().join("  ").trim_end();
        out.push('\n');
    }
    out
}
