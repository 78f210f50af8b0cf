//! `examples/00_from_nothing.rs` against the crates. The example includes `against_the_crates.rs` as a module of its own
//! when it is tested, so that the tests see what is private to it.

#[path = "../../examples/00_from_nothing.rs"]
#[expect(dead_code, reason = "its `main` only prints what the tests compute")]
mod from_nothing;
