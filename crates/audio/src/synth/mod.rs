//! The built-in corpus: speech-like words and bird-like phrases made by rule, so that every example and test runs
//! without a download. Clip i of a seed is always the same sound, whatever else is made.

mod bird;
mod filters;
mod phones;
mod room;
mod voice;

use ndarray_rand::rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use bird::Bird;
use room::Room;
use voice::Voice;

/// Sample rate of the synthetic clips, in Hz.
pub const RATE: u32 = 8_000;
/// The most samples of a clip.
pub(crate) const LONGEST: usize = 9_600;
/// How many speakers and how many birds take turns.
const VOICES: usize = 10;
const BIRDS: usize = 2;

/// A corpus of `clips` synthetic recordings of 0.4 to 1.2 s.
///
/// Ten "speakers" (vocal tract, pitch, breath, microphone, room of their own) say nonsense words: glottal pulses
/// through moving formants (Klatt 1980), fricatives, plosives, nasals. Two "birds" sing chirps, trills, warbles and
/// harmonic stacks.
///
/// ```
/// use gradbook_audio::Synthetic;
/// let corpus = Synthetic::default();
/// assert_eq!(corpus.clips, 600);
/// assert_eq!(corpus.name(207), "synthetic/voice3_017");
/// assert_eq!(corpus.samples(207), corpus.samples(207));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Synthetic {
    /// How many clips.
    pub clips: usize,
    /// The seed everything follows from.
    pub seed: u64,
}

impl Default for Synthetic {
    fn default() -> Self {
        Self { clips: 600, seed: 0 }
    }
}

impl Synthetic {
    /// The name of clip `index`: its source and its take.
    pub fn name(&self, index: usize) -> String {
        let (source, take) = (index % (VOICES + BIRDS), index / (VOICES + BIRDS));
        match source.checked_sub(VOICES) {
            None => format!("synthetic/voice{source}_{take:03}"),
            Some(bird) => format!("synthetic/bird{bird}_{take:03}"),
        }
    }

    /// The samples of clip `index`, at [`RATE`].
    pub fn samples(&self, index: usize) -> Vec<f32> {
        let source = index % (VOICES + BIRDS);
        // Streams of one generator: the first belong to the sources, the rest to the clips.
        let stream = |number: usize| {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
            rng.set_stream(number as u64);
            rng
        };
        let (mut traits, mut take) = (stream(source), stream(VOICES + BIRDS + index));
        let dry = if source < VOICES {
            Voice::draw(&mut traits, source).say(&mut take)
        } else {
            Bird::draw(&mut traits).sing(&mut take)
        };
        Room::draw(&mut traits).record(&dry, &mut take)
    }
}

/// Seconds to samples.
fn length(seconds: f32) -> usize {
    (seconds * RATE as f32) as usize
}
