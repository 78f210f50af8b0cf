//! The report: one self-contained HTML file about one run or several, readable on a phone, in light and dark.

mod charts;
mod media;
mod page;
mod pictures;

use ndarray::Array2;

pub(crate) use pictures::{Dot, Pair, dots, over_values};

use crate::{Progress, Summary, baseline};

/// Everything the report shows about one run.
pub struct RunReport {
    /// The recipe's one-line description.
    pub about: String,
    /// The result.
    pub summary: Summary,
    /// The way there.
    pub history: Vec<Progress>,
    /// How often clips use each code.
    pub usage: Vec<u64>,
    /// The codebook among the latents, if the quantizer has one: at one step, or at several on its way.
    pub maps: Vec<CodebookMap>,
    /// Clips before and after.
    pub examples: Vec<Example>,
}

impl RunReport {
    /// A run of which nothing but the result is known.
    pub fn of(summary: Summary) -> Self {
        let about = match summary.recipe.as_str() {
            baseline::NAME => "k-means on the frames themselves, no network: what every model has to beat",
            _ => "",
        };
        let (history, usage, examples) = (Vec::new(), Vec::new(), Vec::new());
        Self { about: about.into(), summary, history, usage, maps: Vec::new(), examples }
    }
}

/// Codes and a sample of latents, in the two principal axes of the latents.
#[derive(Clone)]
pub struct CodebookMap {
    /// Steps done.
    pub step: u64,
    /// The codes that are used.
    pub alive: Vec<[f64; 2]>,
    /// The codes that are not.
    pub dead: Vec<[f64; 2]>,
    /// Some latents.
    pub latents: Vec<[f64; 2]>,
}

/// A clip and its reconstruction.
pub struct Example {
    /// The clip's name.
    pub name: String,
    /// Log-mel `[frame, mel]` of the clip.
    pub original: Array2<f32>,
    /// Log-mel `[frame, mel]` after the quantizer.
    pub decoded: Array2<f32>,
    /// The sound of the clip.
    pub original_sound: Vec<f32>,
    /// The sound of the reconstruction; empty if its features do not become sound.
    pub decoded_sound: Vec<f32>,
    /// Samples per second of both.
    pub sample_rate: u32,
}

/// What several runs show together.
pub enum Finding {
    /// A drawing, and what it shows.
    Picture {
        /// What it shows.
        title: String,
        /// The names of its colors, if it has several.
        names: Vec<String>,
        /// The drawing.
        svg: String,
    },
    /// Something to know.
    Text(String),
}

/// The HTML of a report on these runs, and on what they show together.
pub fn html(title: &str, findings: &[Finding], runs: &[RunReport]) -> String {
    page::page(title, findings, runs, "")
}

/// The same, which looks every few seconds at the address it came from and shows what is new.
pub fn live(title: &str, runs: &[RunReport]) -> String {
    page::page(title, &[], runs, include_str!("live.html"))
}
