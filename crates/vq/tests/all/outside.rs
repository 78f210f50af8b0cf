//! A codebook of another type than this crate's, with a distance of its own: what the contract asks of it, and what it lets
//! others do.

use gradbook_autograd::{
    Graph, ParamId, ParamStore, Real, Rng, Stats, Stream, Tensor, Var, rand::SeedableRng,
};
use gradbook_nn::{ConfigError, Init, Scope};
use gradbook_vq::{
    Absorbed, Book, Codes, Codewords, GradientRule, KindConfig, Latent, Loss, Quantized, Quantizer,
    QuantizerConfig, Registry,
    codebook::{Growth, rows_of},
    contract::check,
    kmeans::{Start, kmeans},
    search::{nearest, nearest_few},
};
use serde::{Deserialize, Serialize};

/// d(z, e) = Σ w_c² (z_c − e_c)², w learned and 1 at first; it may say so or not, and its candidates may know of w or not.
#[derive(Serialize, Deserialize)]
struct WeightedConfig {
    codes: usize,
    says_so: bool,
    offers: Offers,
}

/// What a beam is offered.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Offers {
    Nothing,
    NearestByWeight,
    NearestWithoutWeight,
}

struct Weighted {
    codes: ParamId,
    weights: ParamId,
    says_so: bool,
    offers: Offers,
}

impl Weighted {
    /// w·x.
    fn stretched<T: Real>(&self, store: &ParamStore<T>, x: &Tensor<T>) -> Tensor<T> {
        let weights = store.get(self.weights).as_slice();
        let mut stretched = x.clone();
        let all = stretched.as_mut_slice().iter_mut().zip(weights.iter().cycle());
        all.for_each(|(x, &w)| *x *= w);
        stretched
    }
}

impl KindConfig for WeightedConfig {
    const NAME: &'static str = "weighted";
    const PAPER: &'static str = "unpublished";
    const SUMMARY: &'static str = "the weights of the channels are learned";

    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        let start = scope.draw("codes", [self.codes, dim], Init::Normal { std: 1.0 });
        let weights = scope.parameter("weights", [dim], Init::Constant(1.0));
        let codes = scope.buffer("codes", start);
        Ok(Box::new(Weighted { codes, weights, says_so: self.says_so, offers: self.offers }))
    }

    fn probes(_: &[QuantizerConfig]) -> Vec<Self> {
        vec![Self { codes: 6, says_so: true, offers: Offers::NearestByWeight }]
    }
}

impl<T: Real> Quantizer<T> for Weighted {
    fn dim(&self, store: &ParamStore<T>) -> usize {
        self.width(store)
    }

    fn radices(&self, store: &ParamStore<T>) -> Vec<u64> {
        vec![self.len(store) as u64]
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        rows_of(g.param(self.codes), codes.column(0))
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let (shape, codebook) = (z.value.shape(), g.store().get(self.codes));
        let z = z.rows("weighted", codebook.shape()[1]).finite("weighted");
        let rows = z.value.value();
        let chosen = nearest(&self.stretched(g.store(), &rows), &self.stretched(g.store(), codebook));
        let codes = Codes::single(chosen.iter().map(|&k| k.into()).collect(), codebook.shape()[0] as u64);
        let q = self.lookup(g, &codes);
        if !g.training() {
            return Quantized { values: q.reshape(shape), codes, losses: Vec::new() };
        }
        g.report(self.seen(g.store(), &chosen, &rows));
        let weighted = ((z.loss - q.detach()) * g.param(self.weights)).square().mean_all();
        let values = z.value.straight_through(q).reshape(shape);
        Quantized { values, codes, losses: vec![Loss::new("commitment", weighted)] }
    }

    fn candidates(&self, store: &ParamStore<T>, z: &Tensor<T>, count: usize) -> Option<Vec<Codes>> {
        let (codes, all) = (store.get(self.codes), self.len(store));
        let found = match self.offers {
            Offers::Nothing => return None,
            Offers::NearestByWeight => {
                nearest_few(&self.stretched(store, z), &self.stretched(store, codes), count.min(all))
            }
            Offers::NearestWithoutWeight => nearest_few(z, codes, count.min(all)),
        };
        Some(found.into_iter().map(|column| Codes::single(column, all as u64)).collect())
    }

    /// Codes become the mean of their rows.
    fn absorb(&self, store: &mut ParamStore<T>, stats: &Stats<T>, _: &Stream) -> Absorbed {
        if let (Some(hits), Some(sums)) = (stats.counts(self.codes, "hits"), stats.sum(self.codes, "sums")) {
            let width = sums.shape()[1];
            let codes = store.get_mut(self.codes).as_mut_slice().chunks_mut(width);
            for ((code, sum), &n) in
                codes.zip(sums.as_slice().chunks(width)).zip(hits).filter(|(_, n)| **n > 0)
            {
                code.iter_mut().zip(sum).for_each(|(e, &sum)| *e = sum / T::of(n as f64));
            }
        }
        Absorbed::default()
    }

    fn seed(&self, store: &mut ParamStore<T>, latents: &Tensor<T>, stream: &Stream) {
        let count = self.len(store);
        *store.get_mut(self.codes) =
            kmeans(latents, count, 10, Start::PlusPlus, &mut stream.next_use()).centers;
    }

    fn gradient_rule(&self) -> GradientRule {
        GradientRule::Identity
    }

    fn codebooks(&self) -> Vec<Book<'_, T>> {
        vec![Book::only(self)]
    }
}

impl<T: Real> Codewords<T> for Weighted {
    fn parameter(&self) -> ParamId {
        self.codes
    }

    fn distance(&self, store: &ParamStore<T>, row: &[T], code: &[T]) -> f64 {
        let weights = store.get(self.weights).as_slice();
        let weight = |c: usize| if self.says_so { weights[c].to_f64() } else { 1.0 };
        let difference = |c: usize| weight(c) * (row[c].to_f64() - code[c].to_f64());
        (0..row.len()).map(|c| difference(c).powi(2)).sum()
    }
}

fn weighted(says_so: bool, offers: Offers) -> QuantizerConfig {
    WeightedConfig { codes: 6, says_so, offers }.into()
}

#[test]
fn its_choice_is_judged_by_its_distance_alone_and_inside_every_combinator() {
    let registry = Registry::default().with::<WeightedConfig>().expect("a new name");
    let alone = weighted(true, Offers::NearestByWeight);
    let report = check(&alone, 4, 1).unwrap_or_else(|violation| panic!("{violation}"));
    for number in [8, 9, 13, 14, 16, 17] {
        assert!(report.held.contains(&number), "{number} is one of codebooks\n{report}");
    }
    for config in registry.around(&[alone]) {
        check(&config, config.probe_dim(), 1).unwrap_or_else(|violation| panic!("{config:?}\n{violation}"));
    }
}

/// Its weights begin equal: where the contract did not move them, any distance would pass.
#[test]
fn a_distance_that_forgets_what_is_learned_breaks_property_13() {
    for (config, found) in [
        (weighted(false, Offers::Nothing), "at distances"),
        (weighted(true, Offers::NearestWithoutWeight), "is offered"),
    ] {
        let violation = check(&config, 4, 1).expect_err("it is not the distance by which it chooses");
        assert_eq!(violation.number, 13);
        assert!(violation.found.contains(found), "{violation}");
    }
}

#[test]
fn its_rows_are_counted_and_added_up_and_it_grows_by_the_codes_that_are_used() {
    let mut store = ParamStore::<f64>::new();
    let mut scope = Scope::new(&mut store, 0);
    let codes = scope.buffer("codes", Tensor::new([2, 1], vec![0.0, 10.0]));
    let weights = scope.parameter("weights", [1], Init::Constant(1.0));
    let q = Weighted { codes, weights, says_so: true, offers: Offers::Nothing };
    let seen = q.seen(&store, &[1, 0, 1], &Tensor::new([3, 1], vec![9.0, 1.0, 12.0]));
    assert_eq!(
        (seen.counts(codes, "hits"), seen.sum(codes, "sums").expect("sums").as_slice()),
        (Some(&[1, 2][..]), &[1.0, 21.0][..])
    );
    q.grow(&mut store, 4, Growth::Jitter(0.1), &mut Rng::seed_from_u64(1));
    let grown = store.get(codes).as_slice();
    assert_eq!((grown.len(), &grown[..2]), (4, &[0.0, 10.0][..]));
    assert!(
        grown[2].abs() < 3.0 && (grown[3] - 10.0).abs() < 3.0,
        "copies of the old ones, moved a little: {grown:?}"
    );
}
