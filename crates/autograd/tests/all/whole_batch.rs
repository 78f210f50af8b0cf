//! Losses of a whole batch in shards, by hand; and what the shards of a step have in common.

use gradbook_autograd::{Batch, Graph, Mode, ParamStore, Role, Stream, Tape, Tensor, Var};
use ndarray_rand::rand::Rng as _;
use std::sync::Arc;

use crate::panics::says;

fn row(values: &[f64]) -> Tensor<f64> {
    Tensor::new([values.len()], values.to_vec())
}

/// (mean of the rows)² · Σ shared
fn loss<'t>(rows: Var<'t, f64>, shared: &[Var<'t, f64>]) -> Var<'t, f64> {
    rows.mean_all().square() * shared[0].sum_all()
}

/// The value in each shard, and its gradients to its rows and to what is shared.
fn shards(parts: &[(f64, &[f64])]) -> Vec<(f64, Vec<f64>, Vec<f64>)> {
    let store = ParamStore::new();
    let mut surveyed = Vec::new();
    for (shard, (weight, rows)) in parts.iter().enumerate() {
        let tape = Tape::new();
        let graph = Graph::train(&tape, &store).surveying();
        let first = graph.over_batch("x", tape.var(row(rows)), &[tape.var(row(&[2.0, 1.0]))], loss);
        assert_eq!((first.item(), first.wants_grad()), (0.0, false), "not known yet");
        let found = graph.take_parts();
        assert!(!found.is_empty() && graph.take_parts().is_empty());
        surveyed.push((shard, *weight, found));
    }
    let batch = Arc::new(Batch::new(surveyed));
    let known = |(shard, (_, rows)): (usize, &(f64, &[f64]))| {
        let tape = Tape::new();
        let graph = Graph::train(&tape, &store).knowing(batch.clone(), shard);
        let (x, s) = (tape.var(row(rows)), tape.var(row(&[2.0, 1.0])));
        let value = graph.over_batch("x", x, &[s], loss);
        assert!(graph.take_parts().is_empty());
        let grads = value.backward();
        (value.item(), grads[x].as_slice().to_vec(), grads[s].as_slice().to_vec())
    };
    parts.iter().enumerate().map(known).collect()
}

/// Rows 1, 3, 5, 7: mean 4, so L = 16 · 3, ∂L/∂row = 2 · 4/4 · 3 = 6, ∂L/∂shared = 16.
#[test]
fn each_shard_has_the_loss_of_all_and_its_rows_the_gradient_over_its_weight() {
    let one = (48.0, vec![24.0], vec![16.0, 16.0]);
    let three = (48.0, vec![8.0; 3], vec![16.0, 16.0]);
    assert_eq!(shards(&[(0.25, &[1.0]), (0.75, &[3.0, 5.0, 7.0])]), [one, three]);
    let half = (48.0, vec![12.0; 2], vec![16.0, 16.0]);
    assert_eq!(shards(&[(0.5, &[7.0, 1.0]), (0.5, &[3.0, 5.0])]), [half.clone(), half]);
    // Shards of half the batch: Σ of weight times value is L all the same.
    let part = (96.0, vec![24.0; 2], vec![32.0, 32.0]);
    assert_eq!(shards(&[(0.25, &[7.0, 1.0]), (0.25, &[3.0, 5.0])]), [part.clone(), part]);
}

#[test]
fn functions_are_told_apart_by_their_names_and_their_order() {
    let store = ParamStore::new();
    let ask = |graph: &Graph<'_, f64>| {
        let x = |value: f64| graph.tape().var(row(&[value]));
        let name = |name: &str, value: f64| graph.over_batch(name, x(value), &[], |x, _| x.sum_all()).item();
        [name("a", 1.0), name("b", 10.0), name("a", 100.0)]
    };
    let tape = Tape::new();
    let graph = Graph::train(&tape, &store);
    assert_eq!(ask(&graph), [1.0, 10.0, 100.0], "a pass over the whole batch");
    let tape = Tape::new();
    let survey = Graph::train(&tape, &store).surveying();
    ask(&survey);
    let batch = Arc::new(Batch::new(vec![(0, 1.0, survey.take_parts())]));
    let tape = Tape::new();
    assert_eq!(ask(&Graph::train(&tape, &store).knowing(batch, 0)), [1.0, 10.0, 100.0]);
}

#[test]
fn shards_draw_for_themselves_or_for_the_whole_batch() {
    let store = ParamStore::<f64>::new();
    let tape = Tape::new();
    let graph = |step, shard| Graph::train(&tape, &store).with_stream(Stream::new(7, step, shard));
    let own = |graph: &Graph<'_, f64>| graph.rng().random::<u64>();
    let common = |graph: &Graph<'_, f64>| graph.batch_rng().random::<u64>();
    let (a, b, later) = (graph(17, 0), graph(17, 1), graph(18, 0));
    assert_eq!((a.step(), later.step()), (17, 18));
    assert_eq!([common(&a), common(&a)], [common(&b), common(&b)]);
    assert_ne!(common(&a), common(&later));
    let first = own(&a);
    assert!(first != own(&a) && first != own(&b) && first != own(&later) && first != common(&a));
    assert_eq!(first, own(&graph(17, 0)), "the place decides, and nothing else");
    let stream = Stream::new(7, 17, 3);
    assert_eq!(stream.of_shard(0).next_use().random::<u64>(), first);
    let eval = Graph::eval(&tape, &store);
    assert_eq!(
        (eval.mode(), eval.training(), a.mode(), a.training()),
        (Mode::Eval, false, Mode::Train, true)
    );
    says!(eval.batch_rng(), "graph: evaluation draws no random number");
}

#[test]
fn a_store_counts_its_entries_and_its_learned_numbers() {
    let mut store = ParamStore::<f64>::new();
    assert!(store.is_empty() && store.parameters() == 0);
    let w = store.add("w", Tensor::zeros([2, 3]), Role::Trainable);
    let mean = store.add("mean", Tensor::zeros([5]), Role::Buffer);
    let b = store.add("b", Tensor::zeros([3]), Role::Trainable);
    assert!(!store.is_empty() && store.len() == 3 && store.parameters() == 9);
    assert_eq!(store.trainable().collect::<Vec<_>>(), [w, b]);
    for (i, (_, value)) in store.values_mut().enumerate() {
        value.as_mut_slice().fill(i as f64);
    }
    assert_eq!([w, mean, b].map(|id| store.get(id).as_slice()[0]), [0.0, 1.0, 2.0]);
    let tape = Tape::new();
    let graph = Graph::train(&tape, &store);
    let mut grads = (graph.param(w).sum_all() + graph.param(b).sum_all()).backward().params;
    grads.iter_mut().for_each(|(_, g)| g.map_assign(|g| 2.0 * g));
    assert_eq!(grads.get(b).map(Tensor::as_slice), Some(&[2.0; 3][..]));
    grads.get_mut(w).expect("a gradient").as_mut_slice()[0] = 7.0;
    assert_eq!(grads.get(w).expect("a gradient").as_slice()[..2], [7.0, 2.0]);
    assert!(grads.missing(&store).is_empty());
}

#[test]
fn a_value_stands_for_a_parameter_once() {
    let mut store = ParamStore::<f64>::new();
    let w = store.add("w", row(&[1.0, 2.0]), Role::Trainable);
    let tape = Tape::new();
    let (graph, x) = (Graph::train(&tape, &store), tape.var(row(&[3.0, 4.0])));
    graph.bind(w, x);
    assert!(graph.param(w).same(x) && graph.param(w).same(graph.param(w)));
    says!(graph.bind(w, x), "graph: `w` is bound after its first use");
    let graph = Graph::train(&tape, &store);
    says!(graph.bind(w, tape.scalar(1.0)), "graph: `w` is bound to a value of another shape");
}

#[test]
fn handles_are_the_same_if_they_are_of_one_value_on_one_tape() {
    let (tape, other) = (Tape::<f64>::new(), Tape::new());
    let (x, y, z) = (tape.scalar(1.5), tape.scalar(1.5), other.scalar(1.5));
    assert!(x.same(x) && !x.same(y) && !x.same(z));
    assert!(format!("{x:?}").starts_with("1.5"), "{x:?}");
    assert!(x.wants_grad() && !tape.constant(row(&[1.0])).wants_grad() && std::ptr::eq(x.tape(), &tape));
}

#[test]
fn what_is_not_finite_is_told_by_op_element_and_line() {
    let tape = Tape::<f64>::new();
    let x = tape.var(row(&[1.0, 0.0]));
    let (y, line) = (x.ln(), line!());
    let found = tape.backward_traced(&[(y.sum_all(), 1.0)]).err().expect("ln 0").to_string();
    let start = "ln produced a value that is not finite: element 1 of [2], called at ";
    assert!(found.starts_with(start) && found.contains(&format!("{}:{line}", file!())), "{found}");
    let tape = Tape::<f64>::new();
    let x = tape.var(row(&[4.0, 0.0]));
    let found = tape.backward_traced(&[(x.sqrt().sum_all(), 1.0)]).err().expect("1/0").to_string();
    assert!(found.starts_with("sqrt produced a gradient that is not finite: element 1 of [2]"), "{found}");
}

#[test]
fn drawings_show_leaves_as_boxes_and_what_wants_no_gradient_dashed() {
    let tape = Tape::<f64>::new();
    let (x, c) = (tape.scalar(1.0), tape.constant(Tensor::scalar(2.0)));
    let _ = (x * c, c * c);
    let (dot, mermaid) = (tape.dot(), tape.mermaid());
    let line = |id: usize| dot.lines().find(|line| line.contains(&format!("n{id} [label="))).expect("a node");
    for (id, shape, style) in
        [(0, "box", "solid"), (1, "box", "dashed"), (2, "ellipse", "solid"), (3, "ellipse", "dashed")]
    {
        assert!(line(id).ends_with(&format!("shape={shape}, style={style}];")), "{}", line(id));
    }
    let edges: Vec<&str> = dot.lines().filter(|line| line.contains("->")).map(str::trim).collect();
    assert_eq!(edges, ["n0 -> n2;", "n1 -> n2;", "n1 -> n3;", "n1 -> n3;"]);
    assert!(
        mermaid.contains("n0[\"leaf []") && mermaid.contains("n2(\"mul []") && mermaid.contains("n1 --> n3")
    );
}
