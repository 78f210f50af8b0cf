//! Rung 3. The sweep back, and its `+=`.
//!
//! The gradient of the output by itself is 1. Walk the tape from there to its beginning; hand each node's gradient through
//! its function to its inputs. A value that is used twice is given two shares: what becomes of the first?
//!
//! Book: chapter 2, "A scalar tape, complete".

use super::r02_tape::{Node, Var};

/// What flows through a tape: it can be zero, one, and added to.
pub trait Value: Clone + 'static {
    /// Zero, of the same shape.
    fn zero(&self) -> Self;
    /// One, of the same shape.
    fn one(&self) -> Self;
    fn plus(&self, other: &Self) -> Self;
}

impl Value for f64 {
    fn zero(&self) -> f64 {
        0.0
    }

    fn one(&self) -> f64 {
        1.0
    }

    fn plus(&self, other: &f64) -> f64 {
        self + other
    }
}

/// ∂(node `output`)/∂(each node), in the order of the nodes.
pub fn backward<V: Value>(nodes: &[Node<V>], output: usize) -> Vec<V> {
    let mut grads: Vec<V> = nodes.iter().map(|node| node.value.zero()).collect();
    grads[output] = nodes[output].value.one();
    todo!("from the output to the first node: hand gradients to inputs")
}

impl<V: Value> Var<'_, V> {
    /// ∂self/∂x for every x on the tape, at the place of x.
    pub fn backward(self) -> Vec<V> {
        backward(&self.tape.nodes.borrow(), self.id)
    }
}
