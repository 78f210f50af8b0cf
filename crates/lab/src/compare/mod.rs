//! Several recipes on the same corpus, with several seeds, in one table with the row that needs no network.

mod ablate;
mod budget;
mod plan;
mod statistics;
pub mod sweep;
mod table;

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use gradbook_audio::{Corpus, CorpusConfig};
use rayon::ThreadPoolBuilder;

use crate::{
    Ending, Error, Existing, Recipe, Run, RunFolder, Status, Summary, Training, baseline, gather,
    report::RunReport,
};

pub use ablate::Ablation;
pub use budget::{Budget, Cost};
pub use statistics::{Spread, paired};
pub use table::{Table, table};

/// Clusters of the frames if no run has a codebook to take the number from.
const CODES: usize = 512;

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

/// A comparison: what is trained how often, at what expense.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The recipes, of different names.
    pub recipes: Vec<Recipe>,
    /// How many seeds each: its own and those that follow.
    pub seeds: u64,
    /// What all have the same of.
    pub budget: Budget,
    /// Whether the arithmetic of the runs is counted, which takes some steps and a seeding of each recipe.
    pub count: bool,
}

/// One run of a comparison.
struct Job {
    recipe: Recipe,
    folder: RunFolder,
    /// Whether it is shown in full: the first seed is.
    first: bool,
}

impl Comparison {
    /// Trains everything, each run in its folder below `folder`, and measures k-means on the frames. As many runs as keep
    /// all threads busy go on at a time; no bit depends on it. `watch` is told the number of the run (all seeds of the first
    /// recipe, then of the next) with its status. Raising `stop` ends the comparison after saving the runs in progress.
    /// Returned are the runs that were begun, in the order of their numbers.
    ///
    /// # Errors
    /// The first recipe that cannot work, before any is trained; a run that fails; files that cannot be read or written.
    pub fn run(
        &self,
        corpus: &Corpus,
        folder: &RunFolder,
        existing: Existing,
        stop: &AtomicBool,
        watch: &(dyn Fn(usize, &Status<'_>) + Sync),
    ) -> Result<Vec<RunReport>, Error> {
        self.admit(folder, existing)?;
        for recipe in &self.recipes {
            Training::new(recipe.clone(), corpus)?;
        }
        let _common = folder.claim(Existing::Resume)?;
        let recipes = self.within_budget(corpus, folder, existing)?;
        let jobs = self.jobs(&recipes, folder);
        let mut reports = drive(&jobs, corpus, existing, stop, watch)?;
        if self.count && !stop.load(Ordering::Relaxed) {
            let costs =
                recipes.iter().map(|recipe| Cost::flops(recipe, corpus)).collect::<Result<Vec<_>, _>>()?;
            for (i, report) in &mut reports {
                let summary = &mut report.summary;
                summary.teraflop = Some(costs[*i / self.seeds as usize].until(summary.steps as u64) / 1e12);
            }
        }
        let complete = reports.len() == jobs.len() && !stop.load(Ordering::Relaxed);
        let mut reports: Vec<RunReport> = reports.into_iter().map(|(_, report)| report).collect();
        if let (Some(first), true) = (recipes.first(), complete) {
            let codes = reports.iter().find_map(|run| baseline::codes(&run.summary)).unwrap_or(CODES);
            for seed in 0..self.seeds {
                let seed = first.train.seed.wrapping_add(seed);
                reports.push(RunReport::of(baseline::frames_kmeans(corpus, codes, first.train.crop, seed)?));
            }
        }
        Ok(reports)
    }

    /// What runs are called, in the order of their numbers.
    pub fn names(&self) -> Vec<String> {
        let name = |recipe: &Recipe, seed| match self.seeds {
            1 => recipe.name.clone(),
            _ => format!("{} seed {}", recipe.name, recipe.train.seed.wrapping_add(seed)),
        };
        self.recipes.iter().flat_map(|recipe| (0..self.seeds).map(move |seed| name(recipe, seed))).collect()
    }

    /// Whether it may begin below `folder`, or go on: what can be said before any recording is read.
    ///
    /// # Errors
    /// If a run is there that is not to be touched, or that another process is at.
    pub fn admit(&self, folder: &RunFolder, existing: Existing) -> Result<(), Error> {
        self.jobs(&self.recipes, folder).iter().try_for_each(|job| job.folder.admit(existing))
    }

    fn jobs(&self, recipes: &[Recipe], folder: &RunFolder) -> Vec<Job> {
        let job = |recipe: &Recipe, seed: u64| {
            let mut recipe = recipe.clone();
            recipe.train.seed = recipe.train.seed.wrapping_add(seed);
            let mut path = folder.path().join(&recipe.name);
            if self.seeds > 1 {
                path = path.join(format!("seed-{}", recipe.train.seed));
            }
            Job { recipe, folder: RunFolder::new(path), first: seed == 0 }
        };
        recipes.iter().flat_map(|recipe| (0..self.seeds).map(move |seed| job(recipe, seed))).collect()
    }
}

/// Runs jobs, several at a time if a run has less to share out than there are threads. Each is returned with its number.
fn drive(
    jobs: &[Job],
    corpus: &Corpus,
    existing: Existing,
    stop: &AtomicBool,
    watch: &(dyn Fn(usize, &Status<'_>) + Sync),
) -> Result<Vec<(usize, RunReport)>, Error> {
    let threads = rayon::current_num_threads();
    let shards = jobs.iter().map(|job| job.recipe.train.shards).max().unwrap_or(1);
    let lanes = (threads / shards).clamp(1, jobs.len().max(1));
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let done = Mutex::new(Vec::new());
    let lane = || -> Result<(), Error> {
        while !stop.load(Ordering::Relaxed) && !failed.load(Ordering::Relaxed) {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(i) else { break };
            let mut run = Run::open(job.recipe.clone(), corpus, job.folder.clone(), existing)?;
            let ending = run.drive(stop, &mut |status| watch(i, status))?;
            let report = if job.first || ending == Ending::Interrupted {
                gather(&mut run)?
            } else {
                let found = run.training.evaluate();
                RunReport {
                    history: run.history.clone(),
                    ..RunReport::of(run.training.summary(&found, run.test.as_ref()))
                }
            };
            done.lock().unwrap_or_else(PoisonError::into_inner).push((i, report));
        }
        Ok(())
    };
    let guarded = || lane().inspect_err(|_| failed.store(true, Ordering::Relaxed));
    if lanes == 1 {
        guarded()?;
    } else {
        let pools = (0..lanes).map(|_| ThreadPoolBuilder::new().num_threads(threads / lanes).build());
        let pools =
            pools.collect::<Result<Vec<_>, _>>().map_err(|error| Error::Request(error.to_string()))?;
        std::thread::scope(|scope| {
            let running: Vec<_> = pools.iter().map(|pool| scope.spawn(|| pool.install(guarded))).collect();
            let ended = running
                .into_iter()
                .map(|lane| lane.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            ended.collect::<Vec<_>>().into_iter().collect::<Result<(), Error>>()
        })?;
    }
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(i, _)| *i);
    Ok(done)
}

/// The summaries of reports.
pub fn summaries(reports: &[RunReport]) -> Vec<Summary> {
    reports.iter().map(|report| report.summary.clone()).collect()
}
