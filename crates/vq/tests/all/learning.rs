//! What codebooks learn without any audio: on a mixture of 512 Gaussians every way of learning comes close to k-means.

use gradbook_autograd::{Graph, ParamStore, Rng, Stream, Tape, Tensor};
use gradbook_nn::{Optimizer, OptimizerConfig, Scope};
use gradbook_vq::{
    QuantizerConfig,
    kmeans::{Start, kmeans},
    search::nearest,
};
use ndarray_rand::{
    rand::{Rng as _, SeedableRng},
    rand_distr::{Distribution, StandardNormal},
};

const CODES: usize = 512;
const DIM: usize = 16;
/// Rows to seed from, rows of a training step, and rows held out.
const SEEDS: usize = 4096;
const BATCH: usize = 1024;
const HELD_OUT: usize = 4096;
const STEPS: u64 = 40;

#[path = "../../examples/levers.rs"]
#[allow(dead_code, reason = "its main is for those who run it")]
mod levers;

/// Rows around 512 centers: a normal cloud of centers, a smaller one of deviation 0.3 around each.
fn mixture(rows: usize, seed: u64) -> Tensor<f32> {
    let normal = |rng: &mut Rng| -> f32 { StandardNormal.sample(rng) };
    let mut rng = Rng::seed_from_u64(0);
    let centers: Vec<f32> = (0..CODES * DIM).map(|_| normal(&mut rng)).collect();
    let mut rng = Rng::seed_from_u64(seed);
    Tensor::build([rows, DIM], |out| {
        for row in out.chunks_exact_mut(DIM) {
            let center = &centers[DIM * rng.random_range(0..CODES)..][..DIM];
            row.iter_mut().zip(center).for_each(|(x, c)| *x = c + 0.3 * normal(&mut rng));
        }
    })
}

fn units(x: Tensor<f32>) -> Tensor<f32> {
    Tape::new().constant(x).l2_normalize(1, 1e-12).value()
}

/// mean ‖x − q‖² per row
fn distortion(x: &Tensor<f32>, q: &Tensor<f32>) -> f64 {
    let squares = x.zip(q, |x, q| (x - q) * (x - q));
    squares.as_slice().iter().map(|&d| f64::from(d)).sum::<f64>() / x.rows().nrows() as f64
}

/// The rows to seed from and those of all training steps.
fn seen(data: &[Tensor<f32>; 3]) -> Tensor<f32> {
    let rows = [data[0].as_slice(), data[1].as_slice()].concat();
    Tensor::new([rows.len() / DIM, DIM], rows)
}

/// The distortion of held-out rows by the centers of k-means on all rows seen.
fn of_kmeans(data: &[Tensor<f32>; 3]) -> f64 {
    let centers = kmeans(&seen(data), CODES, 20, Start::PlusPlus, &mut Rng::seed_from_u64(5)).centers;
    let near: Vec<usize> = nearest(&data[2], &centers).into_iter().map(|k| k as usize).collect();
    distortion(&data[2], &Tape::new().constant(centers).gather_rows(&near).value())
}

/// The distortion of held-out rows after seeding and one pass over the training rows.
fn of_kind(options: &str, rate: f64, seed_from_all: bool, data: &[Tensor<f32>; 3]) -> f64 {
    let text = format!("kind = \"codebook\"\ncodes = {CODES}\n{options}");
    let config: QuantizerConfig = toml::from_str(&text).expect("a config");
    let mut store = ParamStore::new();
    let q = config.build(DIM, &mut Scope::new(&mut store, 1)).expect("a legal config");
    let seeds = if seed_from_all { seen(data) } else { data[0].clone() };
    q.seed(&mut store, &seeds, &Stream::new(1, 0, 1));
    let mut optimizer = Optimizer::new(OptimizerConfig::adam(rate), &store).expect("a legal rate");
    for step in 0..STEPS {
        let rows = data[1].as_slice()[step as usize * BATCH * DIM..][..BATCH * DIM].to_vec();
        let (stats, grads) = {
            let tape = Tape::new();
            let g = Graph::train(&tape, &store).with_stream(Stream::new(1, step, 0));
            let z = tape.constant(Tensor::new([BATCH, DIM], rows));
            let found = q.quantize(&g, z.into());
            // Codes that learn from the decoder see its error.
            let error = (found.values - z).square().mean_all();
            let loss = found.losses.iter().fold(error, |sum, loss| sum + loss.value);
            (g.take_stats(), loss.backward().params)
        };
        optimizer.step(&mut store, &grads);
        for (id, codes) in q.absorb(&mut store, &stats, &Stream::new(1, step, 1)).overwritten {
            optimizer.reset_rows(id, &codes);
        }
    }
    distortion(&data[2], &q.decode(&store, &q.encode(&store, &data[2])))
}

/// Ways of learning, their rate, and whether they are seeded from all rows. A row is 16·0.3² = 1.44 from its center, which
/// the temperatures suit. SimVQ can turn and stretch its frozen vectors but not move each, so it is seeded from all rows,
/// the others from a part, and have the rest to learn.
const KINDS: &[(&str, f64, bool)] = &[
    ("{ by = \"loss\" }", 0.003, false),
    ("{ by = \"loss\", estimator = \"rotation\" }", 0.003, false),
    ("{ by = \"loss\", form = \"linear\" }", 0.0003, true),
    ("{ by = \"loss\", form = \"affine\" }", 0.003, false),
    ("{ by = \"ema\", decay = 0.9 }", 0.0, false),
    ("{ by = \"ema\", decay = 0.9, sample = 0.1 }", 0.0, false),
    ("{ by = \"diveq\" }", 0.003, false),
    ("{ by = \"noise\" }", 0.003, false),
    ("{ by = \"gumbel\", temperature = 0.1 }", 0.003, false),
    ("{ by = \"ibq\", temperature = 0.1 }", 0.003, false),
];

fn data(prepare: fn(Tensor<f32>) -> Tensor<f32>) -> [Tensor<f32>; 3] {
    [SEEDS, BATCH * STEPS as usize, HELD_OUT].map(|rows| prepare(mixture(rows, rows as u64)))
}

#[test]
fn every_codebook_comes_close_to_k_means_on_a_mixture_of_gaussians() {
    let data = data(|x| x);
    let best = of_kmeans(&data);
    for (learning, rate, all) in KINDS {
        let found = of_kind(&format!("learning = {learning}"), *rate, *all, &data);
        assert!(best / found >= 0.9, "{learning}: distortion {found}, that of k-means {best}");
    }
}

/// On the unit sphere squared distances are about 16 times smaller, and so are temperatures and rates.
#[test]
fn every_codebook_by_angle_comes_close_to_k_means_on_normalized_rows() {
    let data = data(units);
    let best = of_kmeans(&data);
    for (learning, rate, all) in KINDS {
        let learning = learning.replace("0.1", "0.006");
        let options = format!("metric = \"cosine\"\nlearning = {learning}");
        let found = of_kind(&options, rate / 4.0, *all, &data);
        assert!(best / found >= 0.9, "{learning}: distortion {found}, that of k-means {best}");
    }
}

#[test]
fn every_lever_alone_improves_on_a_collapsed_codebook() {
    let all = levers::outcomes();
    let none = &all[0];
    assert!(none.alive < 0.15, "{} alive without any lever", none.alive);
    for one in &all[1..] {
        // Slower codes train four times as long.
        let without = if one.lever.starts_with("slower") { "none, 4 x as long" } else { "none" };
        let without = all.iter().find(|row| row.lever == without).expect("a row");
        let better = one.alive > without.alive
            && one.perplexity > without.perplexity
            && one.distortion < without.distortion;
        assert!(
            better,
            "{}: {} alive, perplexity {}, distortion {}",
            one.lever, one.alive, one.perplexity, one.distortion
        );
    }
}
