//! Long recordings as several clips.

use std::ops::Range;

use super::hold_out::Part;
use super::split::Set;
use crate::error::{Error, Result};
use crate::params::MelParams;

/// How many frames a piece has.
pub(super) fn length(seconds: f64, mel: &MelParams) -> Result<usize> {
    let frames = (seconds * f64::from(mel.sample_rate) / mel.hop as f64).round() as usize;
    let least = mel.min_frames;
    let shortest = least as f64 * mel.hop as f64 / f64::from(mel.sample_rate);
    let rule = format!("at least the {shortest} seconds of mel.min_frames = {least}");
    Error::unless(frames >= least, "split_seconds", seconds, rule)?;
    Ok(frames)
}

/// Cuts what rules have divided into pieces of so many frames. As this comes after them, all pieces of a recording are in
/// its set, but for one that is divided in time.
pub(super) fn pieces(parts: Vec<(Part, Set)>, length: usize, least: usize) -> Vec<(Part, Set)> {
    let cut = |(part, set): (Part, Set)| {
        let clip = part.clip;
        ranges(part.frames, length, least).into_iter().map(move |frames| (Part { clip, frames }, set))
    };
    parts.into_iter().flat_map(cut).collect()
}

/// One piece after the other; a rest of fewer than `least` frames joins the last.
fn ranges(frames: Range<usize>, length: usize, least: usize) -> Vec<Range<usize>> {
    let rest = frames.len() % length;
    let count = (frames.len() / length + usize::from(rest >= least)).max(1);
    let end = |i: usize| if i + 1 == count { frames.end } else { frames.start + (i + 1) * length };
    (0..count).map(|i| frames.start + i * length..end(i)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_rest_joins_the_last_piece_and_a_long_one_is_a_piece() {
        assert_eq!(ranges(0..30, 10, 4), [0..10, 10..20, 20..30]);
        assert_eq!(ranges(5..38, 10, 4), [5..15, 15..25, 25..38]);
        assert_eq!(ranges(5..39, 10, 4), [5..15, 15..25, 25..35, 35..39]);
        for whole in [0..13, 0..3, 2..6] {
            assert_eq!(ranges(whole.clone(), 10, 4), std::slice::from_ref(&whole));
        }
    }

    #[test]
    fn seconds_are_frames_and_a_piece_has_the_fewest_of_a_clip() {
        let mel = MelParams::default(); // 125 frames a second, 32 at least
        assert_eq!(length(10.0, &mel).unwrap(), 1_250);
        assert_eq!(length(0.256, &mel).unwrap(), 32);
        let said = length(0.24, &mel).unwrap_err().to_string();
        assert_eq!(said, "split_seconds = 0.24: at least the 0.256 seconds of mel.min_frames = 32");
    }
}
