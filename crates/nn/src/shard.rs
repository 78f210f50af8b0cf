//! [`ShardedStep`]: data parallelism with the same bits on any number of threads. One tape per shard, gradients and
//! statistics folded in shard order.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use gradbook_autograd::{
    Batch, BatchParts, CHAIN, Graph, ParamGrads, ParamId, ParamStore, Real, Stats, Stream, Tape, Tensor, Var,
    alone, mismatch, simd,
};
use rayon::prelude::*;

use crate::pieces::{CHUNK, each_piece};

/// Cuts each batch into a *fixed* number of shards, which threads then share as they come. Where there are at least as many
/// shards as threads, each is one task that hands no work over ([`alone`]).
///
/// ```
/// use gradbook_autograd::{ParamStore, Role, Tensor};
/// use gradbook_nn::ShardedStep;
/// let mut store = ParamStore::<f64>::new();
/// let w = store.add("w", Tensor::new([1], vec![2.0]), Role::Trainable);
/// let data = [1.0, 2.0, 3.0, 6.0];
/// let result = ShardedStep::new(2, 0).run(&store, 0, data.len(), |graph, rows| {
///     let x = graph.tape().constant(Tensor::new([rows.len()], data[rows.clone()].to_vec()));
///     ((graph.param(w) * x).sum_all() * (1.0 / rows.len() as f64), rows) // a mean over the shard's rows
/// });
/// assert_eq!(result.loss, 6.0);                                          // is the mean over the batch
/// assert_eq!(result.grads.get(w).unwrap().as_slice(), [3.0]);
/// assert_eq!(result.extras, [0..2, 2..4]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardedStep {
    shards: usize,
    seed: u64,
}

/// What a forward and backward pass over a batch gives.
#[derive(Clone, Debug)]
pub struct StepResult<T: Real, M> {
    /// The mean loss.
    pub loss: f64,
    /// Its gradients.
    pub grads: ParamGrads<T>,
    /// Everything that layers reported, merged in shard order.
    pub stats: Stats<T>,
    /// What the forward function gave beside the loss, in shard order.
    pub extras: Vec<M>,
}

/// The pass of a shard: done, or waiting for what it asked of the whole batch.
enum Pass<T: Real, M> {
    Done(f64, ParamGrads<T>, Stats<T>, M),
    Waits(usize, BatchParts<T>),
}

impl ShardedStep {
    /// Steps of at most `shards` shards whose randomness comes from `seed`.
    ///
    /// # Panics
    /// Without a shard.
    #[track_caller]
    pub fn new(shards: usize, seed: u64) -> Self {
        assert!(shards > 0, "sharded step: a batch is cut into at least one shard");
        Self { shards, seed }
    }

    /// Runs `forward` and backward on every shard of a batch of `rows` rows.
    ///
    /// `forward` gets the rows of its shard and returns the *mean* loss over them, with anything else worth keeping.
    /// Shards are weighted by their rows, so the result is that of the whole batch. `step` keys the random streams:
    /// give every call of a run its own.
    ///
    /// *A loss of the whole batch*, [`Graph::over_batch`], is the same for any cut, and so is its gradient. Where `forward`
    /// asks for one, every shard makes its forward pass first, the loss is computed once over the rows of all of them, and
    /// then the shards make the pass that counts, `forward` being called again. Steps without such a loss make one pass.
    ///
    /// # Panics
    /// Without rows.
    #[track_caller]
    pub fn run<T: Real, M: Send>(
        &self,
        store: &ParamStore<T>,
        step: u64,
        rows: usize,
        forward: impl for<'t> Fn(&Graph<'t, T>, Range<usize>) -> (Var<'t, T>, M) + Sync,
    ) -> StepResult<T, M> {
        assert!(rows > 0, "sharded step: the batch is empty");
        let bounds = |shard: usize| shard * rows / self.shards..(shard + 1) * rows / self.shards;
        let weight = |shard: usize| bounds(shard).len() as f64 / rows as f64;
        let filled: Vec<usize> = (0..self.shards).filter(|shard| !bounds(*shard).is_empty()).collect();
        let run = |shard: usize, batch: Option<&Arc<Batch<T>>>| {
            let tape = Tape::new();
            let graph = Graph::train(&tape, store).with_stream(Stream::new(self.seed, step, shard as u64));
            let graph = match batch {
                Some(batch) => graph.knowing(batch.clone(), shard),
                None if filled.len() > 1 => graph.surveying(),
                None => graph,
            };
            let (loss, extra) = forward(&graph, bounds(shard));
            let parts = graph.take_parts();
            if !parts.is_empty() {
                return Pass::Waits(shard, parts);
            }
            let grads = tape.backward(&[(loss, weight(shard))]).params;
            Pass::Done(weight(shard) * loss.item(), grads, graph.take_stats(), extra)
        };
        let all_busy = filled.len() >= rayon::current_num_threads();
        let busy = |shard, batch: Option<&Arc<Batch<T>>>| {
            if all_busy { alone(|| run(shard, batch)) } else { run(shard, batch) }
        };
        let mut passes: Vec<_> = filled.par_iter().with_max_len(1).map(|&shard| busy(shard, None)).collect();
        let mut waiting = Vec::new();
        for pass in &mut passes {
            if let Pass::Waits(shard, parts) = pass {
                waiting.push((*shard, weight(*shard), std::mem::take(parts)));
            }
        }
        if !waiting.is_empty() {
            let batch = Arc::new(Batch::new(waiting));
            let again = |pass| match pass {
                Pass::Waits(shard, _) => busy(shard, Some(&batch)),
                done => done,
            };
            passes = passes.into_par_iter().with_max_len(1).map(again).collect();
        }
        let mut loss = 0.0;
        let (mut grads, mut others) = (Vec::with_capacity(passes.len()), Vec::with_capacity(passes.len()));
        for pass in passes {
            let Pass::Done(part, g, stats, extra) = pass else { unreachable!("the batch is known") };
            loss += part;
            grads.push(g);
            others.push((stats, vec![extra]));
        }
        let others = in_pairs(others, |(mut stats, mut extras), (more_stats, more_extras)| {
            stats.merge(more_stats);
            extras.extend(more_extras);
            (stats, extras)
        });
        let (stats, extras) = others.expect("at least one shard has rows");
        StepResult { loss, grads: fold(grads), stats, extras }
    }
}

impl<T: Real, M> StepResult<T, M> {
    /// Gradient accumulation: the mean of the losses and gradients of several micro-batches of equal size, their
    /// statistics merged. They are summed in pairs
    /// ([`pairwise`](gradbook_autograd::pairwise)): given a lazy iterator of n, it holds at most log₂ n + 2 at a time. `None` without micro-batches.
    pub fn mean(micro_batches: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut count = 0.0;
        let counted = micro_batches.into_iter().inspect(|_| count += 1.0);
        let mut sum = in_pairs(counted, |mut sum, micro| {
            sum.loss += micro.loss;
            sum.grads = fold(vec![sum.grads, micro.grads]);
            sum.stats.merge(micro.stats);
            sum.extras.extend(micro.extras);
            sum
        })?;
        let share = T::of(1.0 / count);
        sum.loss /= count;
        sum.grads.iter_mut().for_each(|(_, g)| g.map_assign(|g| g * share));
        Some(sum)
    }
}

/// All items as one, by joining neighbors in pairs, pairs in pairs and so on: [`pairwise`](gradbook_autograd::pairwise)
/// for what is no slice.
fn in_pairs<R>(items: impl IntoIterator<Item = R>, mut join: impl FnMut(R, R) -> R) -> Option<R> {
    let mut waiting = Vec::new(); // of ever fewer items
    for (i, mut item) in items.into_iter().enumerate() {
        for _ in 0..(i + 1).trailing_zeros() {
            item = join(waiting.pop()?, item);
        }
        waiting.push(item);
    }
    let last = waiting.pop()?;
    Some(waiting.into_iter().rev().fold(last, |right, left| join(left, right)))
}

/// The sum of the shards' gradients in shard order, in place in the first: one pass over all, on all threads. Of many
/// shards, chains of 16 are joined in pairs.
#[track_caller]
fn fold<T: Real>(mut shards: Vec<ParamGrads<T>>) -> ParamGrads<T> {
    if shards.len() > CHAIN {
        let chains = std::iter::from_fn(|| {
            (!shards.is_empty()).then(|| fold(shards.drain(..shards.len().min(CHAIN)).collect()))
        });
        return in_pairs(chains, |a, b| fold(vec![a, b])).unwrap_or_default();
    }
    let mut by_parameter = BTreeMap::<ParamId, Vec<Tensor<T>>>::new();
    for (id, g) in shards.into_iter().flatten() {
        by_parameter.entry(id).or_default().push(g);
    }
    let mut pieces = Vec::new();
    for terms in by_parameter.values_mut() {
        let Some((sum, rest)) = terms.split_first_mut() else { continue };
        if let Some(other) = rest.iter().find(|other| other.shape() != sum.shape()) {
            let operands = [("one", sum.shape(), ""), ("other", other.shape(), "")];
            let rule = "all have the shape of the parameter";
            mismatch("sharded step", "the gradients of a parameter do not add up", &operands, rule);
        }
        let chunks = sum.as_mut_slice().chunks_mut(CHUNK).enumerate();
        pieces.extend(chunks.map(|(i, chunk)| (chunk, i * CHUNK, &*rest)));
    }
    let add = |(sum, from, rest): (&mut [T], usize, &[Tensor<T>])| {
        simd!({
            for term in rest {
                sum.iter_mut().zip(&term.as_slice()[from..]).for_each(|(sum, g)| *sum += *g);
            }
        });
    };
    each_piece(pieces, |(chunk, ..)| chunk.len(), add);
    let mut folded = ParamGrads::default();
    for (id, terms) in by_parameter {
        folded.set(id, terms.into_iter().next().expect("an entry has at least one term"));
    }
    folded
}
