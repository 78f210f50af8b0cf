//! Vector quantizers, cures against codebook collapse, and the contract they all obey.
//!
//! A [`Quantizer`] turns rows `[row, channel]` into [`Codes`] and back. A config says which one; the codes themselves live
//! in the store. A forward pass changes nothing: it reports what it saw, and `absorb` learns from the report.
//!
//! ```
//! use gradbook_autograd::{Graph, ParamStore, Stream, Tape, Tensor};
//! use gradbook_nn::Scope;
//! use gradbook_vq::{QuantizerConfig, diagnostics::Usage};
//!
//! let text = r#"{ "kind": "codebook", "codes": 2, "learning": { "by": "ema", "decay": 0.9 } }"#;
//! let config: QuantizerConfig = serde_json::from_str(text)?;
//! let mut store = ParamStore::<f64>::new();
//! let quantizer = config.build(1, &mut Scope::new(&mut store, 0))?; // rows of one channel
//! let rows = Tensor::new([4, 1], vec![0.0, 2.0, 10.0, 12.0]);
//! quantizer.seed(&mut store, &rows, &Stream::new(0, 0, 0)); // k-means: the codes are 1 and 11
//!
//! let stats = {
//!     let tape = Tape::new();
//!     let g = Graph::train(&tape, &store);
//!     let z = tape.var(Tensor::new([1, 1], vec![3.0]));
//!     let found = quantizer.quantize(&g, z.into());
//!     assert_eq!(found.values.value().as_slice(), [1.0]);      // the nearest code
//!     assert_eq!(found.loss().unwrap().item(), 1.0);           // commitment: ¼·(3 − 1)²
//!     assert_eq!(found.values.sum_all().backward()[z].as_slice(), [1.0]); // straight through
//!     g.take_stats()
//! };
//! quantizer.absorb(&mut store, &stats, &Stream::new(0, 0, 1)); // the code moves towards its row
//! let codes = quantizer.encode(&store, &Tensor::new([2, 1], vec![3.0, 11.0]));
//! let values = quantizer.decode(&store, &codes);
//! assert!((values.as_slice()[0] - 1.2).abs() < 1e-4);          // 1 + (1 − 0.9)·(3 − 1)
//! assert_eq!(Usage::of(&codes, 0).perplexity(), 2.0);          // two codes, evenly used
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | to understand | read |
//! |---|---|
//! | what every quantizer must do | `quantizer.rs`, `codes.rs`, `codewords.rs`, then [`contract`], which holds it to that |
//! | a codebook | `codebook/mod.rs`; `ema.rs` and `loss.rs` beside it are how codes learn, `estimator.rs` how gradients pass |
//! | the levers against collapse | [`codebook::CodebookConfig`], [`kmeans`], `codebook/ema.rs` (respawn) |
//! | a quantizer without a codebook | `kinds/fsq.rs`; the other files of [`kinds`] are variations |
//! | which kinds a config can name, yours too | `registry.rs`, `kinds/mod.rs` |
//! | quantizers made of quantizers | `combine/residual.rs`; the other files of [`combine`] |
//! | the health of a codebook | [`diagnostics`] |
//! | the speed of the search | [`search`] |
//! | padding, models from PyTorch | `masked.rs`, [`torch`] |

pub mod codebook;
pub mod combine;
pub mod contract;
pub mod diagnostics;
pub mod kinds;
pub mod kmeans;
pub mod search;
pub mod torch;

mod balance;
mod block;
mod clusters;
mod codes;
mod codewords;
mod conscience;
mod draw;
mod input;
mod lanes;
mod masked;
mod quantizer;
mod registry;
mod unit;

pub use gradbook_nn::named::{KindError, Options};

pub use codes::{CodeError, Codes, SKIPPED, TokenError};
pub use codewords::Codewords;
pub use input::Latent;
pub use kinds::{KindConfig, QuantizerConfig};
pub use masked::quantize_masked;
pub use quantizer::{Absorbed, Book, GradientRule, Loss, Quantized, Quantizer};
pub use registry::{Kind, Registry};
