//! Seconds of audio per second of time: features, resynthesis, resampling, the synthetic corpus.
//! Divan's items are samples: 8,000 of them are a second.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use gradbook_audio::{LogMel, MelParams, Synthetic, resample};

fn main() {
    divan::main();
}

fn clip() -> Vec<f32> {
    Synthetic::default().samples(0)
}

#[divan::bench]
fn log_mel(bencher: Bencher) {
    let (mel, samples) = (LogMel::new(MelParams::default()).expect("defaults are legal"), clip());
    bencher.counter(ItemsCount::new(samples.len())).bench(|| mel.compute(black_box(&samples)));
}

#[divan::bench]
fn griffin_lim_32_iterations(bencher: Bencher) {
    let (mel, samples) = (LogMel::new(MelParams::default()).expect("defaults are legal"), clip());
    let frames = mel.compute(&samples);
    bencher.counter(ItemsCount::new(samples.len())).bench(|| mel.invert(black_box(&frames), 32, 0));
}

#[divan::bench]
fn resample_8_khz_to_44_1(bencher: Bencher) {
    let samples = clip();
    bencher.counter(ItemsCount::new(samples.len())).bench(|| resample(black_box(&samples), 8_000, 44_100));
}

#[divan::bench]
fn synthetic_clip(bencher: Bencher) {
    bencher.counter(ItemsCount::new(clip().len())).bench(clip);
}
