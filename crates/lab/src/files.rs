//! Files that appear whole or not at all: written beside the target, then renamed over it.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use crate::Error;

/// Replaces the file at `path`; what is no file (a pipe, a terminal) is written to.
///
/// # Errors
/// If the folder cannot be written; then the old file is as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return fs::write(path, bytes).map_err(Error::io("write", path));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let start: String = name.chars().take(50).collect(); // a long name would leave no room for the ending
    let partial = path.with_file_name(format!(".{start}.partial"));
    let attempt = || -> io::Result<()> {
        let mut file = File::create(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    attempt().map_err(|source| {
        _ = fs::remove_file(&partial); // the first error is the one to report
        Error::io("write", path)(source)
    })
}
