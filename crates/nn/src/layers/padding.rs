//! [`Padding`]: how a convolution treats the ends of its input.

use serde::{Deserialize, Serialize};

/// Zeros around the input of a convolution (of a transposed one: what is cut from its output).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// dilation·(taps − 1) zeros shared between both ends, the odd one on the right: the output has ⌈length/stride⌉
    /// places, whatever the length. Transposed: exactly length·stride.
    #[default]
    Same,
    /// All of them on the left, so that no output sees the future. Transposed: the cut is on the right.
    Causal,
    /// None.
    Valid,
    /// As given.
    Explicit {
        /// Before the first sample.
        left: usize,
        /// After the last.
        right: usize,
    },
}

impl Padding {
    /// `total` zeros shared between left and right.
    pub(super) fn share(self, total: usize) -> (usize, usize) {
        match self {
            Self::Same => (total / 2, total - total / 2),
            Self::Causal => (total, 0),
            Self::Valid => (0, 0),
            Self::Explicit { left, right } => (left, right),
        }
    }
}
