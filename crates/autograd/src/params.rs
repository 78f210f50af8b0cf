//! [`ParamStore`]: every number a model learns or carries along, by dotted name, in insertion order.
//!
//! Layers hold `Copy` handles ([`ParamId`]); state dicts, optimizers, clipping and averages are loops over the store.

use std::{
    collections::{BTreeMap, btree_map},
    sync::atomic::{AtomicU32, Ordering},
};

use crate::{Real, Tensor, mismatch};

/// A handle to an entry of a [`ParamStore`] and of its clones. Another store does not answer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParamId {
    position: u32,
    /// No two entries of a program have the same number, but for those of a store and its clone.
    number: u32,
}

impl ParamId {
    /// The id of an entry that is new.
    fn new(position: usize) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        Self { position: position as u32, number: MADE.fetch_add(1, Ordering::Relaxed) }
    }

    /// The entry's position in insertion order.
    pub fn index(self) -> usize {
        self.position as usize
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
    entries: Vec<(ParamId, Entry<T>)>,
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
        let id = ParamId::new(self.entries.len());
        self.entries.push((id, Entry { name, value, role }));
        id
    }

    /// Whether the id is of an entry of this store.
    pub fn contains(&self, id: ParamId) -> bool {
        self.entries.get(id.index()).is_some_and(|(own, _)| *own == id)
    }

    /// The entry's value.
    ///
    /// # Panics
    /// If the id is of another store.
    #[track_caller]
    pub fn get(&self, id: ParamId) -> &Tensor<T> {
        &self.entry(id).value
    }

    /// The entry's value, to be changed. In place once no tape shares it.
    ///
    /// # Panics
    /// If the id is of another store.
    #[track_caller]
    pub fn get_mut(&mut self, id: ParamId) -> &mut Tensor<T> {
        self.check(id);
        &mut self.entries[id.index()].1.value
    }

    /// The whole entry.
    ///
    /// # Panics
    /// If the id is of another store.
    #[track_caller]
    pub fn entry(&self, id: ParamId) -> &Entry<T> {
        self.check(id);
        &self.entries[id.index()].1
    }

    #[track_caller]
    fn check(&self, id: ParamId) {
        assert!(
            self.contains(id),
            "store: entry {} of another store was asked for\n  rule: an id belongs to the store that gave it, and to clones of \
             that store",
            id.index()
        );
    }

    /// The handle of a name.
    pub fn find(&self, name: &str) -> Option<ParamId> {
        self.iter().find(|(_, entry)| entry.name == name).map(|(id, _)| id)
    }

    /// All entries in insertion order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (ParamId, &Entry<T>)> {
        self.entries.iter().map(|(id, entry)| (*id, entry))
    }

    /// All values in insertion order, to be changed together: an optimizer's view.
    pub fn values_mut(&mut self) -> impl ExactSizeIterator<Item = (ParamId, &mut Tensor<T>)> {
        self.entries.iter_mut().map(|(id, entry)| (*id, &mut entry.value))
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

    /// All gradients, in the store's order.
    pub fn iter(&self) -> impl Iterator<Item = (ParamId, &Tensor<T>)> {
        self.grads.iter().map(|(id, g)| (*id, g))
    }

    /// Sets the gradient of a parameter.
    pub fn set(&mut self, id: ParamId, g: Tensor<T>) {
        self.grads.insert(id, g);
    }

    /// All gradients, to be changed, in the store's order.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (ParamId, &mut Tensor<T>)> {
        self.grads.iter_mut().map(|(id, g)| (*id, g))
    }

    /// Drops the gradients of parameters that `keep` refuses: frozen ones.
    pub fn retain(&mut self, keep: impl Fn(ParamId) -> bool) {
        self.grads.retain(|id, _| keep(*id));
    }

    /// Adds the gradients of another shard (in place where both have one).
    ///
    /// # Panics
    /// If the two gradients of a parameter differ in shape.
    #[track_caller]
    pub fn add(&mut self, other: ParamGrads<T>) {
        for (id, g) in other {
            let Some(sum) = self.grads.get_mut(&id) else {
                self.grads.insert(id, g);
                continue;
            };
            if sum.shape() != g.shape() {
                let operands = [("one", sum.shape(), ""), ("other", g.shape(), "")];
                let what = format!("two gradients of parameter {} do not add up", id.index());
                mismatch("gradients", &what, &operands, "all have the shape of the parameter");
            }
            sum.zip_assign(&g, |a, b| a + b);
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
