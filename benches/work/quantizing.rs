//! Searches, k-means, and a quantizer in training.

use gradbook::autograd::{Graph, ParamStore, Rng, Stream, Tape};
use gradbook::nn::Scope;
use gradbook::vq::{
    QuantizerConfig,
    kmeans::{self, Start},
    search::nearest,
};
use ndarray_rand::rand::SeedableRng;
use std::hint::black_box;

use super::{Work, normal};

/// Codebooks by moving averages: one, or several in a residual stack.
pub fn config(codes: usize, levels: usize) -> QuantizerConfig {
    let one = format!(r#"{{ "kind": "codebook", "codes": {codes}, "init": {{ "normal": 0.1 }} }}"#);
    let text = match levels {
        1 => one,
        _ => format!(r#"{{ "kind": "residual", "levels": {levels}, "quantizer": {one} }}"#),
    };
    serde_json::from_str(&text).expect("a sound config")
}

/// The nearest code of each row.
pub fn search(rows: usize, dim: usize, codes: usize) -> Work {
    let (x, codes) = (normal(&[rows, dim], 4), normal(&[codes, dim], 5));
    Box::new(move || _ = black_box(nearest(black_box(&x), black_box(&codes))))
}

/// k-means of 65,536 rows of 64 channels, 512 centers, 10 rounds.
pub fn kmeans() -> Work {
    let x = normal(&[65_536, 64], 4);
    Box::new(move || _ = black_box(kmeans::kmeans(&x, 512, 10, Start::Random, &mut Rng::seed_from_u64(1))))
}

/// Forward and update of a quantizer of 128 channels in training, without a decoder's gradient.
pub fn training(rows: usize, codes: usize, levels: usize) -> Work {
    let mut store = ParamStore::new();
    let q = config(codes, levels).build(128, &mut Scope::new(&mut store, 0)).expect("a sound config");
    let z = normal(&[rows, 128], 9);
    let mut step = 0;
    Box::new(move || {
        let stats = {
            let tape = Tape::new();
            let g = Graph::train(&tape, &store).with_stream(Stream::new(0, step, 0));
            black_box(q.quantize(&g, tape.constant(z.clone()).into()).values.value());
            g.take_stats()
        };
        q.absorb(&mut store, &stats, &Stream::new(0, step, 1));
        step += 1;
    })
}
