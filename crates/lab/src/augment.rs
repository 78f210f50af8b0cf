//! [`Augment`]: what is done to the crops of a training batch. Clips that are measured, and those that codes are seeded
//! from, stay as they are.

use gradbook_audio::{Level, MelParams};
use gradbook_autograd::{Rng, Stream, Tensor};
use gradbook_nn::{ConfigError, rules};
use ndarray_rand::rand::Rng as _;
use ndarray_rand::rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

/// Tells the streams of augmentations from those of crops, shards and events.
const AUGMENT: u64 = 1 << 62;
/// The most decibels either way.
const MOST_DB: f64 = 100.0;
/// The most frames, bands or masks.
const MOST: usize = 1 << 16;

/// One change of the crops; a recipe's list is gone through in order. Each crop has draws of its own, which depend on the
/// seed, the step and the place in the list alone, so that any step can be drawn again.
///
/// A shift, a gain and a mixture make other sounds, which the model is to give back. Noise and masks hide a part of the
/// sound: the model is given what is left, and is to give back all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Augment {
    /// Moves a crop in time, by a number of frames drawn uniformly. What comes in is silence, or what went out.
    TimeShift {
        /// The most frames, either way.
        frames: usize,
        /// Whether what leaves at one end comes in at the other.
        #[serde(default)]
        wrap: bool,
    },
    /// Makes a crop louder or softer by g decibels, drawn uniformly: energies times 10^(g/10), magnitudes times 10^(g/20).
    /// To a logarithm that is an offset down to its floor, which silence does not leave.
    Gain {
        /// The most decibels, either way.
        db: f64,
    },
    /// Adds Gaussian noise to the numbers that the model is given, and not to those that it is to give back.
    Noise {
        /// Its deviation; that of standardized frames is 1.
        deviation: f64,
    },
    /// Adds the energies of another crop of the batch: two sounds at once, as long as they are not in phase. A logarithm sees
    /// ln(eᵃ + eᵇ).
    Mix {
        /// The share of crops that this happens to.
        share: f64,
        /// How loud the other is, drawn uniformly between these decibels: 0 is as loud as it was.
        db: [f64; 2],
    },
    /// Masks of SpecAugment (Park et al. 2019, arXiv:1904.08779): some frames, some bands become 0, which is the mean. The
    /// width of a mask is drawn uniformly from 0 to the largest, then its place.
    SpecAugment {
        /// Masks over time.
        #[serde(default)]
        time_masks: usize,
        /// The most frames of one.
        #[serde(default)]
        time_width: usize,
        /// Masks over bands.
        #[serde(default)]
        band_masks: usize,
        /// The most bands of one.
        #[serde(default)]
        band_width: usize,
    },
}

impl Augment {
    /// Whether each number keeps its rule, and whether it can be done to frames of these features.
    pub(crate) fn check(&self, mel: &MelParams) -> Result<(), ConfigError> {
        let pcen = "a gain or a mixture needs logarithms, and data.mel.compression is PCEN";
        let loudness = |what: &str| ConfigError::unless(mel.invertible(), what, self, pcen);
        match self {
            Self::TimeShift { frames, .. } => rules::count("time_shift.frames", *frames, 1..=MOST),
            Self::Gain { db } => {
                let rule = "above 0, and at most 100 decibels";
                ConfigError::unless(*db > 0.0 && *db <= MOST_DB, "gain.db", db, rule)?;
                loudness("gain")
            }
            Self::Noise { deviation } => {
                let rule = "above 0, and at most 1,000 deviations";
                ConfigError::unless(*deviation > 0.0 && *deviation <= 1e3, "noise.deviation", deviation, rule)
            }
            Self::Mix { share, db: [low, high] } => {
                rules::fraction("mix.share", *share)?;
                let fits = -MOST_DB <= *low && low <= high && *high <= MOST_DB;
                ConfigError::unless(
                    fits,
                    "mix.db",
                    [low, high],
                    "two numbers from -100 to 100, the lower first",
                )?;
                loudness("mix")
            }
            Self::SpecAugment { time_masks, time_width, band_masks, band_width } => {
                for (what, n) in [("time_masks", time_masks), ("band_masks", band_masks)] {
                    rules::count(&format!("spec_augment.{what}"), *n, 0..=1024)?;
                }
                for (what, n) in [("time_width", time_width), ("band_width", band_width)] {
                    rules::count(&format!("spec_augment.{what}"), *n, 0..=MOST)?;
                }
                Ok(())
            }
        }
    }

    /// Whether it hides a part of the sound.
    fn hides(&self) -> bool {
        matches!(self, Self::Noise { .. } | Self::SpecAugment { .. })
    }

    fn apply(&self, x: &mut [f32], crops: &Crops<'_>, rng: &mut Rng) {
        let (size, mels) = (crops.frames * crops.mel.mels, crops.mel.mels);
        let before = if matches!(self, Self::Mix { .. }) { x.to_vec() } else { Vec::new() };
        for (i, crop) in x.chunks_mut(size).enumerate() {
            match self {
                Self::TimeShift { frames, wrap } => {
                    let most = (*frames).min(crops.frames);
                    let by = rng.random_range(0..=2 * most) as isize - most as isize;
                    crops.shift(crop, i, by, *wrap);
                }
                Self::Gain { db } => {
                    let factor = crops.mel.spectrum.factor(rng.random_range(-db..=*db)) as f32;
                    crops.louder(crop, i, |energy, _| energy * factor);
                }
                Self::Noise { deviation } => {
                    let mut draw = || -> f64 { StandardNormal.sample(rng) };
                    crop.iter_mut().for_each(|x| *x += (deviation * draw()) as f32);
                }
                Self::Mix { share, db: [low, high] } => {
                    let (chosen, db) = (rng.random::<f64>() < *share, rng.random_range(*low..=*high));
                    let other = (i + rng.random_range(1..crops.levels.len().max(2))) % crops.levels.len();
                    if chosen {
                        let factor = crops.mel.spectrum.factor(db) as f32;
                        let there = &before[other * size..][..size];
                        let added = |place: usize| crops.energy(there[place], other, place % mels);
                        crops.louder(crop, i, |energy, place| energy + factor * added(place));
                    }
                }
                Self::SpecAugment { time_masks, time_width, band_masks, band_width } => {
                    let mut mask = |width: usize, all: usize| {
                        let width = rng.random_range(0..=width.min(all));
                        let start = rng.random_range(0..=all - width);
                        start..start + width
                    };
                    for _ in 0..*time_masks {
                        let hidden = mask(*time_width, crops.frames);
                        crop[hidden.start * mels..hidden.end * mels].fill(0.0);
                    }
                    for _ in 0..*band_masks {
                        let hidden = mask(*band_width, mels);
                        crop.chunks_mut(mels).for_each(|frame| frame[hidden.clone()].fill(0.0));
                    }
                }
            }
        }
    }
}

/// What the elements of a batch stand for.
struct Crops<'a> {
    frames: usize,
    levels: &'a [&'a Level],
    mel: &'a MelParams,
}

impl Crops<'_> {
    /// The energy behind an element of crop `i`.
    fn energy(&self, x: f32, i: usize, band: usize) -> f32 {
        let level = self.levels[i].at(band);
        self.mel.energy(x * level.deviation + level.mean).max(0.0)
    }

    /// Changes the energies of crop `i`: each, with its place in the crop.
    fn louder(&self, crop: &mut [f32], i: usize, change: impl Fn(f32, usize) -> f32) {
        for (place, x) in crop.iter_mut().enumerate() {
            let band = place % self.mel.mels;
            let level = self.levels[i].at(band);
            *x = (self.mel.level(change(self.energy(*x, i, band), place)) - level.mean) / level.deviation;
        }
    }

    fn shift(&self, crop: &mut [f32], i: usize, by: isize, wrap: bool) {
        let mels = self.mel.mels;
        crop.rotate_right((by * mels as isize).rem_euclid(crop.len() as isize) as usize);
        let (moved, size) = (by.unsigned_abs() * mels, crop.len());
        let came_in = if by > 0 { 0..moved } else { size - moved..size };
        for place in came_in.filter(|_| !wrap) {
            let level = self.levels[i].at(place % mels);
            crop[place] = (self.mel.silence() - level.mean) / level.deviation;
        }
    }
}

/// What the model is given of a batch `[crop, frame, mel]`, and what it is to give back, if that is something else. An empty
/// list leaves both as they are. `levels` are those of the crops' clips.
pub(crate) fn augmented(
    list: &[Augment],
    batch: Tensor<f32>,
    levels: &[&Level],
    mel: &MelParams,
    (seed, step): (u64, u64),
) -> (Tensor<f32>, Option<Tensor<f32>>) {
    if list.is_empty() {
        return (batch, None);
    }
    let crops = Crops { frames: batch.shape()[1], levels, mel };
    let through = |hiding: bool| {
        let mut x = batch.as_slice().to_vec();
        for (i, augment) in list.iter().enumerate().filter(|(_, augment)| hiding || !augment.hides()) {
            augment.apply(&mut x, &crops, &mut Stream::new(seed, step, AUGMENT + i as u64).next_use());
        }
        Tensor::new(*batch.shape(), x)
    };
    let target = list.iter().any(Augment::hides).then(|| through(false));
    (through(true), target)
}

#[cfg(test)]
mod tests;
