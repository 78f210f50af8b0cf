//! [`Trial`]: a quantizer with its parameters, and the passes that the checks make with it.

use std::sync::Arc;

use gradbook_autograd::{Graph, ParamGrads, ParamStore, Real, Stats, Stream, Tape, Tensor, Var};
use gradbook_nn::{Scope, State};
use ndarray_rand::{
    rand::{Rng, distr::Distribution},
    rand_distr::StandardNormal,
};

use crate::{Absorbed, Codes, Quantized, Quantizer};

/// Builds a quantizer.
pub type Build<'s, T> = &'s dyn Fn(&mut Scope<'_, T>) -> Box<dyn Quantizer<T>>;

/// The shard whose stream absorbing and seeding use.
const AFTER: u64 = 1 << 32;

pub struct Trial<'s, T: Real> {
    build: Build<'s, T>,
    pub q: Arc<dyn Quantizer<T>>,
    pub store: ParamStore<T>,
    pub seed: u64,
}

/// What a training pass gave.
pub struct Passed<T: Real> {
    pub values: Tensor<T>,
    pub codes: Codes,
    pub losses: Vec<(String, f64)>,
    pub stats: Stats<T>,
    /// The gradient to the latents and to the parameters.
    pub gradient: Tensor<T>,
    pub grads: ParamGrads<T>,
}

impl<'s, T: Real> Trial<'s, T> {
    /// As built.
    pub fn fresh(build: Build<'s, T>, seed: u64) -> Self {
        let mut store = ParamStore::new();
        let q = build(&mut Scope::new(&mut store, seed)).into();
        Self { build, q, store, seed }
    }

    /// Seeded and trained for a few steps, then moved, so that nothing is at its start.
    pub fn trained(build: Build<'s, T>, seed: u64) -> Self {
        let mut trial = Self::fresh(build, seed);
        trial.seed_codes(&trial.rows(60, 100));
        for step in 0..3 {
            let z = trial.rows(24, step);
            trial.learn(&z, step);
        }
        trial.move_parameters();
        trial
    }

    /// w ← w(1 + ξ) + ξ/10, ξ uniform in ±½, for each learned number: as far from its start as long training takes it, so
    /// that weights that begin equal are no longer so.
    fn move_parameters(&mut self) {
        let mut rng = Stream::new(self.seed, 102, 77).next_use();
        let learned: Vec<_> = self.store.trainable().collect();
        for id in learned {
            for w in self.store.get_mut(id).as_mut_slice() {
                let xi = T::of(rng.random_range(-0.5..0.5));
                *w += *w * xi + T::of(0.1) * xi;
            }
        }
    }

    /// Another quantizer of the same kind, as built.
    pub fn another(&self, seed: u64) -> Self {
        Self::fresh(self.build, seed)
    }

    /// This quantizer in this state, to be changed.
    pub fn copy(&self) -> Self {
        Self { build: self.build, q: self.q.clone(), store: self.store.clone(), seed: self.seed }
    }

    pub fn dim(&self) -> usize {
        self.q.dim(&self.store)
    }

    /// Random rows `[count, channel]`, different for each `salt`.
    pub fn rows(&self, count: usize, salt: u64) -> Tensor<T> {
        let mut rng = Stream::new(self.seed, salt, 77).next_use();
        let mut normal = || 1.2 * Distribution::<f64>::sample(&StandardNormal, &mut rng);
        Tensor::build([count, self.dim()], |out| out.iter_mut().for_each(|x| *x = T::of(normal())))
    }

    pub fn stream(&self, step: u64) -> Stream {
        Stream::new(self.seed, step, 0)
    }

    pub fn eval(&self, z: &Tensor<T>) -> (Tensor<T>, Codes) {
        self.eval_with(&self.store, z)
    }

    /// Evaluation with other parameters.
    pub fn eval_with(&self, store: &ParamStore<T>, z: &Tensor<T>) -> (Tensor<T>, Codes) {
        let tape = Tape::new();
        let found = self.q.quantize(&Graph::eval(&tape, store), tape.constant(z.clone()).into());
        (found.values.value(), found.codes)
    }

    /// A training pass and the gradient of ⟨u, values⟩ plus all losses, u random.
    pub fn train(&self, z: &Tensor<T>, stream: Stream) -> Passed<T> {
        self.train_for(z, stream, |found| {
            let u = found.values.tape().constant(self.rows(z.rows().nrows(), 900).reshaped(*z.shape()));
            found.losses.iter().fold((found.values * u).sum_all(), |sum, loss| sum + loss.value)
        })
    }

    /// A training pass and the gradient of what `root` makes of it.
    pub fn train_for(
        &self,
        z: &Tensor<T>,
        stream: Stream,
        root: impl for<'t> Fn(&Quantized<'t, T>) -> Var<'t, T>,
    ) -> Passed<T> {
        let tape = Tape::new();
        let g = Graph::train(&tape, &self.store).with_stream(stream);
        let z = tape.var(z.clone());
        let found = self.q.quantize(&g, z.into());
        let values = found.values.value();
        let losses =
            found.losses.iter().map(|loss| (loss.name.clone(), loss.value.item().to_f64())).collect();
        let grads = root(&found).backward();
        let gradient = grads.get(z).cloned().unwrap_or_else(|| Tensor::zeros(z.shape()));
        Passed { values, codes: found.codes, losses, stats: g.take_stats(), gradient, grads: grads.params }
    }

    pub fn absorb(&mut self, stats: &Stats<T>, step: u64) -> Absorbed {
        self.q.absorb(&mut self.store, stats, &Stream::new(self.seed, step, AFTER))
    }

    pub fn seed_codes(&mut self, latents: &Tensor<T>) {
        self.q.seed(&mut self.store, latents, &Stream::new(self.seed, 0, AFTER));
    }

    /// One training step: gradient descent on mean (values − u)², u random, plus all losses, in a step of length 0.01 at
    /// most, then the statistics.
    pub fn learn(&mut self, z: &Tensor<T>, step: u64) -> Absorbed {
        let u = self.rows(z.rows().nrows(), 901);
        let Passed { stats, grads, .. } = self.train_for(z, self.stream(step), |found| {
            let error = (found.values - found.values.tape().constant(u.clone())).square().mean_all();
            found.losses.iter().fold(error, |sum, loss| sum + loss.value)
        });
        let grads: Vec<_> = grads.into_iter().collect();
        let squares = grads.iter().flat_map(|(_, g)| g.as_slice()).map(|g| g.to_f64().powi(2));
        let rate = T::of(0.01 / squares.sum::<f64>().sqrt().max(1.0));
        for (id, gradient) in grads {
            self.store.get_mut(id).zip_assign(&gradient, |w, g| w - rate * g);
        }
        self.absorb(&stats, step)
    }

    /// The codes of each codebook, if a quantized row is nothing but one code of each, side by side.
    pub fn plain_books(&self) -> Option<Vec<Tensor<T>>> {
        let books = self.q.codebooks();
        let slots: Vec<_> = books.iter().flat_map(|book| book.slots.clone()).collect();
        let radices = self.q.radices(&self.store);
        let widths: usize = books.iter().map(|book| book.codebook.width(&self.store)).sum();
        if widths != self.dim()
            || slots != (0..radices.len()).collect::<Vec<_>>()
            || books.len() != slots.len()
        {
            return None;
        }
        let values: Vec<_> = books.iter().map(|book| book.codebook.values(&self.store)).collect();
        let last: Vec<usize> = radices.iter().map(|radix| *radix as usize - 1).collect();
        let codes = Codes::new(last.iter().map(|&k| vec![k as u64]).collect(), radices);
        let row: Vec<T> = values.iter().zip(last).flat_map(|(v, k)| v.rows().row(k).to_vec()).collect();
        (self.q.decode(&self.store, &codes).as_slice() == row).then_some(values)
    }

    /// The columns of `z` that belong to each codebook of [`plain_books`](Self::plain_books), as its metric sees them.
    pub fn parts(&self, z: &Tensor<T>) -> Vec<Tensor<T>> {
        let tape = Tape::new();
        let z = tape.constant(z.clone());
        let mut from = 0;
        let part = |book: &crate::Book<'_, T>| {
            let range = from..from + book.codebook.width(&self.store);
            from = range.end;
            book.codebook.metric(z.slice(1, range)).value()
        };
        self.q.codebooks().iter().map(part).collect()
    }

    /// Whether all codebooks, which are of whole rows, compare these rows as they are.
    pub fn compares_as_they_are(&self, z: &Tensor<T>) -> bool {
        let tape = Tape::new();
        let z = tape.constant(z.clone());
        self.q.codebooks().iter().all(|book| book.codebook.metric(z).value() == z.value())
    }
}

/// What rounding may do in this arithmetic, relative to the values.
pub fn rounding<T: Real>() -> f64 {
    if T::of(1.0 + 1e-9) == T::ONE { 1e-4 } else { 1e-9 }
}

/// Whether two tensors are equal up to rounding, relative to their largest element.
pub fn close<T: Real>(a: &Tensor<T>, b: &Tensor<T>) -> bool {
    let scale = a.as_slice().iter().map(|x| x.to_f64().abs()).fold(1.0, f64::max);
    let near = |(a, b): (&T, &T)| (a.to_f64() - b.to_f64()).abs() <= rounding::<T>() * scale;
    a.shape() == b.shape() && a.as_slice().iter().zip(b.as_slice()).all(near)
}

/// The first entry of two stores that is not the same up to `same`, by name.
pub fn difference<T: Real>(
    a: &ParamStore<T>,
    b: &ParamStore<T>,
    same: impl Fn(&Tensor<T>, &Tensor<T>) -> bool,
) -> Option<String> {
    if a.state().iter().map(|(name, _)| name).ne(b.state().iter().map(|(name, _)| name)) {
        return Some("the names of entries".to_owned());
    }
    let mut pairs = a.iter().zip(b.iter()).map(|((_, a), (_, b))| (a, b));
    let (a, b) = pairs.find(|(a, b)| !same(&a.value, &b.value))?;
    Some(format!("`{}`, {:?} and {:?}", a.name, a.value, b.value))
}
