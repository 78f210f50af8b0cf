//! [`Graph`]: what a layer's forward needs to know — the tape, the parameters, the mode, the randomness.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use crate::{
    ParamId, ParamStore, Real, Rng, Role, Stats, Stream, Tape, Tensor, Var,
    batch::{Batch, BatchParts, Part},
};

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
    batch: Sight<T>,
    /// How often a function of the whole batch of each name was asked for.
    asked: RefCell<BTreeMap<String, usize>>,
}

/// What a pass knows of the batch.
enum Sight<T: Real> {
    /// Its rows are the batch.
    All,
    /// Its rows are a shard's. What it asks of the whole batch is put down for the next pass.
    Survey(RefCell<BatchParts<T>>),
    /// Its rows are those of this shard, and what it asks of the whole batch is known.
    Known(Arc<Batch<T>>, usize),
}

/// Stands for all shards in the key of a random stream.
const EVERY_SHARD: u64 = u64::MAX;

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
        let (stream, stats, asked) = (Stream::new(0, 0, 0), RefCell::default(), RefCell::default());
        Self { tape, store, mode, stream, leaves, stats, batch: Sight::All, asked }
    }

    /// The same pass with another random stream.
    pub fn with_stream(self, stream: Stream) -> Self {
        Self { stream, ..self }
    }

    /// The first pass of a shard: what it asks of the whole batch is 0 so far, and waits in
    /// [`take_parts`](Self::take_parts).
    pub fn surveying(self) -> Self {
        Self { batch: Sight::Survey(RefCell::new(BatchParts(BTreeMap::new()))), ..self }
    }

    /// The second pass of a shard.
    pub fn knowing(self, batch: Arc<Batch<T>>, shard: usize) -> Self {
        Self { batch: Sight::Known(batch, shard), ..self }
    }

    /// What a pass that is [`surveying`](Self::surveying) asked of the whole batch.
    pub fn take_parts(&self) -> BatchParts<T> {
        match &self.batch {
            Sight::Survey(parts) => BatchParts(std::mem::take(&mut parts.borrow_mut().0)),
            _ => BatchParts(BTreeMap::new()),
        }
    }

    /// The scalar f(rows, shared) over the rows of the *whole batch*: in a pass over a shard, those of all shards. For
    /// losses that are no means over rows, such as the entropy of a mean: merging what each shard makes of its own rows
    /// would give another number for every cut.
    ///
    /// `name` tells functions of one pass apart. `shared` are values that every shard computes alike, such as codes; f
    /// sees only what it is given, because it runs once, on a tape of its own. Its gradient reaches `rows` and `shared`.
    ///
    /// ```
    /// use gradbook_autograd::{Graph, ParamStore, Tape, Tensor};
    /// let (tape, store) = (Tape::<f64>::new(), ParamStore::new());
    /// let g = Graph::train(&tape, &store);
    /// let x = tape.var(Tensor::new([2, 1], vec![1.0, 3.0]));
    /// let square_of_mean = g.over_batch("x", x, &[], |x, _| x.mean_all().square());
    /// assert_eq!(square_of_mean.item(), 4.0);
    /// assert_eq!(square_of_mean.backward()[x].as_slice(), [2.0, 2.0]); // 2·mean/n
    /// ```
    pub fn over_batch(
        &self,
        name: &str,
        rows: Var<'t, T>,
        shared: &[Var<'t, T>],
        f: impl for<'a> Fn(Var<'a, T>, &[Var<'a, T>]) -> Var<'a, T> + Send + 'static,
    ) -> Var<'t, T> {
        if let Sight::All = self.batch {
            return f(rows, shared);
        }
        let mut asked = self.asked.borrow_mut();
        let times = asked.entry(name.to_owned()).or_default();
        let key = (name.to_owned(), *times);
        *times += 1;
        match &self.batch {
            Sight::Known(batch, shard) => batch.value(&key, *shard, rows, shared),
            _ => {
                let shared = shared.iter().map(|x| x.value()).collect();
                let part = Part { rows: rows.value(), shared, function: Box::new(f) };
                if let Sight::Survey(parts) = &self.batch {
                    parts.borrow_mut().0.insert(key, part);
                }
                self.tape.constant(Tensor::scalar(T::ZERO))
            }
        }
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

    /// A generator for what the whole batch has in common: the same in every shard, and at every call, of a step.
    ///
    /// # Panics
    /// In evaluation, which draws no random number.
    #[track_caller]
    pub fn batch_rng(&self) -> Rng {
        assert!(self.training(), "graph: evaluation draws no random number");
        self.stream.of_shard(EVERY_SHARD).next_use()
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
