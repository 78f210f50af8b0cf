//! Two moons: a small network learns to tell two interleaved half circles apart, with everything a training run has —
//! sharded steps, AdamW, warm-up and cosine, clipping, a weight average.
//!
//! `cargo run --release --example 07_two_moons`

use gradbook::autograd::{Graph, ParamStore, Rng, Shape, Tape, Tensor};
use gradbook::nn::{
    Activation, Clip, Layer, Linear, Optimizer, OptimizerConfig, Schedule, Scope, Sequential, ShardedStep,
    Summary, WeightAverage, loss::cross_entropy,
};
use ndarray_rand::rand::{Rng as _, SeedableRng};

/// Points `[x, y]` and the moon each lies on.
fn moons(count: usize, seed: u64) -> (Vec<f32>, Vec<usize>) {
    let mut rng = Rng::seed_from_u64(seed);
    let mut points = Vec::new();
    let classes: Vec<usize> = (0..count).map(|i| i % 2).collect();
    for &class in &classes {
        let angle = rng.random_range(0.0..std::f32::consts::PI);
        let mut noise = || rng.random_range(-0.2..0.2);
        let (x, y) = (angle.cos() + noise(), angle.sin() + noise());
        points.extend(if class == 0 { [x, y] } else { [1.0 - x, 0.5 - y] });
    }
    (points, classes)
}

fn accuracy(net: &Sequential<f32>, store: &ParamStore<f32>, points: &[f32], classes: &[usize]) -> f64 {
    let tape = Tape::new();
    let x = tape.constant(Tensor::new([classes.len(), 2], points.to_vec()));
    let scores = net.forward(&Graph::eval(&tape, store), x).value();
    let scores = scores.as_slice().chunks_exact(2);
    let right = scores.zip(classes).filter(|(row, class)| usize::from(row[1] > row[0]) == **class);
    right.count() as f64 / classes.len() as f64
}

fn main() {
    const STEPS: u64 = 400;
    let (points, classes) = moons(512, 1);
    let (test_points, test_classes) = moons(1024, 2);

    let mut store = ParamStore::new();
    let mut scope = Scope::new(&mut store, 0);
    let net = Sequential::new()
        .then(Linear::new(&mut scope.at(0), 2, 32))
        .then(Activation::Gelu)
        .then(Linear::new(&mut scope.at(2), 32, 32))
        .then(Activation::Gelu)
        .then(Linear::new(&mut scope.at(4), 32, 2));
    println!("{}", Summary::new(&net, &store, &Shape::new(&[512, 2])).expect("points have two coordinates"));

    let warm = Schedule::Warmup { start: 0.1, steps: 20 };
    let config = OptimizerConfig {
        clip: Clip::Norm(1.0),
        schedule: warm.then(20, Schedule::Cosine { min: 0.01, steps: STEPS - 20 }),
        ..OptimizerConfig::adam_w(1e-2)
    };
    let mut optimizer = Optimizer::new(config, &store).expect("a sound configuration");
    let mut average = WeightAverage::new(0.98, &store);
    let sharded = ShardedStep::new(4, 0);
    println!("step   rate      norm     loss");
    for step in 0..STEPS {
        let result = sharded.run(&store, step, classes.len(), |graph, rows| {
            let x = Tensor::new([rows.len(), 2], points[2 * rows.start..2 * rows.end].to_vec());
            let scores = net.forward(graph, graph.tape().constant(x));
            (cross_entropy(scores, &classes[rows]), ())
        });
        let report = optimizer.step(&mut store, &result.grads);
        average.update(&store);
        if step % 40 == 0 || step == STEPS - 1 {
            let bar = "▪".repeat((60.0 * result.loss) as usize);
            let norm = report.grad_norm.unwrap_or_default();
            println!("{step:4}   {:.5}   {norm:.3}   {:.4}  {bar}", report.rate, result.loss);
        }
    }
    let last = accuracy(&net, &store, &test_points, &test_classes);
    average.swap(&mut store);
    let averaged = accuracy(&net, &store, &test_points, &test_classes);
    println!("right on new points: {:.1} %, with averaged weights {:.1} %", 100.0 * last, 100.0 * averaged);
    assert!(averaged > 0.97, "the moons can be told apart");
}
