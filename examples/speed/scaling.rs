//! How the time and the memory of a training step grow with its sizes.

use gradbook::autograd::{Graph, Tape};

use super::{
    median, on_threads, times,
    work::{
        Work, quantizing,
        step::{Setup, Trainer, step},
    },
};

/// A size, its values, and the setup of a step with that value.
type Sweep = (&'static str, [usize; 4], fn(usize) -> Setup);

const SWEEPS: [Sweep; 6] = [
    ("batch", [8, 16, 32, 64], |batch| Setup { batch, ..Setup::default() }),
    ("frames", [32, 64, 128, 256], |frames| Setup { frames, ..Setup::default() }),
    ("channels", [128, 256, 512, 1024], |width| Setup { width, ..Setup::default() }),
    ("code dimension", [64, 128, 256, 512], |dim| Setup { dim, ..Setup::default() }),
    ("codes", [512, 1024, 2048, 4096], |codes| Setup { codes, ..Setup::default() }),
    ("residual levels", [1, 2, 4, 8], |levels| Setup { levels, ..Setup::default() }),
];

/// The tables: a training step, with the memory of its tape, and a residual quantizer by itself.
pub fn print() {
    println!("| size | values | ms | exponent | MB of tape | exponent |\n|---|---|---|---:|---|---:|");
    for (size, values, setup) in SWEEPS {
        let times = values.map(|value| milliseconds(step(setup(value))));
        let memory = values.map(|value| megabytes(&Trainer::new(setup(value))));
        println!(
            "| {size} | {} | {} | {:.2} | {} | {:.2} |",
            values.map(|value| value.to_string()).join(", "),
            list(&times),
            exponent(&values, &times),
            list(&memory),
            exponent(&values, &memory),
        );
    }
    let levels = [1, 2, 4, 8];
    let times = levels.map(|levels| milliseconds(quantizing::training(4096, 1024, levels)));
    println!(
        "\nResidual quantizer alone, 4,096 × 128, 1,024 codes, 1, 2, 4, 8 levels: {} ms, ",
        list(&times)
    );
    println!(
        "which is {:.2} times eight single ones; exponent {:.2}.",
        times[3] / (8.0 * times[0]),
        exponent(&levels, &times)
    );
}

fn list(numbers: &[f64]) -> String {
    numbers.iter().map(|x| format!("{x:.1}")).collect::<Vec<_>>().join(", ")
}

/// The median time of about three seconds of work.
fn milliseconds(mut work: Work) -> f64 {
    let first = times(1, &mut work)[0];
    median(&times((3000.0 / first).clamp(7.0, 100.0) as usize, work))
}

/// The most that a tape of the whole batch holds: node values and live gradients.
fn megabytes(trainer: &Trainer) -> f64 {
    let tape = Tape::new();
    let graph = Graph::train(&tape, &trainer.store);
    let loss = trainer.loss(&graph, trainer.x.clone());
    loss.backward();
    tape.stats().peak_bytes as f64 / 1e6
}

/// The slope of log y over log x by least squares: y ∝ x^slope.
fn exponent(x: &[usize], y: &[f64]) -> f64 {
    let x: Vec<f64> = x.iter().map(|x| (*x as f64).ln()).collect();
    let y: Vec<f64> = y.iter().map(|y| y.ln()).collect();
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (mx, my) = (mean(&x), mean(&y));
    let covariance: f64 = x.iter().zip(&y).map(|(x, y)| (x - mx) * (y - my)).sum();
    covariance / x.iter().map(|x| (x - mx).powi(2)).sum::<f64>()
}

/// One thread against two, in turns.
pub fn threads() {
    println!("| step | 1 thread | 2 threads | efficiency |\n|---|---:|---:|---:|");
    for (batch, frames) in [(16, 32), (64, 32), (16, 256)] {
        let run = |count| {
            on_threads(count, || {
                let mut trainer = Trainer::new(Setup { batch, frames, ..Setup::default() });
                times(30, || trainer.step())
            })
        };
        let mut all = [Vec::new(), Vec::new()];
        for _ in 0..3 {
            all[0].extend(run(1));
            all[1].extend(run(2));
        }
        all.iter_mut().for_each(|times| times.sort_unstable_by(f64::total_cmp));
        let [one, two] = all.map(|times| median(&times));
        println!("| {batch} × {frames} | {one:.1} ms | {two:.1} ms | {:.0} % |", 50.0 * one / two);
    }
}
