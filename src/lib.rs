#![doc = include_str!("../README.md")]

#[cfg(doctest)]
mod book;

pub use gradbook_audio as audio;
pub use gradbook_autograd as autograd;
pub use gradbook_lab as lab;
pub use gradbook_nn as nn;
pub use gradbook_vq as vq;
