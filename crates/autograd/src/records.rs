//! What a tape holds: one node per value, in memory that the next tape takes over.

use std::{
    any::Any,
    ops::Range,
    panic::Location,
    sync::{Mutex, PoisonError},
};

use crate::{ParamId, Real, Sink, Tensor};

/// What a node does with the gradient of its output: hand one to each argument.
pub(crate) type Backward<T> = Box<dyn FnOnce(Tensor<T>, &mut Sink<'_, T>) + Send>;

/// One computed value and how it came about.
pub(crate) struct Node<T: Real> {
    pub value: Tensor<T>,
    pub op: &'static str,
    pub at: &'static Location<'static>,
    /// Where its arguments end in `Records::arguments`; they begin where those of the node before end.
    pub arguments_end: u32,
    pub backward: Option<Backward<T>>,
    /// Whether a gradient is of any use here: a leaf that wants one, or a node with such a leaf above it.
    pub wants: bool,
    /// Whether the gradient is to be kept for the caller: all leaves, and interior nodes on request.
    pub keep: bool,
}

/// All that a tape holds.
#[derive(Default)]
pub(crate) struct Records<T: Real> {
    pub nodes: Vec<Node<T>>,
    /// During the sweep: the gradient of each node, as far as it is collected.
    pub grads: Vec<Option<Tensor<T>>>,
    /// The arguments of all nodes, one after the other.
    pub arguments: Vec<u32>,
    /// The nodes that are parameters.
    pub params: Vec<(u32, ParamId)>,
    pub bytes: usize,
    pub peak: usize,
}

impl<T: Real> Records<T> {
    /// Where the arguments of a node are.
    pub fn arguments_of(nodes: &[Node<T>], id: usize) -> Range<usize> {
        let start = if id == 0 { 0 } else { nodes[id - 1].arguments_end };
        start as usize..nodes[id].arguments_end as usize
    }

    /// Records without contents, in memory that those of an earlier tape took, if any wait.
    pub fn recycled() -> Self {
        let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        let found = waiting.iter().rposition(|records| records.is::<Self>());
        let records = found.and_then(|i| waiting.swap_remove(i).downcast().ok());
        records.map_or_else(Self::default, |records| *records)
    }

    /// Forgets everything but the memory it took, which waits for the next tape: that of a usual one, that is.
    pub fn recycle(mut self) {
        self.nodes.clear();
        self.nodes.shrink_to(KEPT);
        self.grads.clear();
        self.grads.shrink_to(KEPT);
        self.arguments.clear();
        self.arguments.shrink_to(2 * KEPT);
        self.params.clear();
        (self.bytes, self.peak) = (0, 0);
        WAITING.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(self));
    }
}

/// So many nodes keep their memory for the next tape; what few tapes need is not kept for ever.
const KEPT: usize = 1 << 14;
/// The records of tapes that are gone, of all types of numbers.
static WAITING: Mutex<Vec<Box<dyn Any + Send>>> = Mutex::new(Vec::new());

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tape;

    /// Nothing else in this binary has tapes of `f32`, so none takes what waits here.
    #[test]
    fn the_memory_of_a_usual_tape_serves_the_next_and_a_huge_one_leaves_little() {
        let of = |count: usize| {
            let mut records = Records::<f32>::default();
            records.nodes.reserve_exact(count);
            records.grads.reserve_exact(count);
            records.arguments.reserve_exact(2 * count);
            (records.bytes, records.peak) = (7, 8);
            records
        };
        let next = || {
            let records = Records::<f32>::recycled();
            let room = [records.nodes.capacity(), records.grads.capacity(), records.arguments.capacity()];
            (room, records.bytes, records.peak)
        };
        of(100).recycle();
        assert_eq!(next(), ([100, 100, 200], 0, 0));
        of(1 << 20).recycle();
        assert_eq!(next(), ([1 << 14, 1 << 14, 1 << 15], 0, 0));
        assert_eq!(next(), ([0; 3], 0, 0), "what waited is taken");
        let tape = Tape::<f32>::new();
        (0..5).for_each(|i| _ = tape.scalar(f64::from(i)));
        drop(tape);
        assert!(next().0[0] >= 5, "a tape leaves its memory when it goes");
    }
}
