//! Every rung is green with its solution, red with its hole, and each named mistake is recognised.

mod findings;
mod holes;
mod mistakes;
mod solutions;
#[path = "../../templates/src/lib.rs"]
#[expect(clippy::todo, reason = "holes are what templates are for")]
mod templates;
mod written;
