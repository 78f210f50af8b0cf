//! Losses of a whole batch that is cut into shards: a function of all rows that is no mean over rows, such as the entropy
//! of a mean, must see all of them, whatever shard they are in.

use std::collections::BTreeMap;

use crate::{Real, Sink, Tape, Tensor, Var};

/// A function of rows and of values that all shards have alike. See [`Graph::over_batch`](crate::Graph::over_batch).
pub(crate) type OverBatch<T> = Box<dyn for<'a> Fn(Var<'a, T>, &[Var<'a, T>]) -> Var<'a, T> + Send>;

/// Which function of a pass: its name, and how often a function of that name came before it.
pub(crate) type Key = (String, usize);

/// What a shard knows of a function of the whole batch after its first pass: its own rows.
pub(crate) struct Part<T: Real> {
    pub rows: Tensor<T>,
    pub shared: Vec<Tensor<T>>,
    pub function: OverBatch<T>,
}

/// The functions of the whole batch that one shard's pass asked for.
#[derive(Default)]
pub struct BatchParts<T: Real>(pub(crate) BTreeMap<Key, Part<T>>);

impl<T: Real> BatchParts<T> {
    /// Whether the pass asked for none: then it needs no second one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The values and derivatives of all functions of a batch, each computed once over the rows of all shards.
///
/// A step over shards makes a first pass with [`Graph::surveying`](crate::Graph::surveying), puts together what
/// [`Graph::take_parts`](crate::Graph::take_parts) found, in the order of the shards, and makes the pass that counts with
/// [`Graph::knowing`](crate::Graph::knowing).
///
/// ```text
/// L = f(rows of all shards)        shard s of weight w_s gets the value L with ∂/∂rows_s = (∂L/∂rows)_s / w_s,
/// so that Σ_s w_s·(its loss) is L and has the gradient of L
/// ```
pub struct Batch<T: Real> {
    found: BTreeMap<Key, Whole<T>>,
}

struct Whole<T: Real> {
    value: Tensor<T>,
    /// The gradient to the rows of each shard that has some, and the weight of the shard.
    rows: BTreeMap<usize, (Tensor<T>, f64)>,
    shared: Vec<Tensor<T>>,
    /// The weight of these shards together.
    weight: f64,
}

impl<T: Real> Batch<T> {
    /// Puts the rows of shards together, each given with its number and its weight, and computes every function of them.
    pub fn new(shards: Vec<(usize, f64, BatchParts<T>)>) -> Self {
        let mut parts = BTreeMap::<Key, Vec<(usize, f64, Part<T>)>>::new();
        for (shard, weight, found) in shards {
            for (key, part) in found.0 {
                parts.entry(key).or_default().push((shard, weight, part));
            }
        }
        Self { found: parts.into_iter().map(|(key, parts)| (key, Whole::new(&parts))).collect() }
    }

    /// The function as a value on the tape of one shard.
    pub(crate) fn value<'t>(
        &self,
        key: &Key,
        shard: usize,
        rows: Var<'t, T>,
        shared: &[Var<'t, T>],
    ) -> Var<'t, T> {
        let whole = self.found.get(key).expect("both passes of a shard are alike");
        let (to_rows, own) = whole.rows[&shard].clone();
        let (to_shared, all) = (whole.shared.clone(), whole.weight);
        let inputs: Vec<_> = std::iter::once(rows).chain(shared.iter().copied()).collect();
        let value = |_: &[Tensor<T>]| whole.value.map(|x| x * T::of(1.0 / all));
        let backward = move |_: &[Tensor<T>], _: &Tensor<T>, g: Tensor<T>, sink: &mut Sink<'_, T>| {
            let g = g.as_slice()[0];
            let times = |x: &Tensor<T>, weight: f64| x.map(|x| x * g * T::of(1.0 / weight));
            sink.give(0, || times(&to_rows, own));
            to_shared.iter().enumerate().for_each(|(k, x)| sink.give(k + 1, || times(x, all)));
        };
        rows.tape().custom("over_batch", &inputs, value, backward)
    }
}

impl<T: Real> Whole<T> {
    fn new(parts: &[(usize, f64, Part<T>)]) -> Self {
        let tape = Tape::new();
        let rows: Vec<_> = parts.iter().map(|(_, _, part)| tape.var(part.rows.clone())).collect();
        let first = &parts[0].2;
        let shared: Vec<_> = first.shared.iter().map(|x| tape.var(x.clone())).collect();
        let loss = (first.function)(Var::concat(&rows, 0), &shared);
        let (value, grads) = (loss.value(), loss.backward());
        let gradient = |x: Var<'_, T>| grads.get(x).cloned().unwrap_or_else(|| Tensor::zeros(x.shape()));
        let of_shard =
            |((shard, weight, _), &x): (&(usize, f64, _), &Var<'_, T>)| (*shard, (gradient(x), *weight));
        Self {
            value,
            rows: parts.iter().zip(&rows).map(of_shard).collect(),
            shared: shared.iter().map(|&x| gradient(x)).collect(),
            weight: parts.iter().map(|(_, weight, _)| weight).sum(),
        }
    }
}
