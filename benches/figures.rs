//! The figures by which Gradbook is compared with its peers: `cargo bench --bench figures`. Two threads.

use divan::{Bencher, black_box};
use gradbook::autograd::{ParamStore, Rng, Stream, Tape, Tensor};
use gradbook::lab::{Model, ModelConfig};
use gradbook::nn::{
    Optimizer, OptimizerConfig, Scope, ShardedStep,
    loss::{Reduction, mse},
};
use gradbook::vq::{
    QuantizerConfig,
    kmeans::{Start, kmeans},
    search::nearest,
};
use ndarray_rand::{
    rand::{SeedableRng, distr::Distribution},
    rand_distr::StandardNormal,
};

fn main() {
    rayon::ThreadPoolBuilder::new().num_threads(2).build_global().expect("the pool is built once");
    divan::main();
}

fn normal(shape: &[usize], seed: u64) -> Tensor<f32> {
    let mut rng = Rng::seed_from_u64(seed);
    Tensor::build(shape, |out| out.iter_mut().for_each(|x| *x = StandardNormal.sample(&mut rng)))
}

fn quantizer(text: &str) -> QuantizerConfig {
    serde_json::from_str(text).expect("a sound config")
}

const EMA: &str = r#"{ "kind": "codebook", "codes": 512, "init": { "normal": 0.1 } }"#;

/// A training step of the spectrogram VQ-VAE: batch, frames.
#[divan::bench(args = [(16, 32), (64, 32), (16, 256)], sample_count = 30)]
fn vqvae_step(bencher: Bencher, (batch, frames): (usize, usize)) {
    let mut store = ParamStore::new();
    let model =
        Model::new(&ModelConfig::default(), Some(&quantizer(EMA)), 80, &mut store, 0).expect("it fits");
    let mut adam = Optimizer::new(OptimizerConfig::adam(3e-4), &store).expect("a sound config");
    let x = normal(&[batch, frames, 80], 7);
    let mut step = 0;
    bencher.bench_local(|| {
        rayon::join(
            || {
                let result = ShardedStep::new(2, 0).run(&store, step, batch, |g, rows| {
                    let x = g.tape().constant(gradbook::lab::data::slice(&x, rows));
                    let out = model.forward(g, x, true);
                    let own = out.quantized.and_then(|q| q.loss()).expect("a commitment loss");
                    (mse(out.output, x, Reduction::Mean) + own, ())
                });
                adam.step(&mut store, &result.grads);
                model.absorb(&mut store, &result.stats, &Stream::new(0, step, u64::MAX));
                step += 1;
            },
            || (),
        );
    });
}

/// The nearest of K codes for each row: rows, channels, K.
#[divan::bench(args = [(65_536, 64, 1024), (512, 128, 512)], sample_count = 20)]
fn nearest_code(bencher: Bencher, (rows, dim, codes): (usize, usize, usize)) {
    let (x, codes) = (normal(&[rows, dim], 4), normal(&[codes, dim], 5));
    bencher.bench_local(|| nearest(black_box(&x), black_box(&codes)));
}

/// k-means, 10 rounds.
#[divan::bench(sample_count = 5)]
fn kmeans_65536x64_k512(bencher: Bencher) {
    let x = normal(&[65_536, 64], 4);
    bencher.bench_local(|| kmeans(black_box(&x), 512, 10, Start::Random, &mut Rng::seed_from_u64(1)));
}

/// Forward and update of a quantizer in training, without a decoder's gradient.
fn train_forward(bencher: Bencher, config: &str, rows: usize) {
    let mut store = ParamStore::new();
    let q = quantizer(config).build(128, &mut Scope::new(&mut store, 0)).expect("a sound config");
    let z = normal(&[rows, 128], 9);
    let mut step = 0;
    bencher.bench_local(|| {
        let stats = {
            let tape = Tape::new();
            let stream = Stream::new(0, step, 0);
            let g = gradbook::autograd::Graph::train(&tape, &store).with_stream(stream);
            black_box(q.quantize(&g, tape.constant(z.clone()).into()).values.value());
            g.take_stats()
        };
        q.absorb(&mut store, &stats, &Stream::new(0, step, 1));
        step += 1;
    });
}

#[divan::bench]
fn ema_vq_512x128_k512(bencher: Bencher) {
    train_forward(bencher, EMA, 512);
}

#[divan::bench(sample_count = 10)]
fn residual_8_levels_4096x128_k1024(bencher: Bencher) {
    let config = r#"{ "kind": "residual", "levels": 8, "quantizer": { "kind": "codebook", "codes": 1024 } }"#;
    train_forward(bencher, config, 4096);
}
