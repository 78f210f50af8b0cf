//! Reverse-mode autodiff and vector quantization in pure Rust, from scratch.
//!
//! | module | what it holds |
//! |---|---|
//! | [`autograd`] | the tape, operations with their derivatives beside them, gradient checks by three oracles |
//! | [`nn`] | layers, losses, optimizers, schedules, checkpoints, the reproducible sharded step |
//! | [`vq`] | quantizers, combinators, cures against collapse, k-means, diagnostics |
//! | [`audio`] | WAV in and out, log-mel spectrograms, Griffin-Lim, a synthetic corpus |
//! | [`lab`] | models, recipes, training, evaluation, comparison, the report |
//!
//! The tour: a gradient, its proof, and a codebook that learns four points.
//!
//! ```
//! use gradbook::autograd::{Graph, ParamStore, Stream, Tape, Tensor, case, check::Sampler};
//! use gradbook::{nn::Scope, vq::QuantizerConfig};
//!
//! // The tape records what is computed, and goes back over it.
//! let tape = Tape::<f64>::new();
//! let (x, y) = (tape.scalar(3.0), tape.scalar(4.0));
//! let z = x * y + x;
//! let grads = z.backward();
//! println!("z = {}, ∂z/∂x = {}, ∂z/∂y = {}", z.item(), grads[x].item(), grads[y].item());
//! assert_eq!((z.item(), grads[x].item(), grads[y].item()), (15.0, 5.0, 3.0));
//!
//! // Any function's gradient can be proven: by central differences, by dual numbers, by its Hessian.
//! let at = Sampler::new(1).uniform(&[4], 1.0, 2.0);
//! let errors = case!([at], |x| (x[0] * x[0] + 1.0).sqrt()).verify(1)?;
//! println!("off by {:.0e} from dual numbers", errors.dual);
//! assert!(errors.dual < 1e-12);
//!
//! // A quantizer puts its codes among rows, and says how many of them are in use.
//! let config: QuantizerConfig = serde_json::from_str(r#"{ "kind": "codebook", "codes": 4 }"#)?;
//! let mut store = ParamStore::<f64>::new();
//! let quantizer = config.build(2, &mut Scope::new(&mut store, 0))?;
//! let rows = Tensor::new([5, 2], vec![0.0, 0.0, 0.0, 8.0, 8.0, 0.0, 8.0, 8.0, 9.0, 8.0]);
//! quantizer.seed(&mut store, &rows, &Stream::new(0, 0, 0)); // k-means
//! let tape = Tape::new();
//! let found = quantizer.quantize(&Graph::eval(&tape, &store), tape.constant(rows).into());
//! println!("{:?}\n{:?}", found.codes.column(0), found.values.value());
//! assert_eq!(found.values.value().as_slice()[6..], [8.5, 8.0, 8.5, 8.0]); // the mean of the two last rows
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(doctest)]
mod book;
/// The README's listings are doc tests too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

pub use gradbook_audio as audio;
pub use gradbook_autograd as autograd;
pub use gradbook_lab as lab;
pub use gradbook_nn as nn;
pub use gradbook_vq as vq;
