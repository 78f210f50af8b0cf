//! [`Tape`]: the list of what was computed, in the order it was computed. The order *is* the topological order.

use std::{
    cell::{Cell, RefCell},
    panic::Location,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{
    ParamId, Real, Sink, Tensor, Var,
    ops::Op,
    records::{Backward, Node, Records},
};

/// The record of a computation, from which [`Var::backward`] finds its derivatives.
///
/// A tape grows by one node per operation and is thrown away after each step; the graph dies with it. Handles
/// ([`Var`]) are `Copy`, so formulas read as mathematics.
///
/// ```
/// use gradbook_autograd::Tape;
/// let tape = Tape::new();
/// let (x, y) = (tape.scalar(3.0), tape.scalar(4.0));
/// let z = x * y + x;
/// let grads = z.backward();
/// assert_eq!((z.item(), grads[x].item(), grads[y].item()), (15.0, 5.0, 3.0)); // ∂z/∂x = y + 1, ∂z/∂y = x
/// ```
pub struct Tape<T: Real> {
    /// No two tapes of a program have the same number, not even at the same address.
    pub(crate) number: u64,
    pub(crate) records: RefCell<Records<T>>,
    recording: Cell<bool>,
    pub(crate) spent: Cell<bool>,
}

/// The memory of a tape serves the next one.
impl<T: Real> Drop for Tape<T> {
    fn drop(&mut self) {
        self.records.take().recycle();
    }
}

/// What a tape holds; see [`Tape::stats`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TapeStats {
    /// Values on the tape, leaves included.
    pub nodes: usize,
    /// Of these, operations that recorded a derivative which has not been used yet.
    pub recorded: usize,
    /// Bytes of the node values.
    pub bytes: usize,
    /// The most bytes of node values and live gradients so far.
    pub peak_bytes: usize,
}

impl<T: Real> Default for Tape<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real> Tape<T> {
    /// An empty tape.
    pub fn new() -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        Self {
            number: MADE.fetch_add(1, Ordering::Relaxed),
            records: RefCell::new(Records::recycled()),
            recording: Cell::new(true),
            spent: Cell::new(false),
        }
    }

    /// A leaf that wants a gradient.
    #[track_caller]
    pub fn var(&self, value: impl Into<Tensor<T>>) -> Var<'_, T> {
        self.push("leaf", &[], value.into(), true, None)
    }

    /// A leaf of one number that wants a gradient.
    #[track_caller]
    pub fn scalar(&self, x: f64) -> Var<'_, T> {
        self.var(Tensor::scalar(T::of(x)))
    }

    /// A leaf without gradient: data, targets, masks.
    #[track_caller]
    pub fn constant(&self, value: impl Into<Tensor<T>>) -> Var<'_, T> {
        self.push("constant", &[], value.into(), false, None)
    }

    /// A leaf for a parameter of a store; see [`Graph::param`](crate::Graph::param). Like every leaf it wants its gradient
    /// even if it is made within [`no_grad`](Self::no_grad): it may be used again outside.
    #[track_caller]
    pub(crate) fn param(&self, value: Tensor<T>, id: ParamId, wants: bool) -> Var<'_, T> {
        let var = self.push("param", &[], value, wants, None);
        self.records.borrow_mut().params.push((var.id, id));
        var
    }

    /// Puts the result of an operation on the tape. Every op ends in this call.
    ///
    /// `backward` receives the gradient of the output *by value*, so it may work in place, and a [`Sink`] that takes
    /// the gradient of each of `inputs` by position. It is kept only if some input wants a gradient.
    ///
    /// # Panics
    /// If `inputs` are of different tapes.
    #[track_caller]
    pub fn record<'t>(
        &'t self,
        op: &'static Op,
        inputs: &[Var<'t, T>],
        value: Tensor<T>,
        backward: impl FnOnce(Tensor<T>, &mut Sink<'_, T>) + Send + 'static,
    ) -> Var<'t, T> {
        self.record_as(op.name, inputs, value, backward)
    }

    #[track_caller]
    pub(crate) fn record_as<'t>(
        &'t self,
        op: &'static str,
        inputs: &[Var<'t, T>],
        value: Tensor<T>,
        backward: impl FnOnce(Tensor<T>, &mut Sink<'_, T>) + Send + 'static,
    ) -> Var<'t, T> {
        for input in inputs {
            assert!(
                std::ptr::eq(self, input.tape),
                "{op}: its arguments live on two tapes\n  rule: an operation takes values of one tape; carry a value \
                 over with `tape.constant(x.value())`"
            );
        }
        let wants = self.recording.get() && {
            let records = self.records.borrow();
            inputs.iter().any(|input| records.nodes[input.id as usize].wants)
        };
        let backward: Option<Backward<T>> = if wants { Some(Box::new(backward)) } else { None };
        self.push(op, inputs, value, wants, backward)
    }

    /// The result of an operation whose derivative is 0.
    #[track_caller]
    pub(crate) fn record_flat<'t>(
        &'t self,
        op: &'static Op,
        input: Var<'t, T>,
        value: Tensor<T>,
    ) -> Var<'t, T> {
        self.push(op.name, &[input], value, false, None)
    }

    #[track_caller]
    fn push(
        &self,
        op: &'static str,
        inputs: &[Var<'_, T>],
        value: Tensor<T>,
        wants: bool,
        backward: Option<Backward<T>>,
    ) -> Var<'_, T> {
        let mut records = self.records.borrow_mut();
        let records = &mut *records;
        records.arguments.extend(inputs.iter().map(|input| input.id));
        let id = u32::try_from(records.nodes.len()).expect("a tape holds fewer than 2³² nodes");
        records.bytes += size_of_val(value.as_slice());
        records.peak = records.peak.max(records.bytes);
        let arguments_end = records.arguments.len() as u32;
        let keep = wants && inputs.is_empty();
        let at = Location::caller();
        records.nodes.push(Node { value, op, at, arguments_end, backward, wants, keep });
        Var { tape: self, id }
    }

    /// Runs `work` without recording: values are computed, derivatives are not kept.
    ///
    /// ```
    /// use gradbook_autograd::Tape;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.scalar(2.0);
    /// let y = tape.no_grad(|| x * x);
    /// assert_eq!((y.item(), tape.stats().recorded), (4.0, 0));
    /// ```
    pub fn no_grad<R>(&self, work: impl FnOnce() -> R) -> R {
        struct Restore<'a>(&'a Cell<bool>, bool);
        impl Drop for Restore<'_> {
            fn drop(&mut self) {
                self.0.set(self.1);
            }
        }
        let _restore = Restore(&self.recording, self.recording.replace(false));
        work()
    }

    /// How much the tape holds now, and held at most.
    pub fn stats(&self) -> TapeStats {
        let records = self.records.borrow();
        TapeStats {
            nodes: records.nodes.len(),
            recorded: records.nodes.iter().filter(|node| node.backward.is_some()).count(),
            bytes: records.bytes,
            peak_bytes: records.peak,
        }
    }
}
