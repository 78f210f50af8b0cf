//! What a graph is of, and what is reported to it.

use gradbook_autograd::{Graph, ParamStore, Role, Stat, Stats, Tape, Tensor};

#[test]
fn a_graph_is_of_its_tape_and_its_store() {
    let (tape, store) = (Tape::<f64>::new(), ParamStore::new());
    let g = Graph::train(&tape, &store);
    assert!(std::ptr::eq(g.tape(), &tape) && std::ptr::eq(g.store(), &store));
}

#[test]
fn reports_are_merged_and_taken_once() {
    let (tape, mut store) = (Tape::<f64>::new(), ParamStore::new());
    let id = store.add("w", Tensor::scalar(0.0), Role::Trainable);
    let g = Graph::train(&tape, &store);
    g.report(Stats::one(id, "hits", Stat::Counts(vec![1, 2])));
    g.report(Stats::one(id, "hits", Stat::Counts(vec![10, 20])));
    assert_eq!(g.take_stats().counts(id, "hits"), Some(&[11, 22][..]));
    assert!(g.take_stats().is_empty());
}
