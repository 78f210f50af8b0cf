//! What quantizers say of themselves: how gradients pass, what can be decoded, what lengths they take.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gradbook_autograd::{Graph, Rng, Stats, Stream, Tape, Tensor};
use gradbook_vq::{Absorbed, GradientRule};
use ndarray_rand::rand::SeedableRng;

use crate::trial::{Built, normal, of};

const EMA: &str = "{ kind = \"codebook\", codes = 5 }";
const TURNED: &str =
    "{ kind = \"codebook\", codes = 5, learning = { by = \"loss\", estimator = \"rotation\" } }";
const COSINE: &str = "{ kind = \"codebook\", codes = 5, metric = \"cosine\" }";

fn around(kind: &str, inner: &str) -> Built {
    of(&format!("kind = \"{kind}\nquantizer = {inner}"), 4)
}

#[test]
fn a_gradient_passes_parts_as_it_passes_the_whole_only_if_it_is_unchanged() {
    let (same, own) = (GradientRule::Identity, GradientRule::Own);
    for (kind, expected) in [
        ("residual\"\nlevels = 3", [same, own, own]),
        ("grouped\"\ngroups = 2", [same, own, own]),
        ("heads\"\nheads = 2", [same, own, own]),
        ("multi_scale\"\nscales = [2]", [same, same, same]),
        ("hierarchical\"\nstrides = [2]", [own, own, own]),
        ("projected\"\ndim = 3", [own, own, own]),
    ] {
        let found = [EMA, TURNED, COSINE].map(|inner| around(kind, inner).1.gradient_rule());
        assert_eq!(found, expected, "{kind}");
    }
}

#[test]
fn lengths_slots_and_columns_are_those_of_the_parts() {
    for (kind, slots, decodable, stride, rowwise) in [
        ("residual\"\nlevels = 3", 3, vec![1, 2, 3], 1, true),
        ("grouped\"\ngroups = 2", 2, vec![2], 1, true),
        ("heads\"\nheads = 4", 4, vec![4], 1, true),
        ("multi_scale\"\nscales = [2, 3]", 3, vec![3], 1, false),
        ("hierarchical\"\nstrides = [4, 2]", 3, vec![3], 4, false),
        ("projected\"\ndim = 3", 1, vec![1], 1, true),
    ] {
        let (store, q) = around(kind, EMA);
        assert_eq!((q.slots(), q.decodable(), q.stride(), q.rowwise()), (slots, decodable, stride, rowwise));
        assert_eq!((q.dim(&store), q.radices(&store)), (4, vec![5; slots]), "{kind}");
        let places: Vec<_> = q.codebooks().iter().map(|book| book.slots.clone()).collect();
        assert_eq!(places, (0..slots).map(|slot| slot..slot + 1).collect::<Vec<_>>(), "{kind}");
    }
    let stack = format!("{{ kind = \"residual\", levels = 2, quantizer = {EMA} }}");
    let scales = format!("{{ kind = \"hierarchical\", strides = [6], quantizer = {EMA} }}");
    let stacks = around("residual\"\nlevels = 2", &stack).1;
    assert_eq!((stacks.decodable(), stacks.slots()), (vec![2, 4], 4));
    let heads = around("heads\"\nheads = 2", &stack).1;
    assert_eq!((heads.decodable(), heads.slots()), (vec![4], 4));
    let within = around("projected\"\ndim = 3", &scales).1;
    assert_eq!((within.stride(), within.rowwise(), within.slots()), (6, false, 2));
    let places: Vec<String> = stacks.codebooks().into_iter().map(|book| book.place).collect();
    assert_eq!(places[..2], ["level 0, level 0", "level 0, level 1"]);
}

#[test]
fn a_search_that_looks_ahead_is_said_of_all_that_holds_it() {
    let beam = format!("{{ kind = \"residual\", levels = 2, beam = 2, quantizer = {EMA} }}");
    for kind in [
        "residual\"\nlevels = 1",
        "grouped\"\ngroups = 2",
        "heads\"\nheads = 2",
        "multi_scale\"\nscales = [2]",
        "hierarchical\"\nstrides = [2]",
        "projected\"\ndim = 3",
    ] {
        assert!(around(kind, EMA).1.greedy() && !around(kind, &beam).1.greedy(), "{kind}");
    }
}

#[test]
fn a_grid_has_no_codes_to_learn_to_seed_to_choose_from_or_to_widen() {
    let (mut store, q) = of("kind = \"fsq\"\nlevels = [3, 3]", 2);
    let z = normal(&[6, 2], 1);
    assert_eq!(q.absorb(&mut store, &Stats::new(), &Stream::new(1, 0, 0)), Absorbed::default());
    q.seed(&mut store, &z, &Stream::new(1, 0, 0));
    assert!(!q.raise(&mut store, 3, &mut Rng::seed_from_u64(1)) && q.widen(&mut store, 3).is_none());
    assert!(q.candidates(&store, &z, 2).is_none() && q.codebooks().is_empty());
    assert!(q.greedy() && q.rowwise() && q.values_are_codes());
    let tape = Tape::new();
    let g = Graph::train(&tape, &store);
    assert!(q.quantize(&g, tape.constant(z).into()).loss().is_none());
}

#[test]
fn a_codebook_is_no_grid_and_bounds_nothing() {
    let (store, q) = of("kind = \"codebook\"\ncodes = 5", 2);
    let tape = Tape::new();
    let z = tape.constant(normal(&[6, 2], 1));
    assert!(q.refined(0).is_none());
    assert_eq!(q.bounded(z).value(), z.value());
    let found = q.candidates(&store, &z.value(), 9).expect("it has codes");
    assert_eq!(found.len(), 5, "there are no more");
    assert_eq!(found[0], q.encode(&store, &z.value()), "the nearest first");
}

#[test]
fn what_is_absorbed_adds_up() {
    let id = of("kind = \"codebook\"\ncodes = 5", 2).0.find("codes").expect("an entry");
    let mut all = Absorbed { overwritten: vec![(id, vec![1])], respawned: 1 };
    all.merge(Absorbed { overwritten: vec![(id, vec![0, 2])], respawned: 2 });
    assert_eq!(all, Absorbed { overwritten: vec![(id, vec![1]), (id, vec![0, 2])], respawned: 3 });
}

#[test]
fn rows_are_as_long_as_their_squares_allow() {
    let encode = |size: f32| {
        let (store, q) = crate::trial::build::<f32>(&toml::from_str("kind = \"lfq\"").expect("a config"), 1);
        let codes = || q.encode(&store, &Tensor::new([2, 1], vec![1.0, size])).column(0).to_vec();
        catch_unwind(AssertUnwindSafe(codes))
    };
    // (10¹⁶)²·10⁶ = 10³⁸ is an f32, a hundred times as much is none.
    assert_eq!(encode(1e16).ok(), Some(vec![1, 1]));
    assert!(encode(1e17).is_err());
}

#[test]
fn rows_of_other_channels_and_no_rows_are_refused_with_the_rule() {
    let said = |shape: &[usize]| {
        let (store, q) = of("kind = \"lfq\"", 3);
        let z = Tensor::zeros(gradbook_autograd::Shape::new(shape));
        let panic = catch_unwind(AssertUnwindSafe(|| q.encode(&store, &z))).expect_err("it is refused");
        panic.downcast_ref::<String>().cloned().unwrap_or_default()
    };
    assert!(said(&[2, 4]).contains("the last axis of z has the quantizer's 3 channels"));
    assert!(said(&[0, 3]).contains("at least one row"));
    let (store, q) = of("kind = \"lfq\"", 3);
    assert_eq!(q.encode(&store, &Tensor::new([3], vec![1.0, -1.0, 1.0])).column(0), [0b101]);
}
