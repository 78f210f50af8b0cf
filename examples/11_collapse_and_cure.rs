//! Collapse in the plane, and what cures it: 32 codes start in a tiny ball in the middle of 32 clouds.

use gradbook::autograd::{ParamStore, Rng, Stream, Tensor};
use gradbook::nn::{Optimizer, OptimizerConfig, Scope, ShardedStep};
use gradbook::vq::{QuantizerConfig, diagnostics::Usage};
use ndarray_rand::{
    rand::{Rng as _, SeedableRng},
    rand_distr::{Distribution, StandardNormal},
};

const CODES: usize = 32;

/// Rows of 2 channels: clouds on a circle of radius 10.
fn clouds(count: usize, seed: u64) -> Tensor<f32> {
    let mut rng = Rng::seed_from_u64(seed);
    let mut points = Vec::new();
    for _ in 0..count {
        let angle = rng.random_range(0..CODES) as f32 * std::f32::consts::TAU / CODES as f32;
        points.extend([angle.cos(), angle.sin()].map(|x| {
            let noise: f32 = StandardNormal.sample(&mut rng);
            10.0 * x + 0.2 * noise
        }));
    }
    Tensor::new([count, 2], points)
}

/// Trains a codebook for 300 steps of 128 rows; returns codes alive, perplexity and the mean squared distance on new rows.
fn train(options: &str, seeded: bool) -> Result<(usize, f64, f64), Box<dyn std::error::Error>> {
    let text = format!(r#"{{ "kind": "codebook", "codes": {CODES}, "init": "uniform", {options} }}"#);
    let config: QuantizerConfig = serde_json::from_str(&text)?;
    let mut store = ParamStore::<f32>::new();
    let quantizer = config.build(2, &mut Scope::new(&mut store, 0))?;
    if seeded {
        quantizer.seed(&mut store, &clouds(2048, 1), &Stream::new(0, 0, 0));
    }
    let mut adam = Optimizer::new(OptimizerConfig::adam(0.02), &store)?;
    for step in 0..300 {
        let x = clouds(128, 100 + step);
        let result = ShardedStep::new(1, 0).run(&store, step, 128, |g, _| {
            let out = quantizer.quantize(g, g.tape().constant(x.clone()).into());
            (out.loss().unwrap_or_else(|| out.values.sum_all() * 0.0), ())
        });
        adam.step(&mut store, &result.grads);
        let absorbed = quantizer.absorb(&mut store, &result.stats, &Stream::new(0, step, 9));
        absorbed.overwritten.iter().for_each(|(id, rows)| adam.reset_rows(*id, rows));
    }
    let x = clouds(4096, 2);
    let codes = quantizer.encode(&store, &x);
    let q = quantizer.decode(&store, &codes);
    let error: f32 = x.as_slice().iter().zip(q.as_slice()).map(|(x, q)| (x - q) * (x - q)).sum();
    let usage = Usage::of(&codes, 0);
    Ok((usage.alive(), usage.perplexity(), f64::from(error) / 4096.0))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let respawn = r#""respawn": { "every": 10, "below": { "of_mean": 0.1 }, "grace": 2 }"#;
    let (loss, ema) = (r#""learning": { "by": "loss" }"#, r#""learning": { "by": "ema", "decay": 0.9 }"#);
    let recipes = [
        ("learned by its loss", loss.to_owned(), false),
        ("moving averages", ema.to_owned(), false),
        ("loss + respawn", format!("{loss}, {respawn}"), false),
        ("averages + respawn", format!("{ema}, {respawn}"), false),
        ("k-means seeding", ema.to_owned(), true),
    ];
    println!("{:<20} {:>5} {:>10} {:>9}", "", "alive", "perplexity", "distance²");
    let mut alive = Vec::new();
    for (name, options, seeded) in recipes {
        let (living, perplexity, distance) = train(&options, seeded)?;
        println!("{name:<20} {living:>5} {perplexity:>10.1} {distance:>9.3}");
        alive.push(living);
    }
    assert!(alive[0] < CODES / 2, "the plain codebook collapses");
    assert!(alive[3] > CODES * 8 / 10 && alive[4] > CODES * 8 / 10, "and both cures work");
    Ok(())
}
