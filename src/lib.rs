//! Gradbook: reverse-mode autodiff and vector quantization from scratch.

pub use gradbook_autograd as autograd;
