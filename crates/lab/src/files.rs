//! Files that appear whole or not at all: written beside the target, then renamed over it.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use crate::Error;

/// Replaces the file at `path`.
///
/// # Errors
/// If the folder cannot be written; then the old file is as it was.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = path.with_file_name(format!(".{name}.partial"));
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
