//! A ladder to climb: the reader fills holes in a crate of their own, from the chain rule to a codebook, and a judge says
//! what holds, what does not, and which mistake it was.
//!
//! A rung is a file of [`rungs`] and its name in the list there: hints, chapter, cases, the right answer, and the mistakes
//! that people make, each a wrong program. Its solution is `tests/all/solutions/NAME.rs`; what stands between `//<` and
//! `//>` is the hole, and the template that the reader gets, `templates/src/NAME.rs`, is the solution without it.
//!
//! The crate that [`files`] writes has one test per rung, so that plain `cargo test` is the judge:
//!
//! ```
//! use gradbook_ladder::{Verdict, rungs::r01_chain_rule};
//! // y = sin(a·b + a), by somebody who forgets that a is used twice.
//! let verdict: Verdict = r01_chain_rule::judge(|a, b| {
//!     let v = a * b + a;
//!     (v.sin(), [v.cos() * b, v.cos() * a])
//! });
//! let finding = verdict.unwrap_err();
//! assert_eq!(finding.mistake(), Some("forgets a path"));
//! ```

mod finding;
mod judge;
pub mod rungs;
mod values;
mod write;

pub use finding::{Finding, Verdict};
pub use judge::{Case, Mistake, Seen, Trial};
pub use rungs::{ALL, Rung, Stage};
pub use values::{Answer, Values};
pub use write::files;
