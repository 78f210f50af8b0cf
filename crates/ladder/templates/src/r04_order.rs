//! Rung 4. Topological order.
//!
//! Your tape is a list, so that its order is right by birth. Where nodes are objects that point to their inputs (micrograd,
//! PyTorch), the order has to be found: a node's gradient is complete only when *all* its uses have handed theirs on.
//!
//! Book: chapter 2, "A scalar tape, complete": "The list is already sorted".

/// The nodes that `output` is computed from, itself included, each before all of its inputs. `inputs[i]` are the inputs of
/// node i; nodes have no order of their own.
pub fn backward_order(inputs: &[Vec<usize>], output: usize) -> Vec<usize> {
    todo!("each node once, and after every node that uses it")
}
