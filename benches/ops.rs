//! Every op, forward and with its backward pass, on 512×256 and 4×4 numbers:
//! `cargo bench --bench ops -- tanh`

mod op_table;

use divan::{Bencher, black_box};
use gradbook::autograd::{Rng, Tape, Tensor};
use ndarray_rand::rand::{Rng as _, SeedableRng};

use op_table::{Arguments, OPS};

const SHAPES: [[usize; 2]; 2] = [[512, 256], [4, 4]];

fn main() {
    divan::main();
}

fn positive(shape: &[usize]) -> Tensor<f32> {
    let mut rng = Rng::seed_from_u64(shape.len() as u64);
    Tensor::build(shape, |out| out.iter_mut().for_each(|x| *x = rng.random_range(0.1..2.0)))
}

/// `tanh 4x4` and the like.
fn ops_and_shapes() -> impl Iterator<Item = String> {
    OPS.iter().flat_map(|(name, _)| SHAPES.map(|[rows, channels]| format!("{name} {rows}x{channels}")))
}

#[divan::bench(args = ops_and_shapes(), sample_count = 30)]
fn forward(bencher: Bencher, which: &str) {
    run(bencher, which, false);
}

#[divan::bench(args = ops_and_shapes(), sample_count = 30)]
fn forward_and_backward(bencher: Bencher, which: &str) {
    run(bencher, which, true);
}

fn run(bencher: Bencher, which: &str, backward: bool) {
    let found = |(name, _): &&(&str, _)| which.split(' ').next() == Some(*name);
    let (_, apply) = OPS.iter().find(found).expect("a listed op");
    let shape = SHAPES[usize::from(which.ends_with(" 4x4"))];
    let (x, y, kernel) = (positive(&shape), positive(&shape), positive(&[3, shape[1], shape[1]]));
    let once = |cotangent: Option<Tensor<f32>>| {
        let tape = Tape::new();
        let [x, y, kernel] = [&x, &y, &kernel].map(|value| tape.var(value.clone()));
        let out = apply(Arguments { x, y, kernel });
        match cotangent {
            Some(cotangent) => _ = black_box(out.backward_with(cotangent)),
            None => _ = black_box(out),
        }
        out.value()
    };
    let cotangent = backward.then(|| once(None).map(|_| 1.0));
    bencher.bench_local(|| once(cotangent.clone()));
}
