//! Vector quantization with a codebook: the nearest of K learned vectors stands for a row.
//! Neural Discrete Representation Learning, van den Oord et al. 2017, arXiv:1711.00937.

mod book;
mod config;
mod ema;
mod estimator;
mod kind;
mod learning;
mod loss;
mod reshape;
mod respawn;
mod seeding;
pub(crate) mod solve;

use gradbook_autograd::{Graph, ParamStore, Real, Rng, Stat, Stats, Stream, Tape, Tensor, Var};
use ndarray_rand::rand::Rng as _;

pub use book::Codebook;
pub use config::{Aim, CodebookConfig, Diversity, Init, Metric, Respawn, Spread, Threshold, Weight};
pub(crate) use estimator::MOST_SCALE;
pub use learning::{Estimator, Form, Learning};
pub use reshape::Growth;
pub(crate) use reshape::grow;

use crate::{
    Absorbed, Book, Codes, Codewords, GradientRule, Latent, Loss, Quantized, Quantizer,
    clusters::Clusters,
    search::{nearest, nearest_few},
};

/// The quantizer of a [`CodebookConfig`].
pub struct VectorQuantizer {
    book: Codebook,
}

impl VectorQuantizer {
    /// The codes of rows (already as the metric compares them): the nearest, or drawn when training says so.
    fn choose<T: Real>(&self, g: &Graph<'_, T>, z: &Tensor<T>, codes: &Tensor<T>) -> Vec<usize> {
        let temperature = match self.book.config.learning {
            Learning::Ema { sample, .. } | Learning::Loss { sample, .. } => sample,
            Learning::Gumbel { temperature } => Some(temperature),
            _ => None,
        };
        match temperature {
            Some(temperature) if g.training() => draw(z, codes, temperature, &mut g.rng()),
            _ => nearest(z, codes).into_iter().map(|k| k as usize).collect(),
        }
    }

    /// The values in training: those of the codes (noise aside) with the gradient of the way of learning.
    fn estimate<'t, T: Real>(
        &self,
        g: &Graph<'t, T>,
        z: Var<'t, T>,
        (codes, q): (Var<'t, T>, Var<'t, T>),
        chosen: &[usize],
    ) -> Var<'t, T> {
        match self.book.config.learning {
            Learning::Ema { estimator, .. } | Learning::Loss { estimator, .. } => estimator.apply(z, q),
            Learning::Diveq { variance } => estimator::diveq(z, q, variance, &mut g.rng()),
            Learning::Noise => estimator::noise(z, q, &mut g.rng()),
            Learning::Gumbel { temperature } | Learning::Ibq { temperature } => {
                let p = (loss::nearness(z, codes) * (1.0 / temperature)).softmax(1);
                estimator::soft_choice(p, codes, chosen)
            }
        }
    }

    fn losses<'t, T: Real>(
        &self,
        g: &Graph<'t, T>,
        z: Var<'t, T>,
        (codes, q): (Var<'t, T>, Var<'t, T>),
    ) -> Vec<Loss<'t, T>> {
        let config = &self.book.config;
        let mut losses = Vec::new();
        let commitment = config.commitment.at(g.step());
        if commitment != 0.0 {
            losses.push(Loss::new("commitment", loss::pull(z, q) * commitment));
        }
        if let Learning::Loss { weight, orthogonality, .. } = config.learning {
            losses.push(Loss::new("codebook", loss::pull(q, z) * weight));
            if orthogonality != 0.0 {
                losses.push(Loss::new("orthogonality", loss::orthogonality(codes) * orthogonality));
            }
        }
        if let Some(diversity) = &config.diversity {
            let weight = diversity.weight.at(g.step());
            let (name, config) = (&g.store().entry(self.book.codes).name, diversity.clone());
            let value =
                g.over_batch(name, z, &[codes], move |z, codes| loss::diversity(z, codes[0], &config));
            losses.push(Loss::new("diversity", value * weight));
        }
        losses
    }

    /// Hits per code; Σz per code for the moving average; the rows themselves when codes are about to respawn.
    fn report<T: Real>(&self, g: &Graph<'_, T>, z: &Tensor<T>, chosen: &[usize]) {
        let about = self.book.codes;
        let chosen: Vec<u32> = chosen.iter().map(|&k| k as u32).collect();
        let clusters = Clusters::new(&chosen, self.book.len(g.store()));
        let mut stats = Stats::one(about, "hits", Stat::Counts(clusters.hits()));
        if self.book.ema.is_some() {
            stats.insert(about, "sums", Stat::Sum(clusters.sums(z)));
        }
        if self.book.config.respawn.as_ref().is_some_and(|respawn| respawn.looks(g.step())) {
            stats.insert(about, "rows", Stat::Rows(z.clone()));
        }
        g.report(stats);
    }
}

impl<T: Real> Quantizer<T> for VectorQuantizer {
    fn dim(&self, store: &ParamStore<T>) -> usize {
        self.book.width(store)
    }

    fn radices(&self, store: &ParamStore<T>) -> Vec<u64> {
        vec![self.book.len(store) as u64]
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let shape = z.value.shape();
        let z = z.rows("codebook", self.book.width(g.store())).finite("codebook");
        let z = z.map(|z| self.book.compared(z));
        let codes = self.book.effective(g);
        let (rows, vectors) = (z.value.value(), codes.value());
        let chosen = self.choose(g, &rows, &vectors);
        let indices = Codes::single(chosen.iter().map(|&k| k as u64).collect(), vectors.shape()[0] as u64);
        if !g.training() {
            let values = self.lookup(g, &indices).reshape(shape);
            return Quantized { values, codes: indices, losses: Vec::new() };
        }
        self.report(g, &rows, &chosen);
        let q = codes.gather_rows(&chosen);
        let values = self.estimate(g, z.value, (codes, q), &chosen).reshape(shape);
        Quantized { values, codes: indices, losses: self.losses(g, z.loss, (codes, q)) }
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        rows_of(self.book.effective(g), codes.column(0))
    }

    fn candidates(&self, store: &ParamStore<T>, z: &Tensor<T>, count: usize) -> Option<Vec<Codes>> {
        let tape = Tape::new();
        let rows = self.book.compared(tape.constant(z.clone())).value();
        let codes = self.book.values(store);
        let all = codes.shape()[0];
        let found = nearest_few(&rows, &codes, count.min(all));
        Some(found.into_iter().map(|column| Codes::single(column, all as u64)).collect())
    }

    fn absorb(&self, store: &mut ParamStore<T>, stats: &Stats<T>, stream: &Stream) -> Absorbed {
        self.book.absorb_stats(store, stats, stream)
    }

    fn seed(&self, store: &mut ParamStore<T>, latents: &Tensor<T>, stream: &Stream) {
        self.book.seed(store, latents, stream);
    }

    fn widen(&self, store: &mut ParamStore<T>, dim: usize) -> Option<Vec<usize>> {
        self.book.widen(store, dim)
    }

    fn gradient_rule(&self) -> GradientRule {
        match (self.book.config.metric, &self.book.config.learning) {
            (Metric::L2, Learning::Ema { estimator, .. } | Learning::Loss { estimator, .. }) => {
                match estimator {
                    Estimator::StraightThrough => GradientRule::Identity,
                    Estimator::Rotation => GradientRule::Rotation,
                }
            }
            _ => GradientRule::Own,
        }
    }

    fn values_are_codes(&self) -> bool {
        matches!(self.book.config.learning, Learning::Ema { .. } | Learning::Loss { .. })
    }

    fn codebooks(&self) -> Vec<Book<'_, T>> {
        vec![Book::only(&self.book)]
    }
}

/// The codes `[code, channel]` of a column, `[row, channel]`, with zeros where it is [`SKIPPED`](crate::SKIPPED).
///
/// ```
/// use gradbook_autograd::{Tape, Tensor};
/// use gradbook_vq::{SKIPPED, codebook::rows_of};
/// let tape = Tape::<f64>::new();
/// let codes = tape.constant(Tensor::new([2, 1], vec![5.0, 7.0]));
/// assert_eq!(rows_of(codes, &[1, SKIPPED, 0]).value().as_slice(), [7.0, 0.0, 5.0]);
/// ```
pub fn rows_of<'t, T: Real>(codes: Var<'t, T>, column: &[u64]) -> Var<'t, T> {
    let skipped = |&k: &u64| k == crate::codes::SKIPPED;
    let rows: Vec<usize> = column.iter().map(|k| if skipped(k) { 0 } else { *k as usize }).collect();
    let values = codes.gather_rows(&rows);
    if !column.iter().any(skipped) {
        return values;
    }
    let keep: Vec<T> = column.iter().map(|k| if skipped(k) { T::ZERO } else { T::ONE }).collect();
    values * codes.tape().constant(Tensor::new([column.len(), 1], keep))
}

/// A code per row, drawn with probability ∝ exp(−d²/τ), by the largest of −d²/τ plus Gumbel noise.
fn draw<T: Real>(z: &Tensor<T>, codes: &Tensor<T>, temperature: f64, rng: &mut Rng) -> Vec<usize> {
    let tape = Tape::new();
    let d = loss::distances(tape.constant(z.clone()), tape.constant(codes.clone())).value();
    let count = codes.shape()[0];
    let score = |d: &T, rng: &mut Rng| {
        let u: f64 = rng.random_range(f64::MIN_POSITIVE..1.0);
        -d.to_f64() / temperature - (-u.ln()).ln()
    };
    let best = |row: &[T]| {
        let scores: Vec<f64> = row.iter().map(|d| score(d, rng)).collect();
        (0..count).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).expect("at least one code")
    };
    d.as_slice().chunks(count).map(best).collect()
}
