//! [`Optimizer`]: moves the parameters of a store by their gradients, in one fused pass.

mod average;
mod clip;
mod config;
mod muon;
mod rule;
mod slot;

pub use average::WeightAverage;
pub use clip::{Clip, grad_norm};
pub use config::{Adam, Group, Method, Momentum, OptimizerConfig, Rule};

use gradbook_autograd::{ParamGrads, ParamId, ParamStore, Real, Role};

use crate::{ConfigError, State, Value, pieces::each_piece};
use slot::Slot;

const ANOTHER_STORE: &str =
    "optimizer: it was made for another store\n  rule: one optimizer moves the parameters of one store";

/// An update rule with its moments, for every trainable parameter of a store.
///
/// ```
/// use gradbook_autograd::{Graph, ParamStore, Role, Tape, Tensor};
/// use gradbook_nn::{Optimizer, OptimizerConfig};
/// let mut store = ParamStore::<f64>::new();
/// let x = store.add("x", Tensor::new([1], vec![3.0]), Role::Trainable);
/// let mut adam = Optimizer::new(OptimizerConfig::adam(0.1), &store)?;
/// for _ in 0..200 {
///     let tape = Tape::new();
///     let grads = Graph::train(&tape, &store).param(x).square().sum_all().backward().params;
///     drop(tape);
///     adam.step(&mut store, &grads);
/// }
/// assert!(store.get(x).item().abs() < 1e-3); // the minimum of x²
/// # Ok::<(), gradbook_nn::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Optimizer<T: Real> {
    config: OptimizerConfig,
    steps: u64,
    /// One per entry of the store; nothing for buffers.
    slots: Vec<(ParamId, Option<Slot<T>>)>,
}

/// What a step did, for the log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// The learning rate of this step, before group factors.
    pub rate: f64,
    /// The norm of all gradients before clipping, if they are clipped by norm.
    pub grad_norm: Option<f64>,
}

impl<T: Real> Optimizer<T> {
    /// An optimizer for the parameters of `store`.
    ///
    /// # Errors
    /// If a setting makes no sense, or if a group fits no trainable parameter.
    pub fn new(config: OptimizerConfig, store: &ParamStore<T>) -> Result<Self, ConfigError> {
        config.check().map_err(|error| error.at("optimizer"))?;
        for group in &config.groups {
            let fits = store.trainable().any(|id| group.holds(&store.entry(id).name));
            let rule = "the whole first segments of a trainable parameter's name";
            ConfigError::unless(fits, "optimizer.groups.prefix", &group.prefix, rule)?;
        }
        let mut optimizer = Self { config, steps: 0, slots: Vec::new() };
        optimizer.admit(store);
        Ok(optimizer)
    }

    /// The configuration.
    pub fn config(&self) -> &OptimizerConfig {
        &self.config
    }

    /// How many steps were made.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// One step. A parameter without a gradient stays where it is, moments included.
    ///
    /// # Panics
    /// If a parameter changed its shape without [`resize`](Self::resize), or if store or gradients are of another model.
    #[track_caller]
    pub fn step(&mut self, store: &mut ParamStore<T>, grads: &ParamGrads<T>) -> StepReport {
        self.admit(store);
        let rate = self.config.rate * self.config.schedule.at(self.steps);
        let (limits, grad_norm) = self.config.clip.limits(store, grads);
        for (id, _) in grads.iter() {
            store.entry(id); // a panic if it is of another store
        }
        let mut pieces = Vec::new();
        for ((id, theta), (_, slot)) in store.values_mut().zip(&mut self.slots) {
            let (Some(slot), Some(g)) = (slot, grads.get(id)) else { continue };
            slot.cut(theta, g, rate, &mut pieces);
        }
        each_piece(pieces, |piece| piece.theta.len(), |piece| piece.update(limits));
        self.steps += 1;
        StepReport { rate, grad_norm }
    }

    /// Makes rows (along the first axis) of a parameter as new: moments zero, bias correction from the start. For
    /// codes that were respawned.
    ///
    /// # Panics
    /// If there is no such row, or the parameter is of another store.
    #[track_caller]
    pub fn reset_rows(&mut self, id: ParamId, rows: &[usize]) {
        if let Some(slot) = self.slot(id) {
            slot.reset_rows(rows);
        }
    }

    /// Follows a parameter that changed its shape: moments are kept where old and new shape overlap, and are zero
    /// elsewhere; new rows are as new. For a codebook that grows or widens.
    ///
    /// # Panics
    /// If the parameter is of another store.
    #[track_caller]
    pub fn resize(&mut self, id: ParamId, store: &ParamStore<T>) {
        if let Some(slot) = self.slot(id) {
            slot.resize(store.get(id).shape());
        }
    }

    #[track_caller]
    fn slot(&mut self, id: ParamId) -> Option<&mut Slot<T>> {
        let (own, slot) = self.slots.get_mut(id.index())?;
        assert!(*own == id, "{ANOTHER_STORE}");
        slot.as_mut()
    }

    /// Makes room for parameters that were added to the store.
    #[track_caller]
    fn admit(&mut self, store: &ParamStore<T>) {
        assert!(self.slots.iter().all(|(id, _)| store.contains(*id)), "{ANOTHER_STORE}");
        for (id, entry) in store.iter().skip(self.slots.len()) {
            let slot = (entry.role == Role::Trainable)
                .then(|| Slot::new(&entry.name, entry.value.shape(), self.config.rule(&entry.name)));
            self.slots.push((id, slot));
        }
    }
}

impl<T: Real> State<T> for Optimizer<T> {
    fn state(&self) -> Vec<(String, Value<T>)> {
        let steps = ("steps".to_string(), Value::Counts(vec![self.steps]));
        std::iter::once(steps)
            .chain(self.slots.iter().filter_map(|(_, slot)| slot.as_ref()).flat_map(Slot::state))
            .collect()
    }

    fn set_state(&mut self, state: Vec<Value<T>>) {
        let mut state = state.into_iter();
        if let Some(Value::Counts(steps)) = state.next() {
            self.steps = steps[0];
        }
        for slot in self.slots.iter_mut().filter_map(|(_, slot)| slot.as_mut()) {
            slot.set_state(&mut state);
        }
    }
}
