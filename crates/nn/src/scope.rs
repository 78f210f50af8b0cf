//! [`Scope`]: where a layer puts its parameters — a store, a dotted prefix, and the seed they are drawn from.

use std::{any::Any, fmt::Display};

use gradbook_autograd::{ParamId, ParamStore, Real, Rng, Role, Shape, Tensor};
use ndarray_rand::rand::SeedableRng;

use crate::Init;

/// A place in a model under construction.
///
/// The initial value of a parameter depends on the seed and on its *name*, not on what was built before it: adding a
/// layer leaves all others as they were.
///
/// ```
/// use gradbook_autograd::ParamStore;
/// use gradbook_nn::{Init, Scope};
/// let mut store = ParamStore::<f32>::new();
/// let mut scope = Scope::new(&mut store, 7);
/// let w = scope.at("encoder").at(0).parameter("weight", [2, 3], Init::Constant(0.5));
/// assert_eq!(store.entry(w).name, "encoder.0.weight");
/// ```
pub struct Scope<'s, T: Real> {
    store: &'s mut ParamStore<T>,
    prefix: String,
    seed: u64,
}

impl<'s, T: Real> Scope<'s, T> {
    /// The root of a store.
    pub fn new(store: &'s mut ParamStore<T>, seed: u64) -> Self {
        Self { store, prefix: String::new(), seed }
    }

    /// The scope named `name` within this one.
    pub fn at(&mut self, name: impl Display) -> Scope<'_, T> {
        Scope { prefix: self.name(name), store: self.store, seed: self.seed }
    }

    /// Adds a parameter that is learned by gradient.
    ///
    /// # Panics
    /// If the name is taken, or if an axis has length 0: a layer without channels, say.
    #[track_caller]
    pub fn parameter(&mut self, name: &str, shape: impl Into<Shape>, init: Init) -> ParamId {
        let shape = shape.into();
        assert!(
            shape.size() > 0,
            "scope: the parameter `{}` of shape {shape:?} holds no number\n  rule: channels, rows and widths are at least 1",
            self.name(name)
        );
        let value = self.draw(name, shape, init);
        self.trainable(name, value)
    }

    /// Adds a parameter with a given start.
    ///
    /// # Panics
    /// If the name is taken.
    #[track_caller]
    pub fn trainable(&mut self, name: &str, value: Tensor<T>) -> ParamId {
        let name = self.name(name);
        self.store.add(name, value, Role::Trainable)
    }

    /// The numbers with which a parameter of this name would start.
    ///
    /// # Panics
    /// If `init` is no distribution.
    #[track_caller]
    pub fn draw(&self, name: &str, shape: impl Into<Shape>, init: Init) -> Tensor<T> {
        init.draw(shape.into(), &mut generator(self.seed, &self.name(name)))
    }

    /// Adds a buffer: state that is saved but has no gradient.
    ///
    /// # Panics
    /// If the name is taken.
    #[track_caller]
    pub fn buffer(&mut self, name: &str, value: Tensor<T>) -> ParamId {
        let name = self.name(name);
        self.store.add(name, value, Role::Buffer)
    }

    /// The store.
    pub fn store(&mut self) -> &mut ParamStore<T> {
        self.store
    }

    /// The same scope, if its numbers are those: what has no generic methods can then build in it.
    pub fn cast<U: Real>(&mut self) -> Option<Scope<'_, U>> {
        let store: &mut dyn Any = self.store;
        Some(Scope { store: store.downcast_mut()?, prefix: self.prefix.clone(), seed: self.seed })
    }

    /// The full name of an entry called `name` here.
    pub fn name(&self, name: impl Display) -> String {
        if self.prefix.is_empty() { name.to_string() } else { format!("{}.{name}", self.prefix) }
    }
}

/// A generator keyed by the seed and the bytes of a name.
fn generator(seed: u64, name: &str) -> Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(name.len() as u64).to_le_bytes());
    // FNV-1a from two starting points: 128 bits, so that no two names of a model share a key.
    for (half, start) in [(16, 0xcbf2_9ce4_8422_2325), (24, 0x9ae1_6a3b_2f90_404f)] {
        let hash =
            name.bytes().fold(start, |h: u64, byte| (h ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        key[half..half + 8].copy_from_slice(&hash.to_le_bytes());
    }
    Rng::from_seed(key)
}
