//! What training costs beside the tape: the optimizer over a million parameters.

use divan::{Bencher, counter::BytesCount};
use gradbook_autograd::{ParamGrads, ParamStore, Role, Tensor};
use gradbook_nn::{Clip, Method, Momentum, Optimizer, OptimizerConfig};

fn main() {
    divan::main();
}

const PARAMETERS: usize = 1 << 20;

fn model() -> (ParamStore<f32>, ParamGrads<f32>) {
    let mut store = ParamStore::new();
    let mut grads = ParamGrads::default();
    for layer in 0..4 {
        let shape = [PARAMETERS / 4 / 256, 256];
        let wave = |i: usize| ((i + layer) as f32).sin();
        let id = store.add(format!("{layer}.weight"), Tensor::filled(shape, 0.1), Role::Trainable);
        grads.set(id, Tensor::new(shape, (0..PARAMETERS / 4).map(wave).collect()));
    }
    (store, grads)
}

fn optimizer(bencher: Bencher, config: OptimizerConfig, streams: usize) {
    let (mut store, grads) = model();
    let mut optimizer = Optimizer::new(config, &store).expect("a sound configuration");
    bencher
        .counter(BytesCount::new(4 * streams * PARAMETERS))
        .bench_local(|| optimizer.step(&mut store, &grads));
}

#[divan::bench]
fn adam_one_million(bencher: Bencher) {
    // θ, m, v are read and written, g is read.
    optimizer(bencher, OptimizerConfig::adam(1e-3), 7);
}

#[divan::bench]
fn adam_w_clipped_one_million(bencher: Bencher) {
    let config = OptimizerConfig { clip: Clip::Norm(1.0), ..OptimizerConfig::adam_w(1e-3) };
    optimizer(bencher, config, 8);
}

#[divan::bench]
fn sgd_one_million(bencher: Bencher) {
    let momentum = Momentum::Nesterov(0.9);
    optimizer(bencher, OptimizerConfig::new(Method::Sgd { momentum }, 1e-3), 5);
}

/// The yardstick: a copy through as much memory as Adam touches.
#[divan::bench]
fn copy_of_28_megabytes(bencher: Bencher) {
    let from = vec![1.0f32; 7 * PARAMETERS / 2];
    let mut to = vec![0.0f32; 7 * PARAMETERS / 2];
    bencher.counter(BytesCount::new(8 * from.len())).bench_local(|| {
        let half = from.len() / 2;
        let (to0, to1) = to.split_at_mut(half);
        rayon::join(|| to0.copy_from_slice(&from[..half]), || to1.copy_from_slice(&from[half..]));
        divan::black_box(&mut to);
    });
}
