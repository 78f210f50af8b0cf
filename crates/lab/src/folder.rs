//! [`RunFolder`]: where a run keeps its recipe, metrics, checkpoint, summary and report.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use gradbook_audio::Corpus;

use crate::{Error, Progress, Recipe, Registry, Summary, files, lock::Lock};

/// The folder of a run. Every file is replaced in one step or appended to by whole lines, so the program may be killed
/// at any moment.
#[derive(Clone, Debug)]
pub struct RunFolder(PathBuf);

/// What to do about a run that is already there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// Leave it alone and say so.
    #[default]
    Refuse,
    /// Go on where it was interrupted.
    Resume,
    /// Start over.
    Replace,
}

impl RunFolder {
    /// The run in `path`, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The recipe the run follows, with the standardization of its corpus.
    pub fn recipe(&self) -> PathBuf {
        self.0.join("recipe.toml")
    }

    /// A [`Progress`] per line.
    pub fn metrics(&self) -> PathBuf {
        self.0.join("metrics.jsonl")
    }

    /// Which clip is in which set: a table of `set, clip, group, first_frame, frames`.
    pub fn split(&self) -> PathBuf {
        self.0.join("split.csv")
    }

    /// Everything needed to go on.
    pub fn checkpoint(&self) -> PathBuf {
        self.0.join("checkpoint.safetensors")
    }

    /// The checkpoint at a step of `train.keep`.
    pub fn kept(&self, step: u64) -> PathBuf {
        self.0.join(format!("checkpoint-{step}.safetensors"))
    }

    /// The model at its best evaluation, where the recipe stops early (`train.patience`).
    pub fn best(&self) -> PathBuf {
        self.0.join("best.safetensors")
    }

    /// The checkpoint of the model to use: the best where there is one, else the last.
    pub fn model(&self) -> PathBuf {
        let best = self.best();
        if best.exists() { best } else { self.checkpoint() }
    }

    /// The [`Summary`] as of the last checkpoint.
    pub fn summary(&self) -> PathBuf {
        self.0.join("summary.json")
    }

    /// The page to look at.
    pub fn report(&self) -> PathBuf {
        self.0.join("report.html")
    }

    /// Whether a run is there.
    pub fn holds_run(&self) -> bool {
        self.recipe().exists()
    }

    /// Whether a run may begin here, or go on: what can be said before any recording is read.
    ///
    /// # Errors
    /// If a run is there that is not to be touched, or that another process is at.
    pub fn admit(&self, existing: Existing) -> Result<(), Error> {
        if self.holds_run() && existing == Existing::Refuse {
            return Err(Error::Request(format!(
                "{} holds a run already\n  --resume goes on with it, --overwrite starts over, --out names another folder",
                self.0.display()
            )));
        }
        if self.0.is_dir() { Lock::take(&self.0).map(drop) } else { Ok(()) }
    }

    /// Makes the folder and takes it for this process.
    pub(crate) fn claim(&self, existing: Existing) -> Result<Lock, Error> {
        self.admit(existing)?;
        fs::create_dir_all(&self.0).map_err(Error::io("create the folder", &self.0))?;
        Lock::take(&self.0)
    }

    /// Removes the run that is there, for a new one.
    pub(crate) fn clear(&self) -> Result<(), Error> {
        let is_kept = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("checkpoint-") && name.ends_with(".safetensors")
        };
        let inside = fs::read_dir(&self.0).into_iter().flatten().flatten().map(|entry| entry.path());
        let files =
            [self.recipe(), self.split(), self.checkpoint(), self.best(), self.summary(), self.report()];
        let metrics = [self.metrics(), self.csv(), self.events()];
        for old in files.into_iter().chain(metrics).chain(inside.filter(is_kept)) {
            match fs::remove_file(&old) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::io("replace", old)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes down which clip is in which set.
    pub(crate) fn write_split(&self, corpus: &Corpus) -> Result<(), Error> {
        let mut table = csv::Writer::from_writer(Vec::new());
        let mut row = |cells: [&str; 5]| table.write_record(cells).expect("text can be written to memory");
        row(["set", "clip", "group", "first_frame", "frames"]);
        for (set, clip) in corpus.clips() {
            let (first, count) = (clip.part().start.to_string(), clip.frame_count().to_string());
            row([&set.to_string(), clip.name(), clip.group().unwrap_or(""), &first, &count]);
        }
        files::replace(&self.split(), &table.into_inner().expect("memory holds it"))
    }

    /// The recipe of the run that is there.
    ///
    /// # Errors
    /// If there is none, if it cannot be read, or names a kind that is not in the registry.
    pub fn read_recipe(&self, registry: &Registry) -> Result<Recipe, Error> {
        if !self.holds_run() {
            return Err(Error::Request(format!(
                "{} holds no run: there is no recipe.toml\n  `gradbook train` makes one",
                self.0.display()
            )));
        }
        registry.read(&self.recipe())
    }

    /// The summary of the run that is there, if it can be read.
    pub fn read_summary(&self) -> Option<Summary> {
        serde_json::from_str(&fs::read_to_string(self.summary()).ok()?).ok()
    }

    /// Adds a row to the metrics.
    pub(crate) fn append(&self, row: &Progress) -> Result<(), Error> {
        let path = self.metrics();
        let line = to_json(row) + "\n";
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(Error::io("write", &path))?;
        file.write_all(line.as_bytes()).map_err(Error::io("write", path))?;
        self.export_row(row)
    }

    /// Keeps the rows up to `step` and forgets later ones, which will come again.
    pub(crate) fn cut(&self, step: u64) -> Result<Vec<Progress>, Error> {
        let (rows, kept) = self.rows_until(step)?;
        files::replace(&self.metrics(), kept.as_bytes())?;
        self.export(&rows)?;
        Ok(rows)
    }

    /// The rows up to `step`, and as they are written. A line that was cut short when the program was killed ends the file.
    pub(crate) fn rows_until(&self, step: u64) -> Result<(Vec<Progress>, String), Error> {
        let path = self.metrics();
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            other => other.map_err(Error::io("read", &path))?,
        };
        let (mut rows, mut kept) = (Vec::new(), String::new());
        for line in text.lines() {
            let Ok(row) = serde_json::from_str::<Progress>(line) else { break };
            if row.step as u64 > step {
                break;
            }
            rows.push(row);
            kept += line;
            kept.push('\n');
        }
        Ok((rows, kept))
    }
}

/// Plain rows as JSON.
pub(crate) fn to_json(row: &impl serde::Serialize) -> String {
    serde_json::to_string(row).expect("numbers and strings can be written as JSON")
}
