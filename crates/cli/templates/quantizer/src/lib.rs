//! `newkind`: a codebook whose codes go towards the mean of the rows that chose them. Make it yours.

use gradbook::autograd::{Graph, ParamId, ParamStore, Real, Stats, Stream, Tensor, Var};
use gradbook::nn::{ConfigError, Init, Scope, rules};
use gradbook::vq::codebook::rows_of;
use gradbook::vq::kmeans::{Start, kmeans};
use gradbook::vq::{
    Absorbed, Book, Codes, Codewords, GradientRule, KindConfig, Latent, Loss, Quantized, Quantizer,
    QuantizerConfig,
    search::{nearest, nearest_few},
};
use serde::{Deserialize, Serialize};

/// What a recipe can say: `{ kind = "newkind", codes = 512, rate = 0.1 }`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewkindConfig {
    /// K, the number of codes.
    pub codes: usize,
    /// How much of the way to the mean of its rows a code goes in a step, 0 to 1.
    #[serde(default = "rate")]
    pub rate: f64,
}

fn rate() -> f64 {
    0.1
}

impl KindConfig for NewkindConfig {
    const NAME: &'static str = "newkind";
    const PAPER: &'static str = "unpublished";
    const SUMMARY: &'static str = "codes that go towards the mean of their rows";

    /// The rules that options keep.
    fn check(&self) -> Result<(), ConfigError> {
        rules::count("codes", self.codes, 1..=1 << 20)?;
        rules::fraction("rate", self.rate)
    }

    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        // A buffer: saved with the model, but not learned by gradient.
        let start = scope.draw("codes", [self.codes, dim], Init::Normal { std: 1.0 });
        Ok(Box::new(Newkind { codes: scope.buffer("codes", start), rate: self.rate }))
    }

    /// Configs that together show every option: what the contract is tried on.
    fn probes(_: &[QuantizerConfig]) -> Vec<Self> {
        [(5, 0.1), (5, 1.0), (7, 0.1)].map(|(codes, rate)| Self { codes, rate }).into()
    }
}

/// The quantizer: it holds ids; the numbers are in the store.
struct Newkind {
    /// `[code, channel]`
    codes: ParamId,
    rate: f64,
}

impl<T: Real> Quantizer<T> for Newkind {
    fn dim(&self, store: &ParamStore<T>) -> usize {
        store.get(self.codes).shape()[1]
    }

    fn radices(&self, store: &ParamStore<T>) -> Vec<u64> {
        vec![store.get(self.codes).shape()[0] as u64]
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        rows_of(g.param(self.codes), codes.column(0))
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let (shape, codebook) = (z.value.shape(), g.store().get(self.codes));
        let z = z.rows("newkind", codebook.shape()[1]).finite("newkind");
        let chosen = nearest(&z.value.value(), codebook);
        let codes = Codes::single(chosen.iter().map(|&k| k.into()).collect(), codebook.shape()[0] as u64);
        let q = self.lookup(g, &codes);
        if !g.training() {
            return Quantized { values: q.reshape(shape), codes, losses: Vec::new() };
        }
        // Reports are merged over shards, so they are counts and sums: rows per code, and the sum of these rows.
        g.report(self.seen(g.store(), &chosen, &z.value.value()));
        let commitment = (z.loss - q.detach()).square().mean_all() * 0.25;
        let values = z.value.straight_through(q).reshape(shape);
        Quantized { values, codes, losses: vec![Loss::new("commitment", commitment)] }
    }

    /// e ← e + rate·(mean of its rows − e)
    fn absorb(&self, store: &mut ParamStore<T>, stats: &Stats<T>, _: &Stream) -> Absorbed {
        let (hits, sums) = (stats.counts(self.codes, "hits"), stats.sum(self.codes, "sums"));
        if let (Some(hits), Some(sums)) = (hits, sums) {
            let (rate, width) = (T::of(self.rate), sums.shape()[1]);
            let codes = store.get_mut(self.codes).as_mut_slice();
            for (i, (e, &sum)) in codes.iter_mut().zip(sums.as_slice()).enumerate() {
                if hits[i / width] > 0 {
                    *e = *e + rate * (sum / T::of(hits[i / width] as f64) - *e);
                }
            }
        }
        Absorbed::default() // no row was overwritten
    }

    fn seed(&self, store: &mut ParamStore<T>, latents: &Tensor<T>, stream: &Stream) {
        let (count, mut rng) = (store.get(self.codes).shape()[0], stream.next_use());
        *store.get_mut(self.codes) = kmeans(latents, count, 20, Start::PlusPlus, &mut rng).centers;
    }

    /// The nearest codes in order: what the beam of a residual stack tries.
    fn candidates(&self, store: &ParamStore<T>, z: &Tensor<T>, count: usize) -> Option<Vec<Codes>> {
        let codes = store.get(self.codes);
        let all = codes.shape()[0];
        let found = nearest_few(z, codes, count.min(all)).into_iter();
        Some(found.map(|column| Codes::single(column, all as u64)).collect())
    }

    fn gradient_rule(&self) -> GradientRule {
        GradientRule::Identity // straight-through, and the contract holds it to that
    }

    fn codebooks(&self) -> Vec<Book<'_, T>> {
        vec![Book::only(self)]
    }
}

/// Its codes as reports, levers and the contract see them.
impl<T: Real> Codewords<T> for Newkind {
    fn parameter(&self) -> ParamId {
        self.codes
    }
}
