//! Writing: everything into memory, its checksum into the header, then one atomic replacement of the old file.

use std::{
    borrow::Cow,
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use gradbook_autograd::Tensor;
use safetensors::{Dtype, View};

use super::{CheckpointError, Element, Header, KEY};
use crate::{State, Value};

/// A tensor as the file holds it.
pub(crate) struct Blob {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

impl View for &Blob {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

impl Blob {
    pub fn tensor<T: Element>(x: &Tensor<T>) -> Self {
        Self { dtype: T::DTYPE, shape: x.shape().to_vec(), bytes: T::to_bytes(x.as_slice()) }
    }

    fn new<T: Element>(value: &Value<T>) -> Self {
        match value {
            Value::Tensor(x) => Self::tensor(x),
            Value::Counts(counts) => {
                let bytes = counts.iter().flat_map(|n| n.to_le_bytes()).collect();
                Self { dtype: Dtype::U64, shape: vec![counts.len()], bytes }
            }
        }
    }
}

/// Saves the state of several parts of a training run under `path`, replacing what was there *only once all is safely
/// on disk*: a full disk or a kill in the middle leaves the previous checkpoint as it was.
///
/// ```
/// use gradbook_autograd::{ParamStore, Role, Tensor};
/// use gradbook_nn::{Optimizer, OptimizerConfig, checkpoint};
/// # let folder = tempfile::tempdir().unwrap();
/// let mut store = ParamStore::<f32>::new();
/// let w = store.add("w", Tensor::filled([2], 0.5), Role::Trainable);
/// let mut adam = Optimizer::new(OptimizerConfig::adam(1e-3), &store).unwrap();
/// let path = folder.path().join("run.safetensors");
/// let header = checkpoint::Header { step: 40, seed: 7, config: "rate = 1e-3".into() };
/// checkpoint::save(&path, &header, &[("model", &store), ("optimizer", &adam)])?;
///
/// store.get_mut(w).as_mut_slice().fill(9.0);
/// let file = checkpoint::Checkpoint::read(&path)?;
/// file.restore(&mut [("model", &mut store), ("optimizer", &mut adam)])?;
/// assert_eq!((file.header().step, store.get(w).as_slice()), (40, &[0.5, 0.5][..]));
/// # Ok::<(), checkpoint::CheckpointError>(())
/// ```
///
/// # Errors
/// [`CheckpointError::Io`] if the file cannot be written.
pub fn save<T: Element>(
    path: &Path,
    header: &Header,
    sections: &[(&str, &dyn State<T>)],
) -> Result<(), CheckpointError> {
    let mut blobs = Vec::new();
    for (section, part) in sections {
        blobs
            .extend(part.state().iter().map(|(name, value)| (format!("{section}/{name}"), Blob::new(value))));
    }
    blobs.sort_by(|a, b| a.0.cmp(&b.0));
    let checksum = header.checksum(blobs.iter().map(|(name, blob)| (&name[..], &blob.bytes[..])));
    let text = header.to_text(checksum);
    write_tensors(path, &blobs, Some((KEY, text)))
}

/// Writes tensors as a safetensors file, atomically.
pub(crate) fn write_tensors(
    path: &Path,
    blobs: &[(String, Blob)],
    metadata: Option<(&str, String)>,
) -> Result<(), CheckpointError> {
    let failed = |source| CheckpointError::Io { action: "write", path: path.to_path_buf(), source };
    // A single entry, because the format's map has no order and equal runs shall give equal files.
    let metadata = metadata.map(|(key, text)| [(key.to_string(), text)].into());
    let bytes = safetensors::serialize(blobs.iter().map(|(name, blob)| (name, blob)), metadata)
        .map_err(|error| failed(io::Error::other(error)))?;
    replace(path, |file| file.write_all(&bytes)).map_err(failed)
}

/// Writes a file beside `path`, makes sure of it, and puts it in its place in one step.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::other("the path names no file"))?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let partial = folder.join(format!(".{}.partial", name.to_string_lossy()));
    let written = File::create(&partial).and_then(|mut file| {
        write(&mut file)?;
        file.sync_all()?;
        fs::rename(&partial, path)
    });
    if written.is_err() {
        _ = fs::remove_file(&partial); // the first error is the one to report
        return written;
    }
    // The new name is safe once the folder is.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_fills_up_leaves_the_previous_file_and_no_debris() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run.safetensors");
        let names = || -> Vec<_> {
            fs::read_dir(folder.path())
                .expect("a folder")
                .map(|entry| entry.expect("an entry").file_name())
                .collect()
        };
        let beside = |file: &mut File| {
            assert_eq!(
                names(),
                [".run.safetensors.partial"],
                "written beside it: a rename must not cross disks"
            );
            file.write_all(b"before")
        };
        replace(&path, beside).expect("room for six bytes");
        let error = replace(&path, |file| {
            file.write_all(b"aft")?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .expect_err("the disk is full");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read(&path).expect("still there"), b"before");
        assert_eq!(names(), ["run.safetensors"]);
    }
}
