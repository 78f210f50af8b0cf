//! [`NonFinite`]: which op was the first to produce a NaN or an infinity.

use std::fmt;

use crate::{Real, Shape, Tape, Tensor, records::Node};

/// Where in a step something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Computing a value.
    Forward,
    /// Computing a gradient.
    Backward,
}

/// The first value or gradient that is not finite, and the op it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonFinite {
    /// The op that produced it.
    pub op: &'static str,
    /// As its value, or as the gradient of an argument.
    pub pass: Pass,
    /// The shape of that value or gradient.
    pub shape: Shape,
    /// The first element that is not finite.
    pub element: usize,
    /// The line that called the op.
    pub at: String,
}

impl NonFinite {
    /// Fails if an element of `tensor`, which `node` produced, is not finite.
    pub(crate) fn check<T: Real>(node: &Node<T>, tensor: &Tensor<T>, pass: Pass) -> Result<(), Self> {
        match tensor.as_slice().iter().position(|x| !x.is_finite()) {
            None => Ok(()),
            Some(element) => {
                Err(Self { op: node.op, pass, shape: *tensor.shape(), element, at: node.at.to_string() })
            }
        }
    }
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { op, pass, shape, element, at } = self;
        let what = match pass {
            Pass::Forward => "a value",
            Pass::Backward => "a gradient",
        };
        write!(f, "{op} produced {what} that is not finite: element {element} of {shape:?}, called at {at}")
    }
}

impl std::error::Error for NonFinite {}

impl<T: Real> Tape<T> {
    /// The first op, in the order of computation, whose output holds a NaN or an infinity.
    ///
    /// ```
    /// use gradbook_autograd::Tape;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.scalar(0.0);
    /// let y = x.ln() * x;
    /// assert_eq!(tape.first_non_finite().unwrap().op, "ln"); // ln 0 = −∞; the NaN comes later
    /// # let _ = y;
    /// ```
    pub fn first_non_finite(&self) -> Option<NonFinite> {
        let forward = |node: &Node<T>| NonFinite::check(node, &node.value, Pass::Forward).err();
        self.records.borrow().nodes.iter().find_map(forward)
    }
}
