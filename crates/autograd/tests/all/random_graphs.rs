//! Ops in each other's company: random graphs of all kinds of ops against every oracle, on any number of threads, and
//! graphs a million ops deep.

use gradbook_autograd::{
    Conv1dSpec, Pad, Real, Rng, Tape, TapeStats, Tensor, Var, case,
    check::{Errors, Failure, Sampler},
    jvp,
};
use ndarray_rand::rand::{Rng as _, SeedableRng, seq::IndexedRandom};
use proptest::prelude::*;

use crate::conv_goldens::cast;

/// Grows a graph over the inputs, all of one shape `[rows, columns]` of at least `[3, 3]`, by `size` random ops that each
/// give that shape again. Values stay near 1, and kinks away, so that differences mean something.
fn grow<'t, T: Real>(x: &[Var<'t, T>], seed: u64, size: usize) -> Var<'t, T> {
    let mut rng = Rng::seed_from_u64(seed);
    let shape = x[0].shape();
    let (rows, columns) = (shape[0], shape[1]);
    let mut nodes = x.to_vec();
    for _ in 0..size {
        let [a, b] = std::array::from_fn(|_| *nodes.choose(&mut rng).unwrap());
        let (axis, cut) = (rng.random_range(0..2), rng.random_range(0..=rows));
        let order: Vec<usize> = (0..rows).map(|_| rng.random_range(0..rows)).collect();
        let near = |x: Var<'t, T>| x.tanh() + 2.0; // in 1 … 3: for roots, quotients, and kinks
        let ladder = |x: Var<'t, T>| {
            let step = Tensor::new(shape, (0..shape.size()).map(|i| T::of(3.0 * i as f64)).collect());
            x.tanh() + x.tape().constant(step) // no two within 1 of each other
        };
        let y = match rng.random_range(0..42) {
            0 => a + b,
            1 => a - 0.5 * b,
            2 => a * b * 0.5,
            3 => a / near(b),
            4 => -a,
            5 => a.tanh().exp() * 0.5,
            6 => near(a).ln(),
            7 => near(a).sqrt(),
            8 => a.sin() + b.cos(),
            9 => a.sigmoid() * b,
            10 => a.gelu() - b.gelu_tanh() * 0.3,
            11 => a.silu() * 0.5 + b.softplus() * 0.3,
            12 => (near(a) - 5.0).relu() + near(b).abs() * 0.3,
            13 => (near(a) - 5.0).elu(1.0) + (near(b) - 5.0).leaky_relu(0.1),
            14 => near(a).clamp(0.0, 10.0) * 0.3 + (near(b) + 9.0).clamp(0.0, 10.0) * 0.1,
            15 => near(a).maximum(near(b) - 5.0).minimum(near(a) + 5.0) * 0.3,
            16 => near(a).pow(b.tanh()),
            17 => a.tanh().snake(near(b)),
            18 => a.select(move |i| i % 3 == 0, b),
            19 => a.tanh().square() + b.square() * 0.1,
            20 => a + b.sum_keep(&[axis]) * 0.2,
            21 => a * b.mean_keep(&[axis]),
            22 => a - b.logsumexp_keep(&[axis]) * 0.3,
            23 => a + ladder(b).max_keep(&[axis]) * 0.02,
            24 => a - ladder(b).min_keep(&[axis]) * 0.02,
            25 => a.softmax(axis) + b,
            26 => a.log_softmax(axis) * 0.3 + b,
            27 => near(a).l2_normalize(axis, 1e-12) * b,
            28 => a.matmul(b.transpose()).matmul(a) * (0.3 / columns as f64),
            29 => a.matmul_nt(b).softmax(1).matmul(b),
            30 => a.permute(&[1, 0]).reshape(shape),
            31 => Var::concat(&[a.slice(0, 0..cut), b.slice(0, cut..rows)], 0),
            32 => Var::stack(&[a, b], axis).mean(&[axis]),
            33 => a.gather_rows(&order),
            34 => a.scatter_add(&order, rows) * 0.5,
            35 => a.pad(axis, 2, 1, Pad::Reflect).slice_step(axis, 0..2 * (shape[axis] / 2) + 1, 2).pad(
                axis,
                0,
                shape[axis] - shape[axis] / 2 - 1,
                Pad::Replicate,
            ),
            36 => {
                let channels = a.pad(0, 1, 1, Pad::Zero).reshape([1, rows + 2, columns]);
                channels
                    .avg_pool1d(3, 2)
                    .upsample_nearest1d(2)
                    .slice(1, 0..rows - 1)
                    .reshape([rows - 1, columns])
                    .pad(0, 1, 0, Pad::Zero)
            }
            37 => a + b.slice(0, cut.min(rows - 1)..cut.min(rows - 1) + 1).broadcast_to(shape) * 0.5,
            38 => a.tape().segment(&[a, b], |x| x[0].tanh() * x[1]),
            39 => {
                let w =
                    b.transpose().matmul(b).tanh().reshape([1, columns, columns]) * (1.0 / columns as f64);
                a.reshape([1, rows, columns]).conv1d(w, None, Conv1dSpec::default()).reshape(shape)
            }
            40 => {
                let w = b.slice(0, 0..3).tanh().reshape([3, 1, columns]);
                let spec = Conv1dSpec { pad_left: 1, pad_right: 1, groups: columns, ..Conv1dSpec::default() };
                let y = a.reshape([1, rows, columns]).conv1d(w, None, spec);
                y.conv_transpose1d(w.transpose(), None, spec, 0).reshape(shape) * 0.3
            }
            _ => a.tape().custom(
                "half",
                &[a],
                |x| x[0].map(|x| x * T::of(0.5)),
                |_, _, g, sink| sink.add(0, g.map(|g| g * T::of(0.5))),
            ),
        };
        nodes.push(y);
    }
    // Every input also counts by itself, so that no gradient vanishes.
    nodes.into_iter().rev().take(3 + x.len()).chain(x.iter().copied()).reduce(|a, b| a + b).unwrap()
}

fn verify(seed: u64, size: usize, inputs: usize) -> Result<Errors, Box<Failure>> {
    let mut s = Sampler::new(seed);
    let shape = [s.int(3, 5), s.int(3, 5)];
    let mut case = case!([], |x| grow(x, seed, size));
    case.inputs = (0..inputs).map(|_| s.normal(&shape)).collect();
    case.verify(seed)
}

/// Two odd functions of x and −x: their Hessians cancel to the last bits, which are not symmetric.
#[test]
fn a_graph_whose_hessian_is_rounding_alone_agrees_too() {
    verify(7_426_847_584_577_625_120, 5, 1).expect("rounding is no mistake");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::with_source_file(file!()) })]

    #[test]
    fn a_random_graph_agrees_with_every_oracle(seed: u64, size in 1usize..12, inputs in 1usize..4) {
        if let Err(failure) = verify(seed, size, inputs) {
            return Err(TestCaseError::fail(failure.to_string()));
        }
    }

    #[test]
    fn forward_and_reverse_mode_agree_where_derivatives_are_cut_or_replaced(seed: u64) {
        fn cut<'t, T: Real>(x: &[Var<'t, T>], seed: u64) -> Var<'t, T> {
            let (a, b) = (grow(x, seed, 4), grow(x, !seed, 4));
            let soft = (a * 0.3).straight_through(b * 0.5);
            grow(&[soft, b.detach(), b.tanh().surrogate(a), x[0]], seed ^ 1, 4)
        }
        let mut s = Sampler::new(seed);
        let [x, v]: [Vec<_>; 2] = std::array::from_fn(|_| (0..2).map(|_| s.normal(&[3, 4])).collect());
        let (value, jv) = jvp(|x| cut(x, seed), &x, &v);
        let tape = Tape::new();
        let leaves: Vec<_> = x.iter().map(|x| tape.var(x.clone())).collect();
        let y = cut(&leaves, seed);
        let u = s.normal(&[3, 4]);
        let grads = y.backward_with(u.clone());
        let products = |a: &Tensor<f64>, b: &Tensor<f64>| a.zip(b, |a, b| a * b).as_slice().to_vec();
        let reverse: Vec<f64> = leaves.iter().zip(&v).flat_map(|(x, v)| products(&grads[*x], v)).collect();
        let forward = products(&u, &jv);
        let error = (forward.iter().sum::<f64>() - reverse.iter().sum::<f64>()).abs();
        let scale: f64 = forward.iter().chain(&reverse).map(|p| p.abs()).sum();
        prop_assert!(error <= 1e-11 * scale, "{error} of {scale}");
        let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-11 * (1.0 + a.abs());
        prop_assert!(value.as_slice().iter().zip(y.value().as_slice()).all(near));
    }
}

#[test]
fn the_bits_are_the_same_on_one_thread_and_on_two() {
    let run = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut s = Sampler::new(seed);
            let tape = Tape::<f32>::new();
            let x: Vec<_> = (0..2).map(|_| tape.var(cast(&s.normal(&[160, 150])))).collect();
            let y = grow(&x, seed, 20);
            let grads = y.square().mean_all().backward();
            [y.value(), grads[x[0]].clone(), grads[x[1]].clone()]
                .map(|t| t.as_slice().iter().map(|x| x.to_bits()).collect::<Vec<_>>())
        })
    };
    for seed in 0..8 {
        assert!(run(1, seed) == run(2, seed), "graph {seed} has other bits on two threads");
    }
}

/// A chain of `ops` ops, forward and backward: its nodes, the bytes of its values, and the slope.
fn chain(ops: usize) -> (TapeStats, f64) {
    let tape = Tape::<f64>::new();
    let x = tape.scalar(0.5);
    let y = (0..ops / 2).fold(x, |y, _| (y + x).sin());
    let held = tape.stats();
    let slope = y.backward()[x].item();
    assert_eq!(tape.stats().recorded, 0, "the sweep used every derivative up");
    (held, slope)
}

#[test]
fn a_million_ops_need_no_stack_and_hold_as_much_each_as_a_hundred() {
    let run = || {
        for ops in [100, 1_000_000] {
            let (held, slope) = chain(ops);
            let values =
                TapeStats { nodes: ops + 1, recorded: ops, bytes: 8 * (ops + 1), peak_bytes: 8 * (ops + 1) };
            assert_eq!(held, values);
            // y = sin(y + x) at its fixed point: y′ = c(y′ + 1), so y′ = c/(1 − c) with c = cos(y + x).
            assert!((slope - 0.079_249_028).abs() < 1e-8, "{slope}");
        }
    };
    let small_stack = std::thread::Builder::new().stack_size(128 << 10);
    small_stack.spawn(run).unwrap().join().expect("128 KiB of stack are enough");
}
