//! Files that appear whole or not at all: write beside the target, then rename over it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};

/// Calls `fill` on a new file beside `path`, then renames it to `path`. On any failure the new file is removed and
/// `path` is untouched.
pub(crate) fn write<T>(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<T>) -> Result<T> {
    let draft = draft_name(path);
    let attempt = || {
        let mut file = File::create_new(&draft)?;
        let value = fill(&mut file)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        Ok(value)
    };
    attempt().map_err(|source| {
        // The first error is the one worth telling.
        let _ = fs::remove_file(&draft);
        Error::Io { path: path.into(), source }
    })
}

/// A hidden name beside `path` that no other thread or process uses. It is short, however long the name of `path` is.
fn draft_name(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    path.with_file_name(format!(".gradbook-{}-{count}.tmp", std::process::id()))
}
