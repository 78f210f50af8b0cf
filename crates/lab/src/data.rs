//! Crops to train on and windows to measure with, drawn so that any step of a run can be drawn again.

use gradbook_audio::{Clip, Corpus, Level};
use gradbook_autograd::{Shape, Stream, Tensor};
use ndarray_rand::rand::Rng as _;

use crate::{Crops, Error};

/// Tells the stream of crops from those of the model.
const CROPS: u64 = u64::MAX;

/// A batch of random crops `[crop, frame, mel]`: clips drawn uniformly, then a place in the clip. Which crops a step
/// sees depends on seed and step alone.
///
/// # Errors
/// If frames kept on disk can no longer be read.
pub fn batch(
    clips: &[Clip],
    count: usize,
    frames: usize,
    seed: u64,
    step: u64,
    crops: Crops,
) -> Result<Tensor<f32>, Error> {
    Ok(drawn(clips, count, frames, (seed, step), crops)?.0)
}

/// The same, and what each crop is standardized with.
pub(crate) fn drawn(
    clips: &[Clip],
    count: usize,
    frames: usize,
    (seed, step): (u64, u64),
    crops: Crops,
) -> Result<(Tensor<f32>, Vec<&Level>), Error> {
    let mut rng = Stream::new(seed, step, CROPS).next_use();
    let (mut elements, mut levels) = (Vec::new(), Vec::new());
    let all: usize = clips.iter().map(|clip| clip.frame_count() / frames).sum();
    for _ in 0..count {
        let (clip, start) = match crops {
            Crops::Anywhere => {
                let clip = &clips[rng.random_range(0..clips.len())];
                (clip, rng.random_range(0..=clip.frame_count() - frames))
            }
            Crops::Windows { shift } => {
                let mut window = rng.random_range(0..all);
                let mut which = clips.iter();
                let mut clip = which.next().expect("clips were checked");
                while window >= clip.frame_count() / frames {
                    window -= clip.frame_count() / frames;
                    clip = which.next().expect("fewer windows than there are");
                }
                let moved = (window * frames + rng.random_range(0..=2 * shift)).saturating_sub(shift);
                (clip, moved.min(clip.frame_count() - frames))
            }
        };
        elements.extend(clip.crop(start, frames)?.iter());
        levels.push(clip.level());
    }
    let mels = elements.len() / (count * frames);
    Ok((Tensor::new([count, frames, mels], elements), levels))
}

/// Clips in consecutive windows `[window, frame, mel]`; a rest shorter than a window is left out.
///
/// # Errors
/// If frames kept on disk can no longer be read.
pub fn windows(clips: &[Clip], frames: usize) -> Result<Tensor<f32>, Error> {
    crops(clips, &places(clips, frames), frames)
}

/// Where the consecutive windows of clips are: which clip, from which frame on.
pub fn places(clips: &[Clip], frames: usize) -> Vec<(usize, usize)> {
    let of = |(i, clip): (usize, &Clip)| {
        (0..=clip.frame_count() - frames).step_by(frames).map(move |start| (i, start)).collect::<Vec<_>>()
    };
    clips.iter().enumerate().flat_map(of).collect()
}

/// The frames at these places `[place, frame, mel]`. No others are read where they are kept on disk.
///
/// # Errors
/// If they can no longer be read.
pub fn crops(clips: &[Clip], places: &[(usize, usize)], frames: usize) -> Result<Tensor<f32>, Error> {
    let mut elements = Vec::new();
    for &(clip, start) in places {
        elements.extend(clips[clip].crop(start, frames)?.iter());
    }
    let mels = elements.len() / (places.len() * frames);
    Ok(Tensor::new([places.len(), frames, mels], elements))
}

/// Rows of a batch.
pub fn slice(batch: &Tensor<f32>, rows: std::ops::Range<usize>) -> Tensor<f32> {
    pick(batch, rows)
}

/// Some rows of a batch, in this order.
pub fn pick(batch: &Tensor<f32>, rows: impl ExactSizeIterator<Item = usize>) -> Tensor<f32> {
    let size = batch.shape().size() / batch.shape()[0];
    let shape = Shape::new(&[&[rows.len()], &batch.shape()[1..]].concat());
    Tensor::build(shape, |out| {
        let places = out.chunks_mut(size).zip(rows);
        places.for_each(|(out, row)| out.copy_from_slice(&batch.as_slice()[row * size..][..size]));
    })
}

/// Refuses corpora whose clips are too short for a crop.
///
/// # Errors
/// Naming the first such clip.
pub fn check(corpus: &Corpus, frames: usize) -> Result<(), Error> {
    let short = corpus.clips().find(|(_, clip)| clip.frame_count() < frames);
    short.map_or(Ok(()), |(_, clip)| {
        Err(Error::Request(format!(
            "{} has {} frames, a crop {frames}\n  rule: set data.mel.min_frames to at least train.crop, so that short clips are padded",
            clip.name(),
            clip.frame_count()
        )))
    })
}
