//! The report: one self-contained HTML file about one run or several, readable on a phone, in light and dark.

mod charts;
mod media;
mod page;

use ndarray::Array2;

use crate::{Progress, Summary};

/// Everything the report shows about one run.
pub struct RunReport {
    /// The recipe's one-line description.
    pub about: String,
    /// The result.
    pub summary: Summary,
    /// The way there.
    pub history: Vec<Progress>,
    /// How often the held-out clips use each code.
    pub usage: Vec<u64>,
    /// The codebook among the latents, if the quantizer has one.
    pub map: Option<CodebookMap>,
    /// Held-out clips before and after.
    pub examples: Vec<Example>,
}

/// Codes and a sample of latents, in the two principal axes of the latents.
pub struct CodebookMap {
    /// The codes that are used.
    pub alive: Vec<[f64; 2]>,
    /// The codes that are not.
    pub dead: Vec<[f64; 2]>,
    /// Some latents.
    pub latents: Vec<[f64; 2]>,
}

/// A held-out clip and its reconstruction.
pub struct Example {
    /// The clip's name.
    pub name: String,
    /// Log-mel `[frame, mel]` of the clip.
    pub original: Array2<f32>,
    /// Log-mel `[frame, mel]` after the quantizer.
    pub decoded: Array2<f32>,
    /// The sound of the clip.
    pub original_sound: Vec<f32>,
    /// The sound of the reconstruction.
    pub decoded_sound: Vec<f32>,
    /// Samples per second of both.
    pub sample_rate: u32,
}

/// The HTML of a report on these runs.
pub fn html(title: &str, runs: &[RunReport]) -> String {
    page::page(title, runs)
}
