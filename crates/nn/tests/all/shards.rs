//! Sums over shards and micro-batches, at sizes where work is cut and shared out, against sums made by hand; and that a
//! shard keeps to one thread where there are as many shards as threads.

use std::thread;

use gradbook_autograd::{ParamStore, Role, Stat, Stats, Tensor, at_least};
use gradbook_nn::{ShardedStep, StepResult};

/// Enough elements for several pieces and for several threads.
const MANY: usize = 70_001;

/// The gradient of Σ wᵢ·i·(row + 1), averaged over rows: i times the mean of row + 1.
fn step(shards: usize, rows: usize) -> (Vec<f64>, StepResult<f64, usize>) {
    let mut store = ParamStore::new();
    let w = store.add("w", Tensor::filled([MANY], 1.0), Role::Trainable);
    let result = ShardedStep::new(shards, 0).run(&store, 0, rows, |graph, range| {
        let ramp = Tensor::build([MANY], |out| out.iter_mut().enumerate().for_each(|(i, x)| *x = i as f64));
        let factor = range.clone().map(|row| row as f64 + 1.0).sum::<f64>() / range.len() as f64;
        graph.report(Stats::one(w, "rows", Stat::Counts(vec![range.len() as u64])));
        ((graph.param(w) * graph.tape().constant(ramp)).sum_all() * factor, range.start)
    });
    let g = result.grads.get(w).expect("a gradient").as_slice().to_vec();
    assert_eq!(result.stats.counts(w, "rows"), Some(&[rows as u64][..]));
    (g, result)
}

#[test]
fn every_element_of_a_large_gradient_is_the_sum_over_the_shards() {
    for (shards, rows) in [(1, 8), (2, 8), (8, 8), (3, 7), (16, 32), (17, 34), (40, 80)] {
        let (g, result) = step(shards, rows);
        let mean = (rows as f64 + 1.0) / 2.0;
        for (i, g) in g.into_iter().enumerate() {
            let expected = i as f64 * mean;
            assert!(
                (g - expected).abs() <= 1e-12 * expected,
                "{g} at {i} is not {expected}, of {shards} shards"
            );
        }
        let loss = mean * (MANY * (MANY - 1) / 2) as f64;
        assert!((result.loss / loss - 1.0).abs() < 1e-12, "{shards} shards");
        let starts: Vec<usize> = (0..shards).map(|shard| shard * rows / shards).collect();
        assert_eq!(result.extras, starts, "in shard order");
    }
}

#[test]
fn a_thousand_shards_in_f32_sum_as_well_as_two() {
    let mut store = ParamStore::new();
    let w = store.add("w", Tensor::filled([2], 1.0f32), Role::Trainable);
    let ones = Tensor::filled([1], 0.1f32);
    let result = ShardedStep::new(4096, 0).run(&store, 0, 4096, |graph, _| {
        graph.report(Stats::one(w, "sum", Stat::Sum(ones.clone())));
        (graph.param(w).sum_all() * 0.1, ())
    });
    let close = |got: f32, expected: f64| assert!((f64::from(got) / expected - 1.0).abs() < 1e-6, "{got}");
    result.grads.get(w).expect("a gradient").as_slice().iter().for_each(|&g| close(g, f64::from(0.1f32)));
    close(result.stats.sum(w, "sum").expect("reported").item(), 4096.0 * f64::from(0.1f32));
}

#[test]
fn the_mean_of_micro_batches_keeps_their_order_and_holds_few_at_a_time() {
    let mut store = ParamStore::new();
    let w = store.add("w", Tensor::filled([1], 1.0f64), Role::Trainable);
    let micro = |k: usize| {
        ShardedStep::new(1, 0).run(&store, k as u64, 1, |graph, _| (graph.param(w).sum_all() * k as f64, k))
    };
    assert!(StepResult::<f64, ()>::mean([]).is_none());
    for count in [1, 2, 3, 5, 8, 37] {
        let mean = StepResult::mean((0..count).map(micro)).expect("some");
        let expected = (count - 1) as f64 / 2.0;
        assert_eq!((mean.loss, mean.grads.get(w).expect("a gradient").item()), (expected, expected));
        assert_eq!(mean.extras, (0..count).collect::<Vec<_>>());
    }
}

/// Whether work inside the shards may be handed over, and how many threads they ran on.
fn inside(threads: usize, shards: usize, rows: usize) -> Vec<bool> {
    let mut store = ParamStore::new();
    let w = store.add("w", Tensor::filled([1], 1.0f64), Role::Trainable);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    let result = pool.install(|| {
        ShardedStep::new(shards, 0).run(&store, 0, rows, |graph, _| {
            let here = thread::current().id();
            let both = gradbook_autograd::join(|| thread::current().id(), || thread::current().id());
            let alone = at_least(1) == usize::MAX;
            assert!(!alone || both == (here, here));
            (graph.param(w).sum_all(), alone)
        })
    });
    assert_eq!(at_least(1), 1, "only inside");
    result.extras
}

#[test]
fn one_shard_is_one_task_where_all_threads_have_one() {
    assert_eq!(inside(2, 2, 8), [true; 2]);
    assert_eq!(inside(2, 5, 8), [true; 5]);
    assert_eq!(inside(1, 1, 8), [true]);
    assert_eq!(inside(3, 2, 8), [false; 2]);
    assert_eq!(inside(2, 1, 8), [false]);
    assert_eq!(inside(3, 8, 2), [false; 2], "shards without rows are none");
}

/// A loss of the whole batch takes a second pass, unless one shard is the batch.
#[test]
fn one_shard_makes_one_pass_and_several_make_two_where_they_ask_for_the_batch() {
    let store = ParamStore::<f64>::new();
    let passes = |shards: usize, asks: bool| {
        let passes = std::sync::atomic::AtomicUsize::new(0);
        let result = ShardedStep::new(shards, 0).run(&store, 0, 6, |graph, rows| {
            passes.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let x = graph.tape().var(Tensor::new([rows.len()], rows.map(|row| row as f64).collect()));
            let loss =
                if asks { graph.over_batch("x", x, &[], |x, _| x.mean_all().square()) } else { x.mean_all() };
            (loss, ())
        });
        assert!((result.loss - if asks { 6.25 } else { 2.5 }).abs() < 1e-12, "the mean of 0 … 5 is 2.5");
        passes.into_inner()
    };
    assert_eq!([passes(1, true), passes(1, false), passes(3, true), passes(3, false)], [1, 1, 6, 3]);
}
