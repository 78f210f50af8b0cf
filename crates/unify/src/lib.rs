//! Nothing: `Cargo.toml` is all there is to it.
