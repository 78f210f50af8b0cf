//! [`Graph`]: what a layer's forward needs to know — the tape, the parameters, the mode, the randomness.

use std::cell::RefCell;

use crate::{ParamId, ParamStore, Real, Rng, Role, Stats, Stream, Tape, Var};

/// Whether a forward pass is for learning or for measuring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Parameters want gradients; layers may drop out and report statistics.
    Train,
    /// Parameters are constants, so nothing is recorded; no random number is drawn, nothing is reported.
    Eval,
}

/// The context of one forward pass.
///
/// It gives each parameter one leaf however often it is used (so tied weights work), and collects the statistics
/// that layers *report* instead of changing themselves: forward is pure.
pub struct Graph<'t, T: Real> {
    tape: &'t Tape<T>,
    store: &'t ParamStore<T>,
    mode: Mode,
    stream: Stream,
    leaves: RefCell<Vec<Option<Var<'t, T>>>>,
    stats: RefCell<Stats<T>>,
}

impl<'t, T: Real> Graph<'t, T> {
    /// A training pass, with the random stream of seed 0, step 0; see [`with_stream`](Self::with_stream).
    pub fn train(tape: &'t Tape<T>, store: &'t ParamStore<T>) -> Self {
        Self::new(tape, store, Mode::Train)
    }

    /// An evaluation pass.
    pub fn eval(tape: &'t Tape<T>, store: &'t ParamStore<T>) -> Self {
        Self::new(tape, store, Mode::Eval)
    }

    fn new(tape: &'t Tape<T>, store: &'t ParamStore<T>, mode: Mode) -> Self {
        let leaves = RefCell::new(vec![None; store.len()]);
        Self { tape, store, mode, stream: Stream::new(0, 0, 0), leaves, stats: RefCell::default() }
    }

    /// The same pass with another random stream.
    pub fn with_stream(self, stream: Stream) -> Self {
        Self { stream, ..self }
    }

    /// Lets `x` stand for the parameter `id` in this pass: how a gradient check treats parameters as inputs.
    ///
    /// # Panics
    /// If the parameter has been used already or is of another store, or if the shapes differ.
    #[track_caller]
    pub fn bind(&self, id: ParamId, x: Var<'t, T>) {
        let entry = self.store.entry(id);
        assert_eq!(
            x.shape(),
            *entry.value.shape(),
            "graph: `{}` is bound to a value of another shape",
            entry.name
        );
        let before = self.leaves.borrow_mut()[id.index()].replace(x);
        assert!(before.is_none(), "graph: `{}` is bound after its first use", entry.name);
    }

    /// The tape.
    pub fn tape(&self) -> &'t Tape<T> {
        self.tape
    }

    /// The parameters and buffers.
    pub fn store(&self) -> &'t ParamStore<T> {
        self.store
    }

    /// Train or eval.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The training step, for schedules inside a layer.
    pub fn step(&self) -> u64 {
        self.stream.step()
    }

    /// Whether this is a training pass.
    pub fn training(&self) -> bool {
        self.mode == Mode::Train
    }

    /// The parameter (or buffer) as a value on the tape: a leaf that wants a gradient if it is trainable and the pass
    /// is a training pass.
    ///
    /// # Panics
    /// If the parameter is of another store.
    #[track_caller]
    pub fn param(&self, id: ParamId) -> Var<'t, T> {
        let entry = self.store.entry(id);
        let leaf = &mut self.leaves.borrow_mut()[id.index()];
        if let Some(known) = *leaf {
            return known;
        }
        let wants = self.training() && entry.role == Role::Trainable;
        *leaf.insert(self.tape.param(entry.value.clone(), id, wants))
    }

    /// A generator for one use of randomness.
    ///
    /// # Panics
    /// In evaluation, which draws no random number.
    #[track_caller]
    pub fn rng(&self) -> Rng {
        assert!(self.training(), "graph: evaluation draws no random number");
        self.stream.next_use()
    }

    /// Reports statistics about this pass, to be merged over shards and absorbed after the step.
    ///
    /// # Panics
    /// If they do not merge with those reported before; see [`Stats::insert`].
    #[track_caller]
    pub fn report(&self, stats: Stats<T>) {
        self.stats.borrow_mut().merge(stats);
    }

    /// Everything reported so far.
    pub fn take_stats(&self) -> Stats<T> {
        self.stats.take()
    }
}
