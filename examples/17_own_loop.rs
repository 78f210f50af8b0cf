//! A VQ-VAE from the parts, without the lab: encoder, quantizer, decoder, and a training loop of your own.

use gradbook::autograd::{Graph, ParamStore, Rng, Stream, Tape, Tensor};
use gradbook::nn::{
    Activation, Layer, Linear, Optimizer, OptimizerConfig, Scope, Sequential, ShardedStep,
    loss::{Reduction, mse},
};
use gradbook::vq::{QuantizerConfig, diagnostics::Usage};
use ndarray_rand::rand::{Rng as _, SeedableRng};

const WIDTH: usize = 24;

/// Windows `[window, sample]` of waves of 40 pitches with random phase.
fn windows(count: usize, seed: u64) -> Tensor<f32> {
    let mut rng = Rng::seed_from_u64(seed);
    let mut out = Vec::new();
    for _ in 0..count {
        let (pitch, phase) = (0.1 + 0.05 * rng.random_range(0..40) as f32, rng.random_range(0.0..6.3));
        out.extend((0..WIDTH).map(|t| (pitch * t as f32 + phase).sin()));
    }
    Tensor::new([count, WIDTH], out)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = r#"{ "kind": "codebook", "codes": 128, "learning": { "by": "ema", "decay": 0.95 },
                    "respawn": { "every": 20, "below": { "of_mean": 0.1 }, "grace": 2 } }"#;
    let config: QuantizerConfig = serde_json::from_str(text)?;

    // All parameters live in the store; layers hold their ids. Names come from the scope.
    let mut store = ParamStore::<f32>::new();
    let mut scope = Scope::new(&mut store, 0);
    let mut linear = |name: &str, from, to| Linear::new(&mut scope.at(name), from, to);
    let encoder = Sequential::new().then(linear("encoder.0", WIDTH, 64)).then(Activation::Gelu).then(linear(
        "encoder.2",
        64,
        8,
    ));
    let decoder = Sequential::new().then(linear("decoder.0", 8, 64)).then(Activation::Gelu).then(linear(
        "decoder.2",
        64,
        WIDTH,
    ));
    let quantizer = config.build(8, &mut scope.at("quantizer"))?;
    let mut adam = Optimizer::new(OptimizerConfig::adam(3e-3), &store)?;
    let sharded = ShardedStep::new(2, 0);

    let test = windows(1024, 1_000_000);
    let evaluate = |store: &ParamStore<f32>| {
        let tape = Tape::new();
        let g = Graph::eval(&tape, store);
        let x = tape.constant(test.clone());
        let out = quantizer.quantize(&g, encoder.forward(&g, x).into());
        let loss = mse(decoder.forward(&g, out.values), x, Reduction::Mean).item();
        (loss, Usage::of(&out.codes, 0))
    };
    println!("step   test MSE   alive   perplexity");
    for step in 0..=600 {
        if step % 100 == 0 {
            let (loss, usage) = evaluate(&store);
            println!("{step:4}   {loss:8.4}   {:5}   {:10.1}", usage.alive(), usage.perplexity());
        }
        let x = windows(64, step);
        let result = sharded.run(&store, step, 64, |g, rows| {
            let part = x.as_slice()[rows.start * WIDTH..rows.end * WIDTH].to_vec();
            let x = g.tape().constant(Tensor::new([rows.len(), WIDTH], part));
            let out = quantizer.quantize(g, encoder.forward(g, x).into());
            let loss = mse(decoder.forward(g, out.values), x, Reduction::Mean);
            (loss + out.loss().expect("a commitment loss"), ())
        });
        adam.step(&mut store, &result.grads);
        // Moving averages and respawn come after the step, from what all shards saw together.
        let absorbed = quantizer.absorb(&mut store, &result.stats, &Stream::new(0, step, 9));
        absorbed.overwritten.iter().for_each(|(id, rows)| adam.reset_rows(*id, rows));
    }
    let (loss, usage) = evaluate(&store);
    assert!(loss < 0.25 && usage.alive() > 64, "half the energy at least, with most of the codes");
    Ok(())
}
