//! Where the time goes, as Markdown tables. On a quiet machine:
//!
//! ```sh
//! cargo run --release --example speed -- table            # the figures, twice each
//! cargo run --release --example speed -- table peers.txt  # with ratios to lines `name: median X ms min Y ms`
//! cargo run --release --example speed -- scaling          # time and memory of a step against its sizes
//! cargo run --release --example speed -- threads          # one thread against two
//! perf report … | … speed -- account                      # a step, part by part: see account.rs
//! cargo run --example speed -- bits                       # all bits of a model after two small steps, as one number
//! cargo run --example speed -- work step 2                # works and prints nothing, for profilers; or `search`, `small step`
//! ```

mod account;
mod scaling;
mod table;
#[path = "../../benches/work/mod.rs"]
mod work;

use std::{process::ExitCode, time::Instant};

use work::step::{Setup, Trainer, step};

/// Milliseconds of each of `count` calls, in order of size, after some to warm up.
fn times(count: usize, mut work: impl FnMut()) -> Vec<f64> {
    (0..count.div_ceil(5)).for_each(|_| work());
    let mut all: Vec<f64> = (0..count)
        .map(|_| {
            let start = Instant::now();
            work();
            1e3 * start.elapsed().as_secs_f64()
        })
        .collect();
    all.sort_unstable_by(f64::total_cmp);
    all
}

/// The median of some numbers in order.
fn median(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}

/// `work` in a pool of so many threads.
fn on_threads<R: Send>(count: usize, work: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(count).build().expect("a pool").install(work)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let small = Setup { batch: 4, ..Setup::default() };
    match arguments[..] {
        ["table"] => on_threads(2, || table::print("")),
        ["table", path] => match std::fs::read_to_string(path) {
            Ok(peers) => on_threads(2, || table::print(&peers)),
            Err(error) => return failed(&format!("{path}: {error}")),
        },
        ["scaling"] => on_threads(2, scaling::print),
        ["threads"] => scaling::threads(),
        ["account"] => account::print(std::io::stdin().lines()),
        ["work", what, count] => {
            let Ok(count) = count.parse() else { return failed("how often is a number") };
            let mut work = match what {
                "step" => step(Setup::default()),
                "small step" => step(small),
                "long step" => step(Setup { frames: 256, ..Setup::default() }),
                "search" => work::quantizing::search(1024, 128, 512),
                _ => return failed("the work is `step`, `small step`, `long step` or `search`"),
            };
            (0..count).for_each(|_: usize| work());
        }
        ["bits"] => {
            let mut trainer = Trainer::new(small);
            (0..2).for_each(|_| trainer.step());
            println!("{:016x}", trainer.bits());
        }
        _ => return failed("one of: table [peers.txt], scaling, threads, account, bits, work WHAT COUNT"),
    }
    ExitCode::SUCCESS
}

fn failed(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}
