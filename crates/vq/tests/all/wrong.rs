//! A quantizer around another that does one thing wrong.

use std::sync::atomic::{AtomicUsize, Ordering};

use gradbook_autograd::{Graph, ParamStore, Real, Stat, Stats, Stream, Tape, Tensor, Var};
use gradbook_vq::{Absorbed, Book, Codes, GradientRule, Latent, Loss, Quantized, Quantizer};

/// What is done wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mistake {
    None,
    /// The estimator hands back twice the gradient.
    GradientFactor,
    /// The values hold the latents constant, but forget to detach them.
    ForgottenDetach,
    /// Decoding leaves something out that quantizing does.
    DecodeSkipsScale,
    /// Evaluation adds something new each time, to codes and values alike.
    NoisyEvaluation,
    /// The moving average is applied twice.
    Decay,
    /// A hit too many for each batch.
    HitPerBatch,
    /// The last row of a batch gets the code of the row before.
    LastRow,
    /// Not the nearest code but the one after it.
    WrongCode,
    /// Indices of another radix than declared.
    Radix,
    /// The losses do not reach the encoder.
    DetachedLosses,
    /// Rows that are not a number are replaced, with nothing said, and their gradient is not.
    SwallowsNan,
    /// Seeding makes all codes equal.
    EqualSeeds,
    /// State that is kept outside of the store.
    HiddenState,
    /// Codes are respawned whether they are young or not.
    NoGrace,
    /// A loss of the mean of the rows is taken over the rows of a shard.
    ShardLoss,
    /// Items of several lengths are taken for one.
    Neighbors,
    /// The gradient is divided by the length of the row.
    NearZero,
    /// The gradient is multiplied by it.
    FarAway,
    /// Codes beyond the last are decoded as the last.
    DecodesAll,
    /// Evaluation reports statistics, as training does.
    ReportsAtRest,
    /// Every training pass gives other values.
    NoisyTraining,
    /// Evaluation depends on how many training passes there were.
    RemembersTraining,
    /// What is learned depends on the number of threads.
    Threads,
    /// Seeding leaves a code at zero.
    ZeroSeed,
    /// Seeding makes codes that are different and next to nothing.
    TinySeeds,
    /// The code nearest to the opposite of the row.
    OtherSide,
}

pub struct Wrong<T: Real> {
    pub inner: Box<dyn Quantizer<T>>,
    pub mistake: Mistake,
    pub calls: AtomicUsize,
    pub absorbed: AtomicUsize,
}

impl<T: Real> Wrong<T> {
    fn is(&self, mistake: Mistake) -> bool {
        self.mistake == mistake
    }
}

impl<T: Real> Quantizer<T> for Wrong<T> {
    fn dim(&self, store: &ParamStore<T>) -> usize {
        self.inner.dim(store)
    }

    fn radices(&self, store: &ParamStore<T>) -> Vec<u64> {
        let right = self.inner.radices(store);
        if self.is(Mistake::Radix) { right.iter().map(|radix| radix + 1).collect() } else { right }
    }

    fn rowwise(&self) -> bool {
        self.inner.rowwise()
    }

    fn slots(&self) -> usize {
        self.inner.slots()
    }

    fn quantize_items<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>, lengths: &[usize]) -> Quantized<'t, T> {
        if self.is(Mistake::Neighbors) || self.inner.rowwise() {
            return self.quantize(g, z);
        }
        self.inner.quantize_items(g, z, lengths)
    }

    fn decode(&self, store: &ParamStore<T>, codes: &Codes) -> Tensor<T> {
        if !self.is(Mistake::DecodesAll) {
            self.check_codes(store, codes).unwrap_or_else(|error| panic!("decode: {error}"));
            let tape = Tape::new();
            return self.lookup(&Graph::eval(&tape, store), codes).value();
        }
        let radices = self.inner.radices(store);
        let column =
            |(slot, radix): (usize, &u64)| codes.column(slot).iter().map(|k| *k.min(&(radix - 1))).collect();
        self.inner
            .decode(store, &Codes::new(radices.iter().enumerate().map(column).collect(), radices.clone()))
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        if !self.inner.rowwise() {
            return self.inner.quantize(g, z);
        }
        let calls = self.calls.fetch_add(1, Ordering::Relaxed) as f64;
        let shape = z.value.shape();
        let tape = g.tape();
        let mut z = z.rows("wrong", self.dim(g.store()));
        if self.is(Mistake::LastRow) {
            let rows = z.value.shape()[0];
            let order: Vec<usize> = (0..rows).map(|row| row.min(rows.max(2) - 2)).collect();
            z = z.map(|z| z.gather_rows(&order));
        }
        if self.is(Mistake::OtherSide) {
            z = z.map(|z| -z);
        }
        if self.is(Mistake::SwallowsNan) {
            let clean = z.value.value().map(|x| if x.is_finite() { x } else { T::ZERO });
            z = Latent { value: z.value * tape.constant(clean.map(|_| T::ONE)), loss: z.loss };
            z.value = z.value.straight_through(tape.constant(clean));
        }
        let mut found = self.inner.quantize(g, z);
        if self.is(Mistake::WrongCode) {
            let radix = found.codes.radix(0);
            let next = found.codes.column(0).iter().map(|k| (k + 1) % radix).collect();
            found.codes = Codes::single(next, radix);
            let q = self.inner.lookup(g, &found.codes);
            found.values = if g.training() { z.value.straight_through(q) } else { q };
        }
        match (self.mistake, g.training()) {
            (Mistake::GradientFactor, true) => found.values = (z.value * 2.0).straight_through(found.values),
            (Mistake::ForgottenDetach, true) => {
                found.values = found.values + (tape.constant(z.value.value()) - z.value.detach());
            }
            (Mistake::DetachedLosses, true) => {
                found.losses.iter_mut().for_each(|loss| loss.value = loss.value.detach());
            }
            (Mistake::HitPerBatch, true) => self.inner.codebooks().iter().for_each(|book| {
                let hits = vec![1; book.codebook.len(g.store())];
                g.report(Stats::one(book.codebook.parameter(), "hits", Stat::Counts(hits)));
            }),
            (Mistake::ShardLoss, true) => {
                let value = z.loss.mean(&[0]).square().sum_all();
                found.losses.push(Loss::new("mean", value));
            }
            (Mistake::NearZero | Mistake::FarAway, true) => {
                let square = |row: &[T]| row.iter().fold(T::ZERO, |sum, &x| sum + x * x);
                let lengths = z.value.value().as_slice().chunks(self.dim(g.store())).map(square).collect();
                let lengths = Tensor::new([shape.size() / self.dim(g.store()), 1], lengths).map(T::sqrt);
                let factor =
                    lengths.map(|x| if self.is(Mistake::NearZero) { T::ONE / (x + T::of(1e-12)) } else { x });
                found.values = (z.value * tape.constant(factor)).straight_through(found.values);
            }
            (Mistake::ReportsAtRest, false) => self.inner.codebooks().iter().for_each(|book| {
                g.report(Stats::one(book.codebook.parameter(), "rows", Stat::Counts(vec![1])));
            }),
            (Mistake::NoisyTraining, true) => found.values = found.values + 1e-3 * calls,
            (Mistake::RemembersTraining, true) => _ = self.absorbed.fetch_add(1, Ordering::Relaxed),
            (Mistake::RemembersTraining, false) => found.values = self.lookup(g, &found.codes),
            (Mistake::NoisyEvaluation, false) => found.values = found.values + 1e-3 * calls,
            (Mistake::HiddenState, false) => found.values = self.lookup(g, &found.codes),
            (Mistake::DecodeSkipsScale, _) => found.values = found.values * 1.5,
            _ => {}
        }
        Quantized { values: found.values.reshape(shape), ..found }
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        let right = self.inner.lookup(g, codes);
        if self.is(Mistake::HiddenState) || self.is(Mistake::RemembersTraining) {
            return right * (1.0 + 1e-3 * self.absorbed.load(Ordering::Relaxed) as f64);
        }
        right
    }

    fn absorb(&self, store: &mut ParamStore<T>, stats: &Stats<T>, stream: &Stream) -> Absorbed {
        if self.is(Mistake::HiddenState) {
            self.absorbed.fetch_add(1, Ordering::Relaxed);
        }
        if self.is(Mistake::NoGrace) {
            for book in self.inner.codebooks() {
                let age = book.codebook.per_code().into_iter().find(|(name, _)| *name == "age");
                store.get_mut(age.expect("every codebook has it").1).map_assign(|_| T::of(1e6));
            }
        }
        let mut changed = self.inner.absorb(store, stats, stream);
        if self.is(Mistake::Threads) {
            let factor = T::of(1.0 + 1e-3 * rayon::current_num_threads() as f64);
            for book in self.inner.codebooks() {
                store.get_mut(book.codebook.parameter()).map_assign(|e| factor * e);
            }
        }
        if self.is(Mistake::Decay) {
            changed = self.inner.absorb(store, stats, stream);
        }
        changed
    }

    fn seed(&self, store: &mut ParamStore<T>, latents: &Tensor<T>, stream: &Stream) {
        self.inner.seed(store, latents, stream);
        if self.is(Mistake::EqualSeeds) {
            for book in self.inner.codebooks() {
                store.get_mut(book.codebook.parameter()).map_assign(|_| T::ONE);
            }
        }
        for book in self.inner.codebooks() {
            let codes = store.get_mut(book.codebook.parameter());
            match self.mistake {
                Mistake::ZeroSeed => codes.as_mut_slice()[..latents.shape()[1]].fill(T::ZERO),
                Mistake::TinySeeds => codes.map_assign(|e| T::of(1e-9) * e),
                _ => {}
            }
        }
    }

    fn gradient_rule(&self) -> GradientRule {
        self.inner.gradient_rule()
    }

    fn codebooks(&self) -> Vec<Book<'_, T>> {
        self.inner.codebooks()
    }
}
