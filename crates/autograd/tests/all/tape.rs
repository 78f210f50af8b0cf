//! What a tape promises besides derivatives.

use gradbook_autograd::{Graph, ParamStore, Role, Tape, Tensor};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The message with which `f` panics.
fn panic_of(f: impl FnOnce()) -> String {
    let error = catch_unwind(AssertUnwindSafe(f)).expect_err("it should panic");
    error
        .downcast_ref::<String>()
        .cloned()
        .unwrap_or_else(|| error.downcast_ref::<&str>().unwrap().to_string())
}

#[test]
fn a_handle_is_sixteen_bytes() {
    assert_eq!(size_of::<gradbook_autograd::Var<'_, f32>>(), 16);
}

#[test]
fn a_second_backward_is_a_sentence_not_a_wrong_number() {
    let tape = Tape::<f64>::new();
    let x = tape.scalar(2.0);
    let y = x * x;
    y.backward();
    assert!(panic_of(|| drop(y.backward())).contains("swept already"));
}

#[test]
fn values_of_two_tapes_do_not_mix() {
    let (a, b) = (Tape::<f64>::new(), Tape::new());
    let (x, y) = (a.scalar(1.0), b.scalar(2.0));
    assert!(panic_of(|| drop((x + y).value())).contains("two tapes"));
}

#[test]
fn only_a_scalar_has_a_gradient_by_itself() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::zeros([2, 3]));
    assert!(panic_of(|| drop(x.backward())).contains("[2, 3]"));
}

#[test]
fn a_shape_error_names_op_shapes_and_rule() {
    let tape = Tape::<f64>::new();
    let (x, y) = (tape.var(Tensor::zeros([2, 3])), tape.var(Tensor::zeros([4, 3])));
    let message = panic_of(|| drop((x + y).value()));
    for part in ["add", "[2, 3]", "[4, 3]", "rule:"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn constants_record_nothing() {
    let tape = Tape::<f64>::new();
    let x = tape.constant(Tensor::filled([3], 2.0));
    let y = (x * x).sum_all();
    assert_eq!((y.item(), tape.stats().recorded), (12.0, 0));
    let z = tape.var(Tensor::scalar(1.0));
    let y = tape.no_grad(|| z * z);
    assert!(!y.wants_grad() && tape.stats().recorded == 0);
}

#[test]
fn saved_arrays_die_as_the_sweep_passes() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::filled([100], 1.0));
    let y = (x * x + x).sum_all();
    assert_eq!(tape.stats().recorded, 3);
    y.backward();
    assert_eq!(tape.stats().recorded, 0);
}

#[test]
fn the_tape_tells_what_it_holds() {
    let tape = Tape::<f32>::new();
    let x = tape.var(Tensor::filled([256], 1.0));
    let y = x * x;
    let stats = tape.stats();
    assert_eq!((stats.nodes, stats.bytes), (2, 2 * 256 * 4));
    y.sum_all().backward();
    // The two and the sum, and the gradient of one of them at a time: that of y is gone when that of x is made.
    assert_eq!(tape.stats().peak_bytes, 2 * 256 * 4 + 4 + 256 * 4);
}

#[test]
fn a_segment_gives_the_same_bits_and_holds_less() {
    let run = |segmented: bool| {
        let tape = Tape::<f32>::new();
        let x = tape.var(Tensor::new([64], (0..64).map(|i| (i as f32 * 0.37).sin()).collect()));
        let w = tape.var(Tensor::new([64], (0..64).map(|i| (i as f32 * 0.11).cos()).collect()));
        let y = if segmented {
            tape.segment(&[x, w], |a| (a[0] * a[1]).tanh() * a[0])
        } else {
            (x * w).tanh() * x
        };
        let held = tape.stats().bytes;
        let loss = (y * w).sum_all();
        let grads = loss.backward();
        (loss.value(), grads[x].clone(), grads[w].clone(), held)
    };
    let (plain, segmented) = (run(false), run(true));
    assert_eq!((plain.0, plain.1, plain.2), (segmented.0, segmented.1, segmented.2));
    assert!(segmented.3 < plain.3);
}

#[test]
fn a_parameter_used_twice_is_one_leaf() {
    let mut store = ParamStore::<f64>::new();
    let w = store.add("w", Tensor::scalar(3.0), Role::Trainable);
    let unused = store.add("unused", Tensor::scalar(1.0), Role::Trainable);
    let buffer = store.add("buffer", Tensor::scalar(2.0), Role::Buffer);
    let tape = Tape::new();
    let graph = Graph::train(&tape, &store);
    let loss = graph.param(w) * graph.param(w) * graph.param(buffer);
    let grads = loss.backward();
    assert_eq!(grads.params.get(w).unwrap().item(), 12.0);
    assert!(grads.params.get(buffer).is_none() && grads.params.get(unused).is_none());
    assert_eq!(grads.params.missing(&store), ["unused"]);
}

#[test]
fn evaluation_records_nothing_and_draws_nothing() {
    let mut store = ParamStore::<f64>::new();
    let w = store.add("w", Tensor::scalar(3.0), Role::Trainable);
    let tape = Tape::new();
    let graph = Graph::eval(&tape, &store);
    let y = graph.param(w) * graph.param(w);
    assert_eq!((y.item(), tape.stats().recorded), (9.0, 0));
    assert!(panic_of(|| _ = graph.rng()).contains("no random number"));
}

#[test]
fn a_parameter_is_updated_in_place_once_the_tape_is_gone() {
    let mut store = ParamStore::<f32>::new();
    let w = store.add("w", Tensor::filled([1000], 3.0), Role::Trainable);
    let address = store.get(w).as_slice().as_ptr();
    {
        let tape = Tape::new();
        let graph = Graph::train(&tape, &store);
        drop(graph.param(w).sum_all().backward());
    }
    store.get_mut(w).map_assign(|x| x + 1.0);
    assert_eq!(store.get(w).as_slice().as_ptr(), address);
}

#[test]
fn the_drawing_names_op_shape_and_line() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::zeros([2, 3]));
    let y = x.tanh();
    let (dot, mermaid) = (tape.dot(), tape.mermaid());
    for drawing in [&dot, &mermaid] {
        assert!(drawing.contains("tanh [2, 3]") && drawing.contains("tape.rs"), "{drawing}");
    }
    assert_eq!(y.shape()[..], [2, 3]);
}

#[test]
fn a_tape_of_a_million_ops_is_swept_and_dropped() {
    let tape = Tape::<f64>::new();
    let x = tape.scalar(1.0);
    let y = (0..1_000_000).fold(x, |y, _| y * 1.000_001);
    let slope = y.backward()[x].item();
    assert!((slope - 1f64.exp()).abs() < 1e-5, "{slope}");
}
