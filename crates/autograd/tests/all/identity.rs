//! Who is who: a tape, a store and an op answer for what is theirs and for nothing else.

use gradbook_autograd::{Graph, ParamGrads, ParamId, ParamStore, Role, Stat, Stats, Tape, Tensor};

use crate::panics::says;

fn row(values: &[f64]) -> Tensor<f64> {
    Tensor::new([values.len()], values.to_vec())
}

fn store_of(values: &[f64]) -> (ParamStore<f64>, Vec<ParamId>) {
    let mut store = ParamStore::new();
    let add = |(i, &x)| store.add(format!("p{i}"), Tensor::scalar(x), Role::Trainable);
    let ids = values.iter().enumerate().map(add).collect();
    (store, ids)
}

#[test]
fn gradients_of_the_last_step_do_not_answer_for_a_new_tape_at_the_same_address() {
    let mut steps: Vec<(*const Tape<f64>, gradbook_autograd::Grads<f64>)> = Vec::new();
    for step in 0..3 {
        let tape = Box::new(Tape::<f64>::new());
        let x = tape.scalar(f64::from(step));
        assert!(
            steps.iter().all(|(_, grads)| grads.get(x).is_none()),
            "a value of step {step} found an old gradient"
        );
        let grads = (x * x).backward();
        assert_eq!(grads[x].item(), 2.0 * f64::from(step));
        steps.push((&raw const *tape, grads));
    }
    assert!(
        steps.windows(2).any(|pair| pair[0].0 == pair[1].0),
        "the allocator gave three addresses: nothing was proven"
    );
}

#[test]
fn a_store_answers_to_its_own_ids_and_so_do_its_clones() {
    let (mut store, ids) = store_of(&[1.0, 2.0]);
    let (mut other, others) = store_of(&[3.0, 4.0]);
    assert_ne!(ids, others);
    assert_eq!(ids.iter().map(|id| id.index()).collect::<Vec<_>>(), [0, 1]);
    assert!(ids.iter().all(|id| store.contains(*id) && !other.contains(*id)));
    let rule = "rule: an id belongs to the store that gave it, and to clones of that store";
    says!(other.get(ids[1]), "store: entry 1 of another store was asked for", rule);
    says!(other.get_mut(ids[0]), "store: entry 0 of another store was asked for", rule);
    says!(other.entry(ids[0]), "store: entry 0 of another store was asked for", rule);
    let tape = Tape::new();
    let graph = Graph::train(&tape, &other);
    says!(graph.param(ids[0]), "store: entry 0 of another store was asked for", rule);
    says!(graph.bind(ids[0], tape.scalar(1.0)), "store: entry 0 of another store was asked for", rule);

    let mut clone = store.clone();
    assert_eq!(clone.get(ids[1]).item(), 2.0);
    let (mine, its) = (
        store.add("mine", Tensor::scalar(5.0), Role::Buffer),
        clone.add("its", Tensor::scalar(6.0), Role::Buffer),
    );
    assert!(store.contains(mine) && clone.contains(its) && !store.contains(its) && !clone.contains(mine));
    says!(store.get(its), "store: entry 2 of another store was asked for", rule);
    assert_eq!(clone.find("its"), Some(its));
}

#[test]
fn ids_are_as_cheap_as_a_number_and_in_the_order_of_the_store() {
    let (_, ids) = store_of(&[1.0; 9]);
    assert!(size_of::<ParamId>() == 8 && ids.is_sorted());
}

#[test]
fn a_parameter_met_first_without_recording_still_learns() {
    let (store, ids) = store_of(&[3.0]);
    let tape = Tape::new();
    let graph = Graph::train(&tape, &store);
    let looked_at = tape.no_grad(|| graph.param(ids[0]) * 2.0);
    assert_eq!((looked_at.item(), looked_at.wants_grad()), (6.0, false));
    let loss = graph.param(ids[0]) * graph.param(ids[0]) * looked_at;
    assert_eq!(loss.backward().params.get(ids[0]).unwrap().item(), 36.0); // 2w · 2w with the second factor constant
}

#[test]
fn a_parameter_and_a_detached_value_tell_the_line_that_asked_for_them() {
    let (store, ids) = store_of(&[3.0]);
    let tape = Tape::new();
    let graph = Graph::train(&tape, &store);
    let (param, line) = (graph.param(ids[0]), line!());
    let (_, next) = (param.detach(), line!());
    let drawing = tape.dot();
    for (op, line) in [("param", line), ("detach", next)] {
        assert!(drawing.contains(&format!("label=\"{op} []\\n{}:{line}\"", file!())), "{drawing}");
    }
}

#[test]
fn a_gradient_of_a_wrong_shape_is_told_by_op_and_line() {
    let tape = || Tape::<f64>::new();
    /// An op of y = x that hands back `g` for its argument.
    fn strange(tape: &Tape<f64>, x: Tensor<f64>, y: Tensor<f64>, g: Tensor<f64>) {
        let y = tape.custom("strange", &[tape.var(x)], |_| y, move |_, _, _, sink| sink.give(0, || g));
        y.sum_all().backward();
    }
    let zeros = |shape: &[usize]| Tensor::<f64>::zeros(shape);
    let rule = "rule: the shape of the argument, or of the output if it was broadcast to that";
    let what = "strange: its gradient of argument 0 has a wrong shape; it was called at ";
    // As many numbers in another shape, the transposed one, and one that would broadcast.
    for (x, y, g) in [
        (&[2, 3][..], &[2, 3][..], &[6][..]),
        (&[2, 3], &[2, 3], &[3, 2]),
        (&[2, 3], &[2, 3], &[2, 1]),
        (&[2, 3], &[2, 3], &[4, 2, 3]),
        (&[3], &[2, 3], &[1, 3]),
        (&[2, 3], &[3], &[3]), // the output is smaller than the argument
    ] {
        let (message, at) = crate::panics::panic_of(|| strange(&tape(), zeros(x), zeros(y), zeros(g)));
        assert!(message.starts_with(what) && message.ends_with(rule), "{message}");
        let shapes = format!("gradient {g:?}   argument {x:?}   output {y:?}");
        assert!(
            message.contains(&shapes) && message.contains(file!()) && at.starts_with(file!()),
            "{at}: {message}"
        );
    }
    // The argument's shape and, where it was broadcast, the output's.
    strange(&tape(), zeros(&[3]), zeros(&[2, 3]), zeros(&[3]));
    strange(&tape(), zeros(&[3]), zeros(&[2, 3]), zeros(&[2, 3]));
    strange(&tape(), zeros(&[2, 3]), zeros(&[]), zeros(&[2, 3]));
}

#[test]
fn observations_of_two_shapes_do_not_merge() {
    let (_, ids) = store_of(&[0.0]);
    let merged = |a: Stat<f64>, b: Stat<f64>| {
        let mut all = Stats::one(ids[0], "seen", a);
        says!(all.merge(Stats::one(ids[0], "seen", b)), "stats: ", "`seen` was reported ")
    };
    let rule = "rule: all shards report the same shape";
    let sum = |n: usize| Stat::Sum(Tensor::zeros([n]));
    let rows = |n: usize, width: usize| Stat::Rows(Tensor::zeros([n, width]));
    for (a, b, shapes) in [
        (sum(5), sum(6), "one [5]   other [6]"),
        (sum(6), sum(5), "one [6]   other [5]"),
        (Stat::Counts(vec![1; 4]), Stat::Counts(vec![1; 5]), "one [4]   other [5]"),
        (rows(2, 3), rows(2, 4), "one [3]   other [4]"),
        (rows(2, 6), rows(3, 4), "one [6]   other [4]"), // as many numbers
    ] {
        let message = merged(a, b);
        assert!(message.contains(shapes) && message.ends_with(rule), "{message}");
    }
    assert!(merged(sum(1), Stat::Counts(vec![1])).ends_with("as two kinds of observation"));
    let mut all = Stats::one(ids[0], "seen", Stat::Rows(Tensor::<f64>::scalar(1.0)));
    says!(all.insert(ids[0], "seen", Stat::Rows(Tensor::scalar(1.0))), "seen: axes [0] do not fit 0 axes");
}

#[test]
fn observations_of_one_shape_add_up_or_stand_below_each_other() {
    let (_, ids) = store_of(&[0.0, 0.0]);
    let mut all = Stats::one(ids[0], "sum", Stat::Sum(row(&[1.0, 2.0])));
    all.insert(ids[0], "hits", Stat::Counts(vec![1, 2, 3]));
    all.insert(ids[1], "sum", Stat::Sum(row(&[7.0])));
    let mut more = Stats::one(ids[0], "sum", Stat::Sum(row(&[10.0, 20.0])));
    more.insert(ids[0], "hits", Stat::Counts(vec![10, 20, 30]));
    more.insert(ids[0], "rows", Stat::Rows(Tensor::new([1, 2], vec![5.0, 6.0])));
    all.merge(more);
    all.insert(ids[0], "rows", Stat::Rows(Tensor::new([2, 2], vec![7.0, 8.0, 9.0, 0.0])));
    assert_eq!(all.sum(ids[0], "sum").unwrap().as_slice(), [11.0, 22.0]);
    assert_eq!(all.sum(ids[1], "sum").unwrap().as_slice(), [7.0]);
    assert_eq!(all.counts(ids[0], "hits"), Some(&[11, 22, 33][..]));
    assert_eq!(all.rows(ids[0], "rows").unwrap(), &Tensor::new([3, 2], vec![5.0, 6.0, 7.0, 8.0, 9.0, 0.0]));
    assert!(
        all.sum(ids[0], "hits").is_none()
            && all.counts(ids[0], "sum").is_none()
            && all.rows(ids[0], "sum").is_none()
    );
    assert!(all.sum(ids[1], "hits").is_none() && !all.is_empty() && Stats::<f64>::new().is_empty());
}

#[test]
fn gradients_of_shards_add_up_parameter_by_parameter() {
    let (store, ids) = store_of(&[1.0, 2.0]);
    let mut all = ParamGrads::default();
    all.set(ids[0], row(&[1.0, 2.0]));
    let mut more = ParamGrads::default();
    more.set(ids[0], row(&[10.0, 20.0]));
    more.set(ids[1], row(&[5.0]));
    all.add(more.clone());
    assert_eq!(
        all.iter().map(|(id, g)| (id, g.as_slice().to_vec())).collect::<Vec<_>>(),
        [(ids[0], vec![11.0, 22.0]), (ids[1], vec![5.0]),]
    );
    more.set(ids[1], row(&[5.0, 6.0]));
    says!(
        all.add(more),
        "two gradients of parameter 1 do not add up",
        "one [1]   other [2]",
        "rule: all have the shape"
    );
    all.retain(|id| id == ids[1]);
    assert!(all.get(ids[0]).is_none() && all.get_mut(ids[1]).is_some());
    assert_eq!(all.missing(&store), ["p0"]);
}
