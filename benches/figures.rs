//! The figures by which Gradbook is compared with its peers, on two threads, and the speed of a trained model:
//! `cargo bench --bench figures -- step`. For a table with ratios see `examples/speed`.

mod work;

use divan::{Bencher, black_box, counter::ItemsCount};
use gradbook::audio::{LogMel, SYNTHETIC_RATE, Standardization, Synthetic};
use gradbook::autograd::ParamStore;
use gradbook::lab::{Model, Recipe, Trained};

use work::{ROWS, Row};

fn main() {
    rayon::ThreadPoolBuilder::new().num_threads(2).build_global().expect("the pool is built once");
    divan::main();
}

#[divan::bench(args = &ROWS, sample_count = 20)]
fn figure(bencher: Bencher, row: &Row) {
    let mut ours = (row.ours)();
    bencher.counter(ItemsCount::new(row.operations)).bench_local(|| rayon::scope(|_| ours()));
}

/// Ten seconds of sound to codes, from the samples: divan's items are milliseconds of audio.
#[divan::bench]
fn encode_ten_seconds(bencher: Bencher) {
    let recipe = Recipe::built_in("ema").expect("a built-in recipe");
    let mut store = ParamStore::new();
    let mel = LogMel::new(recipe.data.mel.fitted(SYNTHETIC_RATE)).expect("sound parameters");
    let quantizer = recipe.quantizer.as_ref();
    let model = Model::new(&recipe.model, quantizer, mel.params().mels, &mut store, 0).expect("it fits");
    let rate = mel.params().sample_rate as usize;
    let standardization = Standardization { mean: -8.0, deviation: 4.0 };
    let trained = Trained { recipe, model, store, step: 1, mel, standardization };
    let samples: Vec<f32> = Synthetic::default().samples(0).into_iter().cycle().take(10 * rate).collect();
    bencher
        .counter(ItemsCount::new(10_000usize))
        .bench_local(|| trained.encode(&trained.frames(black_box(&samples))).expect("codes"));
}
