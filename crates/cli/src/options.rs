//! Options that `train` and `compare` share: data, steps, seed, changes to recipes.

use std::path::PathBuf;

use clap::Args;
use gradbook_audio::{Corpus, CorpusConfig, GroupBy, HoldOut, Source};
use gradbook_lab::{Error, Existing, Recipe};
use gradbook_nn::rules::LAST_STEP;

use crate::{
    Loudness,
    terminal::{Style, counted},
    watch,
};

/// So many recordings that cannot be used, or leak, are named unasked.
const LEFT_OUT: usize = 5;

/// What to train on and for how long.
#[derive(Args)]
pub struct TrainOptions {
    /// A folder of WAV files; if left out, what the recipe says, else the built-in synthetic corpus.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Which files to test with at the end, as in '*_[0-4].wav'; every tenth if left out.
    #[arg(long, value_name = "PATTERN")]
    pub test_glob: Option<String>,
    /// Which of the others to choose by; every tenth of them if left out.
    #[arg(long, value_name = "PATTERN")]
    pub validation_glob: Option<String>,
    /// Keep files together that have the same first group of a regular expression in their path, as in '_([a-z]+)_'.
    #[arg(long, value_name = "REGEX")]
    pub group: Option<String>,
    /// Training steps; all that a recipe does at a certain time moves along.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=LAST_STEP))]
    pub steps: Option<u64>,
    /// The seed of everything random. The same seed gives the same bits.
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Change a value of the recipe, as in --set train.batch=64 (may be given several times).
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    #[command(flatten)]
    pub existing: ExistingOptions,
}

/// What to do about a run that is there.
#[derive(Args)]
#[group(multiple = false)]
pub struct ExistingOptions {
    /// Go on with the run in the folder from its last checkpoint (there is one a minute, and one at each evaluation), to
    /// the same bits as if it had never been interrupted. Other options are those that it began with, or left out; --data
    /// names the recordings where they have been moved.
    #[arg(long)]
    resume: bool,
    /// Start over where there is a run already.
    #[arg(long)]
    overwrite: bool,
}

impl ExistingOptions {
    /// As the lab says it.
    pub fn choice(&self) -> Existing {
        match (self.resume, self.overwrite) {
            (true, _) => Existing::Resume,
            (_, true) => Existing::Replace,
            _ => Existing::Refuse,
        }
    }
}

impl TrainOptions {
    /// The recipe with these options applied.
    pub fn apply(&self, mut recipe: Recipe, loudness: &Loudness) -> Result<Recipe, Error> {
        let notes = recipe.notes.iter().filter(|_| !loudness.quiet);
        notes.for_each(|note| eprintln!("{}", Style::Note.paint(note)));
        if let Some(steps) = self.steps {
            recipe = recipe.with_steps(steps);
        }
        if let Some(pattern) = &self.group {
            recipe.data.group = Some(GroupBy::Pattern(pattern.clone()));
        }
        for assignment in &self.set {
            recipe = recipe.set(assignment)?;
        }
        self.point(&mut recipe);
        if let Some(pattern) = &self.test_glob {
            recipe.data.test = HoldOut::Glob(pattern.clone());
        }
        if let Some(pattern) = &self.validation_glob {
            recipe.data.validation = HoldOut::Glob(pattern.clone());
        }
        if let Some(seed) = self.seed {
            recipe.train.seed = seed;
        }
        Ok(recipe)
    }

    /// Points a recipe to the folder of `--data`.
    pub fn point(&self, recipe: &mut Recipe) {
        if let Some(folder) = &self.data {
            // The run may be resumed from another folder.
            let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
            recipe.data.source = Source::Folder(folder);
        }
    }

    /// Whether any of them would change what a recipe does, rather than where its recordings lie.
    pub fn change_anything(&self) -> bool {
        let split = [&self.test_glob, &self.validation_glob, &self.group];
        split.into_iter().any(Option::is_some)
            || self.steps.is_some()
            || self.seed.is_some()
            || !self.set.is_empty()
    }
}

/// Reads a corpus, showing how far it is, and says what it is.
pub fn load(config: &CorpusConfig, loudness: &Loudness) -> Result<Corpus, Error> {
    let bar = watch::counter("reading", loudness);
    let corpus = Corpus::load(config, &|done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let corpus = corpus?;
    if !loudness.quiet {
        let source = match &config.source {
            Source::Synthetic(_) => "built-in synthetic sounds".to_owned(),
            Source::Folder(folder) => folder.display().to_string(),
        };
        let [train, validation, test] = [&corpus.train, &corpus.validation, &corpus.test].map(Vec::len);
        let kilohertz = f64::from(corpus.mel.sample_rate) / 1000.0;
        let train = counted(train, "clip");
        let note = format!(
            "{source}: {train} to train on, {validation} to choose by, {test} to test with, at {kilohertz} kHz"
        );
        eprintln!("{}", Style::Note.paint(note));
        for leak in corpus.leaks.iter().take(if loudness.verbose { usize::MAX } else { LEFT_OUT }) {
            eprintln!("{} {leak}", Style::Bad.paint("leak:"));
        }
        if corpus.leaks.len() > LEFT_OUT && !loudness.verbose {
            let more = corpus.leaks.len() - LEFT_OUT;
            eprintln!("{} and {more} more (--verbose lists all)", Style::Bad.paint("leak:"));
        }
        let (count, shown) = (corpus.skipped.len(), if loudness.verbose { usize::MAX } else { LEFT_OUT });
        if count > 0 {
            eprintln!("{}", Style::Note.paint(format!("{} left out:", counted(count, "recording"))));
        }
        for skipped in corpus.skipped.iter().take(shown) {
            eprintln!("  {}: {}", skipped.name, skipped.reason);
        }
        if count > shown {
            eprintln!("{}", Style::Note.paint(format!("  and {} more (--verbose lists all)", count - shown)));
        }
    }
    Ok(corpus)
}
