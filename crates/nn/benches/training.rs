//! What training costs beside the tape: optimizers over a million parameters, checkpoints, folding shards.

use divan::{Bencher, counter::BytesCount};
use gradbook_autograd::{ParamGrads, ParamStore, Role, Tensor};
use gradbook_nn::{
    Clip, Method, Momentum, Optimizer, OptimizerConfig, ShardedStep,
    checkpoint::{Checkpoint, Header, save},
};

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

/// θ, m and v of a million parameters in f32, with ages: 12 MB.
const CHECKPOINT: usize = 12 * PARAMETERS;

#[divan::bench]
fn checkpoint_save(bencher: Bencher) {
    let (store, _) = model();
    let optimizer = Optimizer::new(OptimizerConfig::adam(1e-3), &store).expect("a sound configuration");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.safetensors");
    bencher.counter(BytesCount::new(CHECKPOINT)).bench_local(|| {
        save(&path, &Header::default(), &[("model", &store), ("optimizer", &optimizer)]).expect("saved");
    });
}

#[divan::bench]
fn checkpoint_load(bencher: Bencher) {
    let (mut store, _) = model();
    let mut optimizer = Optimizer::new(OptimizerConfig::adam(1e-3), &store).expect("a sound configuration");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.safetensors");
    save(&path, &Header::default(), &[("model", &store), ("optimizer", &optimizer)]).expect("saved");
    bencher.counter(BytesCount::new(CHECKPOINT)).bench_local(|| {
        let file = Checkpoint::read(&path).expect("sound");
        file.restore(&mut [("model", &mut store), ("optimizer", &mut optimizer)]).expect("it fits");
    });
}

/// A forward and backward pass of a deep net in so many shards: what cutting a batch costs.
#[divan::bench(args = [1, 2, 4, 8])]
fn sharded_step(bencher: Bencher, shards: usize) {
    let mut store = ParamStore::<f32>::new();
    let ids: Vec<_> = (0..8)
        .map(|i| store.add(i.to_string(), Tensor::filled([256, 256], 0.01 * i as f32), Role::Trainable))
        .collect();
    let data = Tensor::filled([1024, 256], 0.1f32);
    let sharded = ShardedStep::new(shards, 0);
    bencher.bench_local(|| {
        sharded.run(&store, 0, 1024, |graph, rows| {
            let part = data.as_slice()[256 * rows.start..256 * rows.end].to_vec();
            let x = graph.tape().constant(Tensor::new([rows.len(), 256], part));
            let y = ids.iter().fold(x, |x, id| x.matmul(graph.param(*id)).tanh());
            (y.square().mean_all(), ())
        })
    });
}
