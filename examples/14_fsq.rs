//! Finite scalar quantization: no codebook to collapse. Every channel is rounded to a few levels, and the product of the
//! levels is the number of codes (arXiv:2309.15505).

use gradbook::autograd::{ParamStore, Rng, Tensor};
use gradbook::nn::Scope;
use gradbook::vq::{QuantizerConfig, diagnostics::Usage};
use ndarray_rand::{
    rand::SeedableRng,
    rand_distr::{Distribution, StandardNormal},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config: QuantizerConfig = serde_json::from_str(r#"{ "kind": "fsq", "levels": [8, 5, 5, 5] }"#)?;
    let mut store = ParamStore::<f32>::new();
    let fsq = config.build(4, &mut Scope::new(&mut store, 0))?;
    println!("{} codes, {} learned numbers", fsq.radices(&store)[0], store.trainable().count());

    let z = Tensor::new([3, 4], vec![0.0, 0.0, 0.0, 0.0, 0.4, -0.7, 1.5, 9.0, -9.0, -9.0, -9.0, -9.0]);
    let codes = fsq.encode(&store, &z);
    let q = fsq.decode(&store, &codes);
    for ((z, q), code) in z.as_slice().chunks(4).zip(q.as_slice().chunks(4)).zip(codes.column(0)) {
        println!("{z:5.1?} → code {code:3} → {q:5.2?}");
    }
    assert_eq!(codes.column(0)[2], 0, "the lowest level of every channel");

    // Untrained, on normal latents, nearly every code is in use at once.
    println!("\ndeviation of z   codes alive   perplexity");
    let mut alive = Vec::new();
    for deviation in [0.3, 1.0, 3.0] {
        let mut rng = Rng::seed_from_u64(1);
        let normal = StandardNormal.sample_iter(&mut rng).take(4 * 20_000).map(|x: f32| deviation * x);
        let usage = Usage::of(&fsq.encode(&store, &Tensor::new([20_000, 4], normal.collect())), 0);
        println!("{deviation:14.1} {:13} {:12.0}", usage.alive(), usage.perplexity());
        alive.push(usage.alive());
    }
    assert_eq!(alive[1], 1000);
    Ok(())
}
