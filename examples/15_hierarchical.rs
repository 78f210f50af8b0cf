//! Two resolutions: a coarse code for every eight places, a fine code for each, given what the coarse one decoded
//! (VQ-VAE-2, arXiv:1906.00446). On sequences with a slow and a quick part that beats one codebook of the same rate.

use gradbook::autograd::{ParamStore, Rng, Stream, Tensor};
use gradbook::nn::{
    Optimizer, OptimizerConfig, Scope, ShardedStep,
    loss::{Reduction, mse},
};
use gradbook::vq::{QuantizerConfig, diagnostics::signal_to_noise};
use ndarray_rand::rand::{Rng as _, SeedableRng};

const LENGTH: usize = 32;

/// `[batch, length, channel]`: levels that hold for eight places, plus a small quick part.
fn sequences(count: usize, seed: u64) -> Tensor<f32> {
    let mut rng = Rng::seed_from_u64(seed);
    let mut out = Vec::new();
    for _ in 0..count * LENGTH / 8 {
        let slow = [(); 2].map(|()| rng.random_range(-4.0..4.0f32));
        for _ in 0..8 {
            out.extend(slow.map(|x| x + if rng.random() { 0.5 } else { -0.5 }));
        }
    }
    Tensor::new([count, LENGTH, 2], out)
}

/// Trains a quantizer to reconstruct sequences; returns its signal-to-noise ratio on new ones.
fn train(config: &str) -> Result<f64, Box<dyn std::error::Error>> {
    let config: QuantizerConfig = serde_json::from_str(config)?;
    let mut store = ParamStore::<f32>::new();
    let quantizer = config.build(2, &mut Scope::new(&mut store, 0))?;
    let rows = |x: Tensor<f32>| x.reshaped([x.shape().size() / 2, 2]);
    quantizer.seed(&mut store, &rows(sequences(256, 1)), &Stream::new(0, 0, 0));
    let mut adam = Optimizer::new(OptimizerConfig::adam(1e-2), &store)?;
    for step in 0..200 {
        let x = sequences(16, 10 + step);
        let result = ShardedStep::new(1, 0).run(&store, step, 16, |g, _| {
            let x = g.tape().constant(x.clone());
            let out = quantizer.quantize(g, x.into());
            let own = out.loss().unwrap_or_else(|| g.tape().constant(Tensor::scalar(0.0)));
            (mse(out.values, x, Reduction::Mean) + own, ())
        });
        adam.step(&mut store, &result.grads);
        quantizer.absorb(&mut store, &result.stats, &Stream::new(0, step, 9));
    }
    let test = rows(sequences(256, 2));
    Ok(signal_to_noise(&test, &quantizer.decode(&store, &quantizer.encode(&store, &test))))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let book = |codes| format!(r#"{{ "kind": "codebook", "codes": {codes} }}"#);
    let small = train(&book(16))?;
    let flat = train(&book(23))?; // log₂ 23 = 4.52
    // A fine code for each place and a coarse one for every eight: 4 + 4/8 bits.
    let both = train(&format!(r#"{{ "kind": "hierarchical", "strides": [8], "quantizer": {} }}"#, book(16)))?;
    println!("one codebook of 16, 4.0 bits a place: {small:5.2} dB");
    println!("one codebook of 23, 4.5 bits a place: {flat:5.2} dB");
    println!("two levels of 16,   4.5 bits a place: {both:5.2} dB");
    assert!(small < flat && flat + 6.0 < both, "at the same rate, less than a quarter of the noise is left");
    Ok(())
}
