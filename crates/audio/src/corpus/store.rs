//! Where frames live: in memory, or in one file on disk that is read a crop at a time.
//!
//! The file is `frames (f32, little-endian) | index (JSON) | length of the index (u64) | MAGIC`. Clips are appended
//! as they are computed, in any order; the index knows where each begins.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::{Array2, s};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::standardize::Moments;

const MAGIC: &[u8; 8] = b"GBFRAME2";

/// The log-mel frames `[frame, mel]` of one clip.
#[derive(Clone, Debug)]
pub(super) enum Frames {
    Memory(Array2<f32>),
    Disk { file: Arc<FrameFile>, entry: Entry },
}

impl Frames {
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Memory(frames) => frames.nrows(),
            Self::Disk { entry, .. } => entry.frames,
        }
    }

    /// `frames` frames from `start`; the caller keeps within bounds.
    pub(super) fn crop(&self, start: usize, frames: usize) -> Result<Array2<f32>> {
        match self {
            Self::Memory(all) => Ok(all.slice(s![start..start + frames, ..]).to_owned()),
            Self::Disk { file, entry } => file.read(entry, start, frames),
        }
    }
}

/// Where a clip begins in the file, and its moments.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    offset: u64,
    frames: usize,
    mels: usize,
    /// Bit patterns, because JSON numbers need not come back to the last bit.
    sum: u64,
    squares: u64,
    /// Of the recording.
    hash: u64,
}

impl Entry {
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    pub(super) fn moments(&self) -> Moments {
        let count = (self.frames * self.mels) as u64;
        Moments { count, sum: f64::from_bits(self.sum), squares: f64::from_bits(self.squares) }
    }
}

/// Per recording, in order: its entry, or the reason it has none.
pub(super) type Entries = Vec<Result<Entry, String>>;

/// What the index holds besides: the key the file answers to.
#[derive(Serialize, Deserialize)]
struct Index {
    key: String,
    entries: Entries,
}

/// Writes clips as they come, from any thread.
pub(super) struct FrameWriter<'a>(Mutex<(BufWriter<&'a mut File>, u64)>);

impl<'a> FrameWriter<'a> {
    pub(super) fn new(file: &'a mut File) -> Self {
        Self(Mutex::new((BufWriter::new(file), 0)))
    }

    pub(super) fn append(&self, frames: &Array2<f32>, hash: u64) -> io::Result<Entry> {
        let moments = Moments::of(frames);
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (out, end) = &mut *guard;
        let offset = *end;
        for value in frames {
            out.write_all(&value.to_le_bytes())?;
        }
        *end += frames.len() as u64 * 4;
        let (sum, squares) = (moments.sum.to_bits(), moments.squares.to_bits());
        Ok(Entry { offset, frames: frames.nrows(), mels: frames.ncols(), sum, squares, hash })
    }

    pub(super) fn finish(self, key: &str, entries: Entries) -> io::Result<()> {
        let (mut out, _) = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let index = serde_json::to_vec(&Index { key: key.into(), entries })?;
        out.write_all(&index)?;
        out.write_all(&(index.len() as u64).to_le_bytes())?;
        out.write_all(MAGIC)?;
        out.flush()
    }
}

/// An open file of frames.
#[derive(Debug)]
pub(super) struct FrameFile {
    path: PathBuf,
    file: Mutex<File>,
}

impl FrameFile {
    /// Opens the file if it is whole and answers to `key`.
    pub(super) fn open(path: &Path, key: &str) -> Option<(Arc<Self>, Entries)> {
        let mut file = File::open(path).ok()?;
        let tail = MAGIC.len() as u64 + 8;
        let end = file.seek(SeekFrom::End(0)).ok()?.checked_sub(tail)?;
        let mut bytes = [0; 16];
        file.seek(SeekFrom::Start(end)).ok()?;
        file.read_exact(&mut bytes).ok()?;
        let length = u64::from_le_bytes(bytes[..8].try_into().ok()?);
        let start = end.checked_sub(length).filter(|_| &bytes[8..] == MAGIC)?;
        file.seek(SeekFrom::Start(start)).ok()?;
        let index: Index = serde_json::from_reader(io::BufReader::new((&file).take(length))).ok()?;
        let inside = |e: &Entry| {
            let bytes = (e.frames as u64).checked_mul(e.mels as u64).and_then(|n| n.checked_mul(4));
            bytes.and_then(|n| n.checked_add(e.offset)).is_some_and(|last| last <= start)
        };
        let sound = index.key == key && index.entries.iter().flatten().all(inside);
        sound.then(|| (Arc::new(Self { path: path.into(), file: Mutex::new(file) }), index.entries))
    }

    fn read(&self, entry: &Entry, start: usize, frames: usize) -> Result<Array2<f32>> {
        let mut bytes = vec![0; frames * entry.mels * 4];
        let position = entry.offset + (start * entry.mels * 4) as u64;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(position))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|source| Error::Io { path: self.path.clone(), source })?;
        let values = bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        Ok(Array2::from_shape_vec((frames, entry.mels), values).expect("as many values as were asked for"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_used_if_it_answers_to_the_key_and_all_of_its_clips_lie_inside() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("frames");
        let write = |edit: &dyn Fn(&mut Entry)| {
            let mut file = File::create(&path).expect("a file");
            let writer = FrameWriter::new(&mut file);
            let mut entry = writer.append(&Array2::ones((3, 2)), 7).expect("on disk"); // 24 bytes
            edit(&mut entry);
            writer.finish("key", vec![Ok(entry), Err("no sound".into())]).expect("on disk");
        };
        write(&|_| {});
        let (file, entries) = FrameFile::open(&path, "key").expect("whole");
        let entry = entries[0].clone().expect("a clip");
        assert_eq!(file.read(&entry, 1, 2).expect("on disk"), Array2::<f32>::ones((2, 2)));
        assert!(FrameFile::open(&path, "another key").is_none());
        for edit in [
            &(|e: &mut Entry| e.frames = 4) as &dyn Fn(&mut Entry),
            &|e| e.mels = 3,
            &|e| e.offset = 1,
            &|e| e.frames = usize::MAX,
        ] {
            write(edit);
            assert!(FrameFile::open(&path, "key").is_none(), "a clip beyond the end");
        }
    }
}
