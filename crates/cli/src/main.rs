//! The `gradbook` program.

fn main() {}
