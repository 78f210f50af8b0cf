//! Reading: nothing in the file is believed before it is checked, and nothing is loaded before all of it fits.

use std::{
    collections::BTreeMap,
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use gradbook_autograd::Tensor;
use safetensors::{Dtype, SafeTensors};

use super::{CheckpointError, Difference, Element, FORMAT, Header, KEY, Origin};
use crate::{State, Value};

/// A checkpoint file in memory, sound by its checksum.
#[derive(Debug)]
pub struct Checkpoint {
    file: TensorFile,
    header: Header,
}

impl Checkpoint {
    /// Reads and checks a file written by [`save`](super::save).
    ///
    /// # Errors
    /// [`CheckpointError::Io`], [`CheckpointError::Damaged`] or [`CheckpointError::Foreign`].
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let file = TensorFile::read(path)?;
        let text = file.metadata.get(KEY).ok_or_else(|| file.damaged("it has no header of ours"))?;
        if let Ok(Origin { format, program }) = serde_json::from_str(text)
            && format != FORMAT
        {
            return Err(CheckpointError::Foreign { path: path.to_path_buf(), program, format });
        }
        let (header, checksum) = Header::from_text(text).map_err(|error| file.damaged(error))?;
        if checksum
            != header.checksum(file.entries.iter().map(|(name, entry)| (&name[..], file.bytes(entry))))
        {
            return Err(file.damaged("its checksum does not match its contents"));
        }
        Ok(Self { file, header })
    }

    /// Step, seed and configuration.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The shape of a tensor, as in `model/quantizer.codebook`: what to build a model with whose shapes change in
    /// training.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        Some(&self.file.entries.get(name)?.shape)
    }

    /// Restores parts of a training run. Sections of the file that nobody asks for are left alone.
    ///
    /// # Errors
    /// [`CheckpointError::Mismatch`] with *every* difference; then nothing was changed.
    pub fn restore<T: Element>(
        &self,
        sections: &mut [(&str, &mut dyn State<T>)],
    ) -> Result<(), CheckpointError> {
        let mut differences = Vec::new();
        let mut states = Vec::new();
        for (section, part) in sections.iter() {
            let prefix = format!("{section}/");
            let mut unexpected: Vec<&String> =
                self.file.entries.keys().filter(|name| name.starts_with(&prefix)).collect();
            let mut state = Vec::new();
            for (name, own) in part.state() {
                let name = prefix.clone() + &name;
                unexpected.retain(|other| **other != name);
                let (dtype, shape) = match &own {
                    Value::Tensor(x) => (T::DTYPE, x.shape().to_vec()),
                    Value::Counts(counts) => (Dtype::U64, vec![counts.len()]),
                };
                match self.file.entry(&name, dtype, &shape) {
                    Err(difference) => differences.push(difference),
                    Ok(bytes) => state.push(match own {
                        Value::Tensor(x) => Value::Tensor(Tensor::new(*x.shape(), T::from_bytes(bytes))),
                        Value::Counts(_) => Value::Counts(
                            bytes.as_chunks().0.iter().map(|n| u64::from_le_bytes(*n)).collect(),
                        ),
                    }),
                }
            }
            differences.extend(unexpected.into_iter().cloned().map(Difference::Unexpected));
            states.push(state);
        }
        if !differences.is_empty() {
            return Err(CheckpointError::Mismatch { path: self.file.path.clone(), differences });
        }
        sections.iter_mut().zip(states).for_each(|((_, part), state)| part.set_state(state));
        Ok(())
    }
}

/// Where a tensor lies in a file.
#[derive(Debug)]
pub(crate) struct Entry {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    place: Range<usize>,
}

/// A safetensors file in memory.
#[derive(Debug)]
pub(crate) struct TensorFile {
    path: PathBuf,
    bytes: Vec<u8>,
    metadata: BTreeMap<String, String>,
    pub entries: BTreeMap<String, Entry>,
}

impl TensorFile {
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let bytes = fs::read(path).map_err(|source| CheckpointError::Io {
            action: "read",
            path: path.to_path_buf(),
            source,
        })?;
        let mut file =
            Self { path: path.to_path_buf(), bytes, metadata: BTreeMap::new(), entries: BTreeMap::new() };
        let (start, found) = match SafeTensors::read_metadata(&file.bytes) {
            Ok((length, found)) => (length + size_of::<u64>(), found),
            Err(error) => return Err(file.damaged(error.to_string())),
        };
        for (name, info) in found.tensors() {
            let (from, to) = info.data_offsets;
            let place = start + from..start + to;
            if file.bytes.get(place.clone()).is_none() {
                return Err(file.damaged(format!("`{name}` lies outside of the file")));
            }
            file.entries.insert(name, Entry { dtype: info.dtype, shape: info.shape.clone(), place });
        }
        file.metadata = found.metadata().iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
        Ok(file)
    }

    pub fn bytes(&self, entry: &Entry) -> &[u8] {
        &self.bytes[entry.place.clone()]
    }

    /// The bytes of a tensor of this type and shape.
    pub fn entry(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<&[u8], Difference> {
        let entry = self.entries.get(name).ok_or_else(|| Difference::Missing(name.to_string()))?;
        if entry.dtype != dtype {
            let (expected, found) = (dtype.to_string(), entry.dtype.to_string());
            return Err(Difference::Type { name: name.to_string(), expected, found });
        }
        if entry.shape != shape {
            let (expected, found) = (shape.to_vec(), entry.shape.clone());
            return Err(Difference::Shape { name: name.to_string(), expected, found });
        }
        Ok(self.bytes(entry))
    }

    pub fn damaged(&self, what: impl Into<String>) -> CheckpointError {
        CheckpointError::Damaged { path: self.path.clone(), what: what.into() }
    }
}
