//! Audio in and out of Gradbook: WAV files, log-mel spectrograms, resynthesis, and corpora to train on.
//!
//! The way in: a recording is decoded and mixed down ([`wav`]), resampled ([`resample()`]), turned into log-mel frames
//! `[frame, mel]` ([`LogMel`]), and standardized with the scalars of its corpus ([`Standardization`]). [`Corpus`] does
//! all of it for a folder, in parallel, and divides clips into those to train on, to choose by, and for the last word. Without a folder there is [`Synthetic`]:
//! speech-like and bird-like sounds made by rule. The way out is [`LogMel::invert`].
//!
//! ```
//! use gradbook_audio::{Corpus, CorpusConfig, LogMel, Source, Synthetic};
//!
//! // Twenty-four clips from the built-in corpus: every tenth for the last word, every tenth of the others to choose by.
//! let source = Source::Synthetic(Synthetic { clips: 24, seed: 0 });
//! let corpus = Corpus::load(&CorpusConfig { source, ..CorpusConfig::default() }, &|_done, _of| {})?;
//! assert_eq!([&corpus.train, &corpus.validation, &corpus.test].map(Vec::len), [20, 2, 2]);
//! assert_eq!(corpus.test[0].name(), "synthetic/voice2_001");
//!
//! // A model sees standardized frames, 80 mel bands every 8 ms.
//! let mut frames = corpus.test[0].frames()?;
//! assert_eq!(frames.ncols(), 80);
//!
//! // What a model reconstructs becomes sound again, whose log-mel is close to what was asked for.
//! corpus.standardization.invert(&mut frames);
//! let mel = LogMel::new(corpus.mel.clone())?;
//! let sound = mel.invert(&frames, 32, 0);
//! let again = mel.compute(&sound);
//! let error = (&again - &frames).mapv(f32::abs).mean().unwrap();
//! assert!(error < 0.5, "mean |Δ ln power| = {error}");
//! # Ok::<(), gradbook_audio::Error>(())
//! ```
//!
//! | to understand | read |
//! |---|---|
//! | recordings as numbers, and back | [`wav`], `resample.rs` |
//! | what a model sees | `params.rs`, then `framing.rs`, `window.rs`, `stft.rs`, `spectrum.rs`, `filterbank.rs`, `compression.rs` (with `pcen.rs`), `log_mel.rs` |
//! | sound from a spectrogram | `griffin_lim.rs` |
//! | a folder as training data | `corpus/mod.rs`: `source.rs`, `features.rs` (with `store.rs`), `split.rs` (with `hold_out.rs`, `group.rs`, `pieces.rs`), `levels.rs`, `clip.rs`; then `standardize.rs`, `level.rs` |
//! | sounds made by rule | `synth/mod.rs`; `voice.rs` speaks, `bird.rs` sings |

mod atomic;
mod compression;
mod corpus;
mod error;
mod filterbank;
mod framing;
mod griffin_lim;
mod level;
mod log_mel;
mod params;
mod pcen;
mod resample;
mod spectrum;
mod standardize;
mod stft;
mod synth;
pub mod wav;
mod window;

pub use compression::Compression;
pub use corpus::{
    Clip, Corpus, CorpusConfig, GroupBy, HoldOut, Leak, Leakage, Set, Skipped, Source, Storage, Unreadable,
    portable_name, wav_files,
};
pub use error::{Error, Result, WavError};
pub use filterbank::FilterBank;
pub use framing::Framing;
pub use level::{Bands, Level, Standardize};
pub use log_mel::LogMel;
pub use params::{MelNorm, MelParams, MelScale};
pub use pcen::Pcen;
pub use resample::resample;
pub use spectrum::Spectrum;
pub use standardize::Standardization;
pub use synth::{RATE as SYNTHETIC_RATE, Synthetic};
pub use wav::{Audio, Encoding};
pub use window::Window;
