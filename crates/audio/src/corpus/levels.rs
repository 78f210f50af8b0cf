//! What clips are standardized with: all of a corpus, or each for itself.

use super::config::CorpusConfig;
use super::features::Usable;
use super::hold_out::Part;
use super::split::{Set, Split};
use crate::error::Result;
use crate::level::{Bands, Level, Standardize};
use crate::standardize::{Moments, Standardization};

/// The levels of a corpus and of each part of its split.
pub(super) struct Levels {
    pub overall: Standardization,
    pub bands: Option<Bands>,
    pub parts: Vec<Level>,
}

impl Levels {
    /// Those that the configuration brings, or those of the training clips alone.
    pub fn of(config: &CorpusConfig, usable: &[Usable], split: &Split, mels: usize) -> Result<Self> {
        let training = || split.parts.iter().filter(|(_, set)| *set == Set::Train).map(|(part, _)| part);
        let overall = match config.standardization {
            Some(given) => given,
            None => {
                let moments = training().map(|part| moments(usable, part));
                Moments::standardization(moments.collect::<Result<Vec<_>>>()?)
            }
        };
        let bands = match (config.standardize, &config.band_standardization) {
            (Standardize::PerBand, Some(given)) => Some(given.clone()),
            (Standardize::PerBand, None) => {
                let crop = |part: &Part| usable[part.clip].frames.crop(part.frames.start, part.frames.len());
                Some(Bands::of(training().map(crop), mels)?)
            }
            _ => None,
        };
        let level = |(part, _): &(Part, Set)| match (config.standardize, &bands) {
            (Standardize::PerClip, _) => Ok(Level::One(Moments::standardization([moments(usable, part)?]))),
            (_, Some(bands)) => Ok(Level::Bands(bands.clone())),
            (_, None) => Ok(Level::One(overall)),
        };
        let parts = split.parts.iter().map(level).collect::<Result<_>>()?;
        Ok(Self { overall, bands, parts })
    }
}

fn moments(usable: &[Usable], part: &Part) -> Result<Moments> {
    let Usable { frames, moments, .. } = &usable[part.clip];
    match part.frames.len() == frames.count() {
        true => Ok(*moments),
        false => Ok(Moments::of(&frames.crop(part.frames.start, part.frames.len())?)),
    }
}
