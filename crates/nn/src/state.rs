//! [`State`]: what a checkpoint needs of anything that changes during training.

use gradbook_autograd::{ParamStore, Real, Tensor};

/// One named piece of state.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<T: Real> {
    /// Numbers of the model's type.
    Tensor(Tensor<T>),
    /// Exact integers: steps, hits, ages.
    Counts(Vec<u64>),
}

/// Something that can be saved and restored, piece by piece.
pub trait State<T: Real> {
    /// Every piece with its name, always in the same order.
    fn state(&self) -> Vec<(String, Value<T>)>;

    /// Takes back pieces of the kinds and shapes that [`state`](Self::state) tells now, in its order.
    fn set_state(&mut self, state: Vec<Value<T>>);
}

/// A store's state is the values of all its entries.
impl<T: Real> State<T> for ParamStore<T> {
    fn state(&self) -> Vec<(String, Value<T>)> {
        self.iter().map(|(_, entry)| (entry.name.clone(), Value::Tensor(entry.value.clone()))).collect()
    }

    fn set_state(&mut self, state: Vec<Value<T>>) {
        for ((_, own), value) in self.values_mut().zip(state) {
            if let Value::Tensor(value) = value {
                *own = value;
            }
        }
    }
}
