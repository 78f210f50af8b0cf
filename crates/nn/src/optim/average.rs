//! [`WeightAverage`]: a slowly moving average of the weights, often better to evaluate with than the weights themselves.

use gradbook_autograd::{ParamId, ParamStore, Real, Tensor};

use crate::{State, Value};

/// The exponential moving average s ← s + (1 − γ)(θ − s) of every trainable parameter, starting at its value
/// (Polyak & Juditsky 1992; Tarvainen & Valpola 2017).
///
/// ```
/// use gradbook_autograd::{ParamStore, Role, Tensor};
/// use gradbook_nn::WeightAverage;
/// let mut store = ParamStore::<f64>::new();
/// let w = store.add("w", Tensor::new([1], vec![1.0]), Role::Trainable);
/// let mut average = WeightAverage::new(0.9, &store);
/// *store.get_mut(w) = Tensor::new([1], vec![2.0]);
/// average.update(&store);
/// average.swap(&mut store);                             // evaluate with the average …
/// assert!((store.get(w).item() - 1.1).abs() < 1e-12);
/// average.swap(&mut store);                             // … and train on
/// assert_eq!(store.get(w).item(), 2.0);
/// ```
#[derive(Clone, Debug)]
pub struct WeightAverage<T: Real> {
    decay: f64,
    shadow: Vec<(ParamId, String, Tensor<T>)>,
}

impl<T: Real> WeightAverage<T> {
    /// The average of the parameters of `store`, with γ = `decay`.
    ///
    /// # Panics
    /// Unless 0 ≤ γ ≤ 1.
    #[track_caller]
    pub fn new(decay: f64, store: &ParamStore<T>) -> Self {
        assert!((0.0..=1.0).contains(&decay), "average: the decay {decay} is not between 0 and 1");
        let entry = |id| (id, store.entry(id).name.clone(), store.get(id).clone());
        Self { decay, shadow: store.trainable().map(entry).collect() }
    }

    /// Moves the average towards the parameters. One that changed its shape is averaged anew.
    ///
    /// # Panics
    /// If the store is another one.
    #[track_caller]
    pub fn update(&mut self, store: &ParamStore<T>) {
        let share = T::of(1.0 - self.decay);
        for (id, _, shadow) in &mut self.shadow {
            let theta = store.get(*id);
            if shadow.shape() == theta.shape() {
                shadow.zip_assign(theta, |s, theta| s + share * (theta - s));
            } else {
                *shadow = theta.clone();
            }
        }
    }

    /// Takes over rows (along the first axis) of a parameter that were overwritten, such as codes that were respawned: an
    /// average with what was there before would stand for nothing. A parameter of another shape is taken over as a whole.
    ///
    /// ```
    /// use gradbook_autograd::{ParamStore, Role, Tensor};
    /// use gradbook_nn::WeightAverage;
    /// let mut store = ParamStore::<f64>::new();
    /// let codes = store.add("codes", Tensor::new([2, 1], vec![1.0, 2.0]), Role::Trainable);
    /// let mut average = WeightAverage::new(0.9, &store);
    /// *store.get_mut(codes) = Tensor::new([2, 1], vec![1.0, 7.0]);
    /// average.overwrite_rows(codes, &[1], &store);
    /// average.swap(&mut store);
    /// assert_eq!(store.get(codes).as_slice(), [1.0, 7.0]);
    /// ```
    ///
    /// # Panics
    /// If there is no such row.
    #[track_caller]
    pub fn overwrite_rows(&mut self, id: ParamId, rows: &[usize], store: &ParamStore<T>) {
        let Some((_, _, shadow)) = self.shadow.iter_mut().find(|(own, ..)| *own == id) else { return };
        let theta = store.get(id);
        if shadow.shape() != theta.shape() {
            *shadow = theta.clone();
            return;
        }
        let width = theta.as_slice().len() / theta.shape()[0];
        for row in rows.iter().map(|row| row * width..(row + 1) * width) {
            shadow.as_mut_slice()[row.clone()].copy_from_slice(&theta.as_slice()[row]);
        }
    }

    /// Takes the parameters of a store for the average, whatever their shapes.
    pub fn replace(&mut self, averaged: &ParamStore<T>) {
        self.shadow.iter_mut().for_each(|(id, _, shadow)| *shadow = averaged.get(*id).clone());
    }

    /// Exchanges the average and the parameters.
    ///
    /// # Panics
    /// If the store is another one.
    #[track_caller]
    pub fn swap(&mut self, store: &mut ParamStore<T>) {
        for (id, _, shadow) in &mut self.shadow {
            std::mem::swap(shadow, store.get_mut(*id));
        }
    }
}

impl<T: Real> State<T> for WeightAverage<T> {
    fn state(&self) -> Vec<(String, Value<T>)> {
        self.shadow.iter().map(|(_, name, s)| (name.clone(), Value::Tensor(s.clone()))).collect()
    }

    fn set_state(&mut self, state: Vec<Value<T>>) {
        for ((_, _, shadow), value) in self.shadow.iter_mut().zip(state) {
            if let Value::Tensor(value) = value {
                *shadow = value;
            }
        }
    }
}
