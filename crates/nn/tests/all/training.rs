//! Whole training runs: the same bits on any number of threads, after a restart, and in micro-batches up to rounding.

use std::{fs, ops::Range, path::Path};

use gradbook_autograd::{Graph, ParamStore, Role, Tensor, Var};
use gradbook_nn::{
    Activation, BatchNorm1d, Clip, Conv1d, Conv1dConfig, Dropout, Layer, Linear, Optimizer, OptimizerConfig,
    ResidualBlock, ResidualConfig, Schedule, Scope, Sequential, ShardedStep, StepResult, WeightAverage,
    checkpoint::{Checkpoint, Header, save},
    loss::{Reduction, mse},
};

const ROWS: usize = 10;
const LENGTH: usize = 24;

struct Run {
    store: ParamStore<f32>,
    net: Sequential<f32>,
    optimizer: Optimizer<f32>,
    average: WeightAverage<f32>,
    step: u64,
}

impl Run {
    fn new() -> Self {
        let mut store = ParamStore::new();
        let mut scope = Scope::new(&mut store, 5);
        let block = ResidualConfig::new(16, 8).dilation(2);
        let net = Sequential::new()
            .then(Conv1d::new(&mut scope.at(0), Conv1dConfig::new(3, 16, 3).weight_norm()).expect("sound"))
            .then(BatchNorm1d::new(&mut scope.at(1), 16))
            .then(Activation::Gelu)
            .then(Dropout::new(0.2).expect("a probability"))
            .then(ResidualBlock::new(&mut scope.at(4), block).expect("sound"))
            .then(Linear::new(&mut scope.at(5), 16, 3));
        let schedule =
            Schedule::Warmup { start: 0.0, steps: 5 }.then(5, Schedule::Cosine { min: 0.1, steps: 40 });
        let config = OptimizerConfig { clip: Clip::Norm(0.5), schedule, ..OptimizerConfig::adam_w(1e-2) };
        let optimizer = Optimizer::new(config, &store).expect("sound");
        let average = WeightAverage::new(0.9, &store);
        Self { store, net, optimizer, average, step: 0 }
    }

    /// The mean loss over some rows of the batch of a step.
    fn loss<'t>(&self, graph: &Graph<'t, f32>, step: u64, rows: Range<usize>) -> Var<'t, f32> {
        let shape = [rows.len(), LENGTH, 3];
        let from = step as usize * ROWS + rows.start;
        let wave = |i: usize| ((from * LENGTH * 3 + i) as f32 * 0.37).sin();
        let x = Tensor::new(shape, (0..shape.iter().product()).map(wave).collect());
        let target = x.map(|x| x * x);
        mse(self.net.forward(graph, graph.tape().constant(x)), graph.tape().constant(target), Reduction::Mean)
    }

    fn batch(&self) -> StepResult<f32, ()> {
        ShardedStep::new(4, 9)
            .run(&self.store, self.step, ROWS, |graph, rows| (self.loss(graph, self.step, rows), ()))
    }

    fn train(&mut self, steps: u64) -> f64 {
        let mut last = f64::NAN;
        for _ in 0..steps {
            let result = self.batch();
            self.optimizer.step(&mut self.store, &result.grads);
            self.net.absorb(&mut self.store, &result.stats);
            self.average.update(&self.store);
            self.step += 1;
            last = result.loss;
        }
        last
    }

    fn save(&self, path: &Path) {
        let header = Header { step: self.step, seed: 9, config: String::new() };
        let sections: [(&str, &dyn gradbook_nn::State<f32>); 3] =
            [("model", &self.store), ("optimizer", &self.optimizer), ("average", &self.average)];
        save(path, &header, &sections).expect("a checkpoint");
    }

    fn load(&mut self, path: &Path) {
        let file = Checkpoint::read(path).expect("a checkpoint");
        let Self { store, optimizer, average, .. } = self;
        file.restore(&mut [("model", store), ("optimizer", optimizer), ("average", average)])
            .expect("it fits");
        self.step = file.header().step;
    }
}

#[test]
fn fifty_steps_leave_the_same_bytes_on_one_thread_and_on_two() {
    let folder = tempfile::tempdir().expect("a folder");
    let trained = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let path = folder.path().join(threads.to_string());
        let losses = pool.install(|| {
            let mut run = Run::new();
            let losses = (run.train(1), run.train(49));
            run.save(&path);
            losses
        });
        (losses, fs::read(path).expect("saved"))
    };
    let (one, two) = (trained(1), trained(2));
    assert!(one.1 == two.1, "store, optimizer and average differ");
    assert_eq!(one.0, two.0);
    assert!(one.0.1 < 0.5 * one.0.0, "it learns: {:?}", one.0);
}

#[test]
fn a_run_continued_from_a_checkpoint_ends_in_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let mut whole = Run::new();
    whole.train(12);
    whole.save(&path("whole"));
    let mut first = Run::new();
    first.train(7);
    first.save(&path("half"));
    let mut second = Run::new();
    second.load(&path("half"));
    second.train(5);
    second.save(&path("resumed"));
    assert!(fs::read(path("whole")).expect("saved") == fs::read(path("resumed")).expect("saved"));
}

#[test]
fn micro_batches_give_the_gradients_of_the_batch() {
    use gradbook_autograd::Role;
    let mut store = ParamStore::<f64>::new();
    let w = store.add("w", Tensor::new([3], vec![0.5, -1.0, 2.0]), Role::Trainable);
    let data: Vec<f64> = (0..36).map(|i| (i as f64).sin()).collect();
    let run = |shards, step, from: usize, rows| {
        ShardedStep::new(shards, 0).run(&store, step, rows, |graph, range| {
            let part = data[3 * (from + range.start)..3 * (from + range.end)].to_vec();
            let x = graph.tape().constant(Tensor::new([range.len(), 3], part));
            ((graph.param(w) * x).square().sum(&[1]).mean_all(), ())
        })
    };
    let whole = run(1, 0, 0, 12);
    for shards in [2, 5, 12, 40] {
        let cut = run(shards, 0, 0, 12);
        let micro =
            StepResult::mean((0..3).map(|i| run(shards, i, 4 * i as usize, 4))).expect("three micro-batches");
        for other in [cut, micro] {
            assert!((other.loss - whole.loss).abs() < 1e-12);
            let grads = whole.grads.get(w).expect("a gradient").as_slice();
            let others = other.grads.get(w).expect("a gradient").as_slice();
            assert!(grads.iter().zip(others).all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }
}

#[test]
fn evaluation_changes_nothing_and_repeats_itself() {
    let mut run = Run::new();
    run.train(3);
    let tape = gradbook_autograd::Tape::new();
    let graph = Graph::eval(&tape, &run.store);
    let (a, b) = (run.loss(&graph, 0, 0..4).item(), run.loss(&graph, 0, 0..4).item());
    assert_eq!(a, b);
    assert!(graph.take_stats().is_empty());
}

#[test]
fn a_loss_of_the_whole_batch_and_its_gradient_are_the_same_for_any_cut() {
    let data = [1.0, 2.0, 3.0, 6.0];
    let mut store = ParamStore::<f64>::new();
    let w = store.add("w", Tensor::new([1], vec![2.0]), Role::Trainable);
    let v = store.add("v", Tensor::new([1], vec![5.0]), Role::Trainable);
    for shards in [1, 2, 3, 4, 9] {
        let step = ShardedStep::new(shards, 0).run(&store, 0, 4, |g, rows| {
            let x = g.tape().constant(Tensor::new([rows.len()], data[rows].to_vec()));
            // v·(mean wx)² = 5·6² and then again with half of it, which is another function of the batch.
            let loss =
                |x| g.over_batch("square", x, &[g.param(v)], |x, v| (v[0] * x.mean_all().square()).sum_all());
            let x = x * g.param(w);
            let (whole, half) = (loss(x), loss(x * 0.5));
            (whole + 10.0 * half, (whole.item(), half.item()))
        });
        let near =
            |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found}, {shards} shards");
        near(step.loss, 180.0 + 450.0);
        // ∂/∂w = 5·2·6·3 for the first, ∂/∂v = 36; a quarter of each for the second.
        near(step.grads.get(w).expect("a gradient").as_slice()[0], 180.0 * 3.5);
        near(step.grads.get(v).expect("a gradient").as_slice()[0], 36.0 * 3.5);
        step.extras.iter().for_each(|values| {
            near(values.0, 180.0);
            near(values.1, 45.0);
        });
    }
}

#[test]
fn a_shard_without_rows_for_a_loss_of_the_whole_batch_leaves_it_to_the_others() {
    let data = [1.0, 2.0, 3.0, 6.0];
    let mut store = ParamStore::<f64>::new();
    let w = store.add("w", Tensor::new([1], vec![2.0]), Role::Trainable);
    // Rows below 3 take no part: with two shards, none of the first.
    for shards in [1, 2] {
        let step = ShardedStep::new(shards, 0).run(&store, 0, 4, |g, rows| {
            let rows: Vec<f64> = data[rows].iter().copied().filter(|x| *x >= 3.0).collect();
            let zero = g.param(w).sum_all() * 0.0;
            if rows.is_empty() {
                return (zero, ());
            }
            let x = g.tape().constant(Tensor::new([rows.len()], rows)) * g.param(w);
            (zero + g.over_batch("square", x, &[], |x, _| x.mean_all().square()), ())
        });
        // (2·4.5)² and 2·9·4.5
        assert!((step.loss - 81.0).abs() < 1e-9, "{}", step.loss);
        assert!((step.grads.get(w).expect("a gradient").as_slice()[0] - 81.0).abs() < 1e-9);
    }
}
