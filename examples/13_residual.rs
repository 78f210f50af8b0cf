//! Rate against distortion: eight levels of a residual quantizer, decoded with the first n of them only.

use gradbook::autograd::{ParamStore, Rng, Stream, Tensor};
use gradbook::nn::{Scope, State};
use gradbook::vq::{QuantizerConfig, diagnostics::signal_to_noise};
use ndarray_rand::{
    rand::SeedableRng,
    rand_distr::{Distribution, StandardNormal},
};

/// Gaussian rows whose channels have deviations 1, ½, ⅓, …
fn rows(count: usize, dim: usize, seed: u64) -> Tensor<f32> {
    let mut rng = Rng::seed_from_u64(seed);
    let normal = |i: usize| -> f32 {
        let x: f32 = StandardNormal.sample(&mut rng);
        x / (1 + i % dim) as f32
    };
    Tensor::new([count, dim], (0..count * dim).map(normal).collect())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let build = |beam: usize, store: &mut ParamStore<f32>| {
        let text = format!(
            r#"{{ "kind": "residual", "levels": 8, "beam": {beam}, "quantizer": {{ "kind": "codebook", "codes": 16 }} }}"#
        );
        let config: QuantizerConfig = serde_json::from_str(&text).expect("a sound configuration");
        config.build(8, &mut Scope::new(store, 0)).expect("a sound configuration")
    };
    let (mut store, test) = (ParamStore::new(), rows(2000, 8, 2));
    let greedy = build(1, &mut store);
    greedy.seed(&mut store, &rows(8000, 8, 1), &Stream::new(0, 0, 0)); // k-means, level by level on what is left

    let codes = greedy.encode(&store, &test);
    println!("levels  bits/row  signal to noise");
    let mut before = 0.0;
    for levels in 1..=8 {
        let q = greedy.decode(&store, &codes.part(0, levels));
        let ratio = signal_to_noise(&test, &q);
        println!("{levels:6} {:9} {ratio:10.2} dB  {}", 4 * levels, "▪".repeat(ratio as usize));
        assert!(ratio > before, "every level helps");
        before = ratio;
    }
    // The same codebooks, but choosing with foresight: eight partial sums are kept per row.
    let mut same = ParamStore::new();
    let beam = build(8, &mut same);
    same.set_state(store.state().into_iter().map(|(_, value)| value).collect());
    let searched = signal_to_noise(&test, &beam.decode(&same, &beam.encode(&same, &test)));
    println!("with a beam of 8: {searched:.2} dB from the same 32 bits");
    assert!(searched > before);
    Ok(())
}
