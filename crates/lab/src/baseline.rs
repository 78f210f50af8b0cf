//! The row every comparison needs: k-means on the frames themselves, no network. A VQ-VAE that does not beat it has
//! learned nothing.

use std::time::Instant;

use gradbook_audio::{Clip, Corpus};
use gradbook_autograd::{Rng, Tensor};
use gradbook_vq::{
    Codes,
    diagnostics::Usage,
    kmeans::{Start, kmeans},
    search::nearest,
};
use ndarray_rand::rand::SeedableRng;

use crate::{Error, Evaluation, Figures, Summary, data};

/// The name of the row.
pub const NAME: &str = "frames-kmeans";
/// Of more training frames than these, every second, third … is taken.
const MOST_FRAMES: usize = 1 << 18;
/// Rounds of Lloyd's algorithm.
const ROUNDS: usize = 20;

/// A codebook of more codes than this is no measure for the frames.
const MOST_CODES: f64 = 4096.0;

/// With how many codes k-means stands beside a run: as many as each of its slots has, if it has any and k-means can have
/// as many.
pub fn codes(run: &Summary) -> Option<usize> {
    Some(run.last().usage.as_ref()?.codes).filter(|codes| *codes <= MOST_CODES).map(|codes| codes as usize)
}

/// Clusters the training frames into `codes` centers and measures them on the windows of `window` frames of the other clips.
///
/// # Errors
/// If frames cannot be read.
pub fn frames_kmeans(corpus: &Corpus, codes: usize, window: usize, seed: u64) -> Result<Summary, Error> {
    let start = Instant::now();
    let mels = corpus.mel.mels;
    let all: usize = corpus.train.iter().map(|clip| clip.frame_count()).sum();
    let every = all.div_ceil(MOST_FRAMES);
    let (mut frames, mut passed) = (Vec::new(), 0);
    for clip in &corpus.train {
        for (i, frame) in clip.frames()?.rows().into_iter().enumerate() {
            if (passed + i).is_multiple_of(every) {
                frames.extend(frame.iter());
            }
        }
        passed += clip.frame_count();
    }
    let frames = Tensor::new([frames.len() / mels, mels], frames);
    let centers = kmeans(&frames, codes, ROUNDS, Start::PlusPlus, &mut Rng::seed_from_u64(seed)).centers;
    let measured = |clips: &[Clip]| -> Result<Figures, Error> {
        let windows = data::windows(clips, window)?;
        let rows = windows.reshaped([windows.shape().size() / mels, mels]);
        Ok(Figures::of(&measure(&rows, &centers)))
    };
    Ok(Summary {
        recipe: NAME.to_owned(),
        seed,
        steps: ROUNDS,
        validation: measured(&corpus.validation)?,
        test: Some(measured(&corpus.test)?),
        teraflop: None,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// Frames `[frame, mel]` and the nearest of the centers.
fn measure(frames: &Tensor<f32>, centers: &Tensor<f32>) -> Evaluation {
    let mels = centers.shape()[1];
    let chosen = nearest(frames, centers);
    let rows = frames.as_slice().chunks(mels).zip(&chosen);
    let error: f64 = rows
        .map(|(row, &k)| {
            let center = &centers.as_slice()[k as usize * mels..][..mels];
            row.iter().zip(center).map(|(x, c)| f64::from(x - c).powi(2)).sum::<f64>()
        })
        .sum();
    let codes = Codes::single(chosen.iter().map(|&k| u64::from(k)).collect(), centers.shape()[0] as u64);
    Evaluation {
        mse: error / frames.as_slice().len() as f64,
        usage: vec![Usage::of(&codes, 0)],
        latents: frames.clone(),
    }
}
