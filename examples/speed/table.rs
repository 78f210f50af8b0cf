//! Our figures beside those of others.

use super::{
    median, times,
    work::{PEERS, ROWS},
};

/// Prints the table; `peers` holds lines `name: median X ms min Y ms`, from one run or several.
pub fn print(peers: &str) {
    println!(
        "| figure | ours, two runs | {} |\n|---|---:{}|",
        PEERS.join(" | "),
        "|---:".repeat(PEERS.len())
    );
    for row in &ROWS {
        // Milliseconds, or microseconds for each operation.
        let (scale, unit) = match row.operations {
            1 => (1.0, "ms"),
            count => (1e3 / count as f64, "µs"),
        };
        let mut runs = [0, 1].map(|_| {
            let mut work = (row.ours)();
            let count = (3000.0 / times(1, &mut work)[0]).clamp(7.0, 200.0) as usize; // about three seconds
            scale * median(&times(count, work))
        });
        runs.sort_unstable_by(f64::total_cmp);
        let theirs = row.peers.map(|name| match lowest_median(peers, name) {
            Some(theirs) => format!("{} ({:.2})", short(theirs), runs[0] / theirs),
            None => "–".to_string(),
        });
        println!(
            "| {} | {} / {} {unit} | {} |",
            row.figure,
            short(runs[0]),
            short(runs[1]),
            theirs.join(" | ")
        );
    }
}

/// The lowest of the medians that a peer printed under a name.
fn lowest_median(peers: &str, name: &str) -> Option<f64> {
    let medians = peers.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?.strip_prefix(": median ")?;
        rest.split(' ').next()?.parse::<f64>().ok()
    });
    medians.reduce(f64::min)
}

/// Three digits.
fn short(x: f64) -> String {
    let digits = if x >= 100.0 { 0 } else { usize::from(x < 10.0) + 1 };
    format!("{x:.digits$}")
}
