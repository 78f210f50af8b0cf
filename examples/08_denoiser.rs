//! A convolutional network learns to take the noise off sine waves of any pitch. Channels last: `[batch, length, channel]`.

use gradbook::autograd::{Graph, ParamStore, Rng, Tape, Tensor, Var};
use gradbook::nn::{
    Activation, Conv1d, Conv1dConfig, Layer, Optimizer, OptimizerConfig, Scope, Sequential, ShardedStep,
    loss::{Reduction, mse},
};
use ndarray_rand::{
    rand::{Rng as _, SeedableRng},
    rand_distr::{Distribution, StandardNormal},
};

const LENGTH: usize = 64;

/// Waves and the same with noise of deviation ½, both `[batch, length, 1]`.
fn waves(count: usize, seed: u64) -> (Tensor<f32>, Tensor<f32>) {
    let mut rng = Rng::seed_from_u64(seed);
    let mut clean = Vec::new();
    for _ in 0..count {
        let (pitch, phase) = (rng.random_range(0.05..0.4), rng.random_range(0.0..6.0));
        clean.extend((0..LENGTH).map(|t| (pitch * t as f32 + phase).sin()));
    }
    let noise = |x: &f32| {
        let n: f32 = StandardNormal.sample(&mut rng);
        x + 0.5 * n
    };
    let noisy = clean.iter().map(noise).collect();
    (Tensor::new([count, LENGTH, 1], clean), Tensor::new([count, LENGTH, 1], noisy))
}

fn error(a: &Tensor<f32>, b: &Tensor<f32>) -> f64 {
    let pairs = a.as_slice().iter().zip(b.as_slice());
    pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>() / a.as_slice().len() as f64
}

fn main() {
    let mut store = ParamStore::new();
    let mut scope = Scope::new(&mut store, 0);
    let mut conv = |at, input, output, dilation| {
        let config = Conv1dConfig::new(input, output, 5).dilation(dilation);
        Conv1d::new(&mut scope.at(at), config).expect("a sound configuration")
    };
    let net = Sequential::new()
        .then(conv(0, 1, 16, 1))
        .then(Activation::Gelu)
        .then(conv(2, 16, 16, 4)) // taps 4 apart: the network sees 25 samples
        .then(Activation::Gelu)
        .then(conv(4, 16, 1, 1));
    let mut adam = Optimizer::new(OptimizerConfig::adam(5e-3), &store).expect("a sound configuration");

    for step in 0..=200 {
        let (clean, noisy) = waves(32, step);
        let result = ShardedStep::new(1, 0).run(&store, step, 32, |g, _| {
            let constant = |t: &Tensor<f32>| -> Var<'_, f32> { g.tape().constant(t.clone()) };
            (mse(net.forward(g, constant(&noisy)), constant(&clean), Reduction::Mean), ())
        });
        adam.step(&mut store, &result.grads);
        if step % 40 == 0 {
            println!("step {step:3}: mean squared error {:.4}", result.loss);
        }
    }
    let (clean, noisy) = waves(64, 1_000_000);
    let tape = Tape::new();
    let cleaned = net.forward(&Graph::eval(&tape, &store), tape.constant(noisy.clone())).value();
    let (before, after) = (error(&clean, &noisy), error(&clean, &cleaned));
    println!("mean squared error of new waves: {before:.4} as they come, {after:.4} cleaned");
    assert!(after < before / 4.0, "at least three quarters of the noise are gone");
}
