//! What a check reports: a [`Failure`], or the [`Errors`] it found small enough.

use std::fmt;

/// A gradient that an oracle contradicts.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The case; empty if it has no name.
    pub case: String,
    /// The oracle.
    pub oracle: &'static str,
    /// The argument and the element of it whose gradient is wrong, where the oracle can tell.
    pub at: Option<(usize, usize)>,
    /// What the oracle says.
    pub expected: f64,
    /// What the tape says.
    pub got: f64,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.case.is_empty() { "" } else { ": " };
        write!(f, "{}{colon}{} contradict the tape", self.case, self.oracle)?;
        if let Some((argument, element)) = self.at {
            write!(f, " at argument {argument}, element {element}")?;
        }
        write!(f, ": expected {:e}, got {:e}", self.expected, self.got)
    }
}

impl std::error::Error for Failure {}

/// The largest relative disagreement with each oracle.
#[derive(Clone, Copy, Debug, Default)]
pub struct Errors {
    /// With central differences.
    pub central: f64,
    /// With forward mode.
    pub dual: f64,
    /// Of ⟨a, H b⟩ with ⟨b, H a⟩.
    pub hessian: f64,
}

impl Errors {
    /// The larger of each.
    pub fn max(self, o: Self) -> Self {
        let (central, dual) = (self.central.max(o.central), self.dual.max(o.dual));
        Self { central, dual, hessian: self.hessian.max(o.hessian) }
    }
}
