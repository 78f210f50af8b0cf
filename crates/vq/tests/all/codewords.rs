//! A codebook of one's own that says no more than where its codes are: what it is taken for then.

use gradbook_autograd::{Graph, ParamId, ParamStore, Real, Rng, Stat, Stats, Tape, Tensor, Var};
use gradbook_nn::{Init, Scope};
use gradbook_vq::{
    Book, Codes, Codewords, GradientRule, Latent, Quantized, Quantizer,
    codebook::{Growth, rows_of},
    contract::{Subject, check},
    diagnostics::Health,
    search::nearest,
};
use ndarray_rand::rand::SeedableRng;

/// Codes that never learn.
struct Frozen(ParamId);

impl<T: Real> Codewords<T> for Frozen {
    fn parameter(&self) -> ParamId {
        self.0
    }
}

impl<T: Real> Quantizer<T> for Frozen {
    fn dim(&self, store: &ParamStore<T>) -> usize {
        Codewords::<T>::width(self, store)
    }

    fn radices(&self, store: &ParamStore<T>) -> Vec<u64> {
        vec![Codewords::<T>::len(self, store) as u64]
    }

    fn quantize<'t>(&self, g: &Graph<'t, T>, z: Latent<'t, T>) -> Quantized<'t, T> {
        let shape = z.value.shape();
        let z = z.rows("frozen", Quantizer::<T>::dim(self, g.store())).finite("frozen").value;
        let codes = g.store().get(self.0);
        let chosen = nearest(&z.value(), codes).into_iter().map(u64::from).collect();
        let codes = Codes::single(chosen, codes.shape()[0] as u64);
        let q = self.lookup(g, &codes);
        let values = if g.training() { z.straight_through(q) } else { q };
        Quantized { values: values.reshape(shape), codes, losses: Vec::new() }
    }

    fn lookup<'t>(&self, g: &Graph<'t, T>, codes: &Codes) -> Var<'t, T> {
        rows_of(g.param(self.0), codes.column(0))
    }

    fn gradient_rule(&self) -> GradientRule {
        GradientRule::Identity
    }

    fn codebooks(&self) -> Vec<Book<'_, T>> {
        vec![Book { place: String::new(), codebook: self, slots: 0..1 }]
    }
}

struct Five;

impl Subject for Five {
    fn build<T: Real>(&self, dim: usize, scope: &mut Scope<'_, T>) -> Box<dyn Quantizer<T>> {
        let codes = scope.draw("codes", [5, dim], Init::Normal { std: 1.0 });
        Box::new(Frozen(scope.buffer("codes", codes)))
    }
}

#[test]
fn the_contract_reads_its_codes() {
    let report = check(&Five, 3, 1).unwrap_or_else(|violation| panic!("{violation}"));
    for number in [3, 8, 9, 10, 13, 14, 16, 17] {
        assert!(report.held.contains(&number), "{number}: {report}");
    }
    let skipped: Vec<u8> = report.skipped.iter().map(|(number, _)| *number).collect();
    assert_eq!(skipped, [7, 19, 21], "{report}");
}

#[test]
fn its_codes_are_what_the_entry_holds_and_euclid_is_its_distance() {
    let mut store = ParamStore::<f64>::new();
    let q = Five.build(2, &mut Scope::new(&mut store, 0));
    assert_eq!(q.slots(), 1);
    let books = q.codebooks();
    let book = books[0].codebook;
    let table = vec![0.0, 0.0, 3.0, 4.0, 0.0, 9.0, 7.0, 0.0, 7.0, 7.0];
    *store.get_mut(book.parameter()) = Tensor::new([5, 2], table.clone());
    assert_eq!((book.len(&store), book.width(&store)), (5, 2));
    assert_eq!(book.values(&store).as_slice(), table);
    assert_eq!(book.distance(&store, &[1.0, 2.0], &[4.0, 6.0]), 25.0);
    let tape = Tape::new();
    assert_eq!(
        book.metric(tape.constant(Tensor::new([1, 2], vec![3.0, 4.0]))).value().as_slice(),
        [3.0, 4.0]
    );
    assert_eq!((book.per_code(), book.moving_average()), (vec![("codes", book.parameter())], None));
    assert!(book.respawn().is_none());
    let hits = Stats::<f64>::one(book.parameter(), "hits", Stat::Counts(vec![1, 0, 0, 2, 0]));
    assert_eq!((book.hits(&hits), book.hits(&Stats::new())), (Some(&[1, 0, 0, 2, 0][..]), None));

    book.set_rows(&mut store, &[(4, &[1.0, 1.0]), (1, &[3.0, 5.0])]);
    let now = [0.0, 0.0, 3.0, 5.0, 0.0, 9.0, 7.0, 0.0, 1.0, 1.0];
    assert_eq!(book.values(&store).as_slice(), now);
    assert_eq!(Health::of(&*q, &store, &book.values(&store)).slots[0].duplicates, Some(0.0));

    // It counts nothing, so new codes are copies from the first one on.
    book.grow(&mut store, 7, Growth::Jitter(0.0), &mut Rng::seed_from_u64(1));
    assert_eq!(book.values(&store).as_slice()[..10], now);
    assert_eq!(book.values(&store).as_slice()[10..], [0.0, 0.0, 3.0, 5.0]);
    assert_eq!(Health::of(&*q, &store, &book.values(&store)).slots[0].duplicates, Some(2.0 / 7.0));
}
