//! [`ParamStore`]: every number a model learns or carries along, by dotted name, in insertion order.
//!
//! Layers hold `Copy` handles ([`ParamId`]); state dicts, optimizers, clipping and averages are loops over the store.

use std::collections::{BTreeMap, btree_map};

use crate::{Real, Tensor};

/// A handle to an entry of a [`ParamStore`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParamId(pub(crate) u32);

impl ParamId {
    /// The entry's position in insertion order.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What an entry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Learned by gradient: optimizers move it.
    Trainable,
    /// State that is saved but has no gradient: running statistics, EMA codebooks, counters.
    Buffer,
}

/// One named value of a store.
#[derive(Clone, Debug)]
pub struct Entry<T: Real> {
    /// The dotted name, as in `encoder.0.weight`.
    pub name: String,
    /// The value.
    pub value: Tensor<T>,
    /// Learned or carried along.
    pub role: Role,
}

/// The parameters and buffers of a model.
///
/// ```
/// use gradbook_autograd::{Graph, ParamStore, Role, Tape, Tensor};
/// let mut store = ParamStore::<f64>::new();
/// let w = store.add("layer.weight", Tensor::new([2], vec![1.0, 2.0]), Role::Trainable);
/// let tape = Tape::new();
/// let graph = Graph::train(&tape, &store);
/// let loss = graph.param(w).square().sum_all();
/// let grads = loss.backward();
/// assert_eq!(grads.params.get(w).unwrap().as_slice(), [2.0, 4.0]); // ∂/∂w Σw² = 2w
/// ```
#[derive(Clone, Debug, Default)]
pub struct ParamStore<T: Real> {
    entries: Vec<Entry<T>>,
}

impl<T: Real> ParamStore<T> {
    /// An empty store.
    pub fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Adds an entry. Panics if the name is taken.
    #[track_caller]
    pub fn add(&mut self, name: impl Into<String>, value: Tensor<T>, role: Role) -> ParamId {
        let name = name.into();
        assert!(
            self.find(&name).is_none(),
            "store: the name `{name}` is taken\n  rule: every parameter has its own dotted name"
        );
        self.entries.push(Entry { name, value, role });
        ParamId(self.entries.len() as u32 - 1)
    }

    /// The entry's value.
    pub fn get(&self, id: ParamId) -> &Tensor<T> {
        &self.entries[id.index()].value
    }

    /// The entry's value, to be changed. In place once no tape shares it.
    pub fn get_mut(&mut self, id: ParamId) -> &mut Tensor<T> {
        &mut self.entries[id.index()].value
    }

    /// The whole entry.
    pub fn entry(&self, id: ParamId) -> &Entry<T> {
        &self.entries[id.index()]
    }

    /// The handle of a name.
    pub fn find(&self, name: &str) -> Option<ParamId> {
        self.iter().find(|(_, entry)| entry.name == name).map(|(id, _)| id)
    }

    /// All entries in insertion order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (ParamId, &Entry<T>)> {
        self.entries.iter().enumerate().map(|(i, entry)| (ParamId(i as u32), entry))
    }

    /// All values in insertion order, to be changed together: an optimizer's view.
    pub fn values_mut(&mut self) -> impl ExactSizeIterator<Item = (ParamId, &mut Tensor<T>)> {
        self.entries.iter_mut().enumerate().map(|(i, entry)| (ParamId(i as u32), &mut entry.value))
    }

    /// The handles of what is learned by gradient.
    pub fn trainable(&self) -> impl Iterator<Item = ParamId> + '_ {
        self.iter().filter(|(_, entry)| entry.role == Role::Trainable).map(|(id, _)| id)
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The number of learned numbers.
    pub fn parameters(&self) -> usize {
        self.trainable().map(|id| self.get(id).shape().size()).sum()
    }
}

/// Gradients by parameter: what a tape hands over when it dies, and what shards fold together.
#[derive(Clone, Debug, Default)]
pub struct ParamGrads<T: Real> {
    grads: BTreeMap<ParamId, Tensor<T>>,
}

impl<T: Real> ParamGrads<T> {
    /// The gradient of a parameter, if any reached it.
    pub fn get(&self, id: ParamId) -> Option<&Tensor<T>> {
        self.grads.get(&id)
    }

    /// The gradient of a parameter, to be changed (clipped, scaled).
    pub fn get_mut(&mut self, id: ParamId) -> Option<&mut Tensor<T>> {
        self.grads.get_mut(&id)
    }

    /// Sets the gradient of a parameter.
    pub fn set(&mut self, id: ParamId, g: Tensor<T>) {
        self.grads.insert(id, g);
    }

    /// All gradients, in the store's order.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (ParamId, &mut Tensor<T>)> {
        self.grads.iter_mut().map(|(id, g)| (*id, g))
    }

    /// Drops the gradients of parameters that `keep` refuses: frozen ones.
    pub fn retain(&mut self, keep: impl Fn(ParamId) -> bool) {
        self.grads.retain(|id, _| keep(*id));
    }

    /// Adds the gradients of another shard (in place where both have one).
    pub fn add(&mut self, other: ParamGrads<T>) {
        for (id, g) in other {
            self.grads.entry(id).and_modify(|sum| sum.zip_assign(&g, |a, b| a + b)).or_insert(g);
        }
    }

    /// The names of trainable parameters that no gradient reached: usually a layer that was never called.
    pub fn missing<'s>(&self, store: &'s ParamStore<T>) -> Vec<&'s str> {
        let lost = store.trainable().filter(|id| self.get(*id).is_none());
        lost.map(|id| store.entry(id).name.as_str()).collect()
    }
}

impl<T: Real> IntoIterator for ParamGrads<T> {
    type Item = (ParamId, Tensor<T>);
    type IntoIter = btree_map::IntoIter<ParamId, Tensor<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.grads.into_iter()
    }
}
