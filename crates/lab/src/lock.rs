//! [`Lock`]: a run folder belongs to one process at a time.
//!
//! The system holds the lock, not the file: it ends with the process that took it, however that ends. So a lock is never
//! stale, and a process id that is given out again does no harm. The id in the file is for people to read.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{ErrorKind, Write},
    path::Path,
};

use crate::Error;

const NAME: &str = ".lock";

/// Held while it lives.
pub(crate) struct Lock(File);

impl Lock {
    /// Takes the lock of a folder, which is there.
    ///
    /// # Errors
    /// If another process has it, or the folder cannot be written.
    pub fn take(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(NAME);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = file.map_err(Error::io("write", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            // Some file systems know no locks: there the folder is trusted as it is.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", path)(error)),
            Err(TryLockError::WouldBlock) => {
                let id = fs::read_to_string(&path).unwrap_or_default();
                let owner = if id.trim().is_empty() {
                    "another process".into()
                } else {
                    format!("process {}", id.trim())
                };
                return Err(Error::Request(format!(
                    "{} is being written by {owner}\n  wait for it or stop it, or name another folder with --out",
                    folder.display()
                )));
            }
        }
        let write = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        write.map_err(Error::io("write", path))?;
        Ok(Self(file))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        _ = self.0.set_len(0); // no process has it now; the file stays, so that nobody locks one that is being removed
    }
}
