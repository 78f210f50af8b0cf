//! Chapter 8: 64 codes from a tiny ball, points far away. Only codes on the rim of the ball are ever the nearest.

use gradbook::{
    autograd::{Stream, Tensor},
    nn::OptimizerConfig,
};

use crate::{
    plane::{Axes, BLUE, GREEN, GREY, ORANGE, Panel, Svg, pairs},
    points::{Codes, ring},
};

const LOSS: &str = r#"{ "kind": "codebook", "codes": 64, "init": "uniform", "learning": { "by": "loss" } }"#;
const EMA: &str = r#"{ "kind": "codebook", "codes": 64, "init": "uniform" }"#;
const RESPAWN: &str = r#"{ "kind": "codebook", "codes": 64, "init": "uniform",
    "respawn": { "every": 20, "below": { "of_mean": 0.1 } } }"#;
const STEPS: u64 = 400;

fn batch(step: u64) -> Tensor<f64> {
    ring(256, 8, 3.0, 0.45, &mut Stream::new(1, step, 0).next_use())
}

fn test() -> Tensor<f64> {
    ring(4000, 8, 3.0, 0.45, &mut Stream::new(2, 0, 0).next_use())
}

fn codes(config: &str) -> Codes {
    Codes::new(config, 2, OptimizerConfig::adam(0.02))
}

/// Cells over time, learned by the loss and by moving averages with respawn.
pub fn figure() -> String {
    let (test, some) = (test(), pairs(&batch(0)));
    let mut svg = Svg::new(760.0, 456.0);
    for (row, (name, config)) in [("by their loss", LOSS), ("with respawn", RESPAWN)].into_iter().enumerate()
    {
        let mut codes = codes(config);
        let mut done = 0;
        for (column, step) in [0, 20, 100, STEPS].into_iter().enumerate() {
            (done..step).for_each(|step| codes.learn(&batch(step)));
            done = step;
            let (usage, error) = codes.usage(&test);
            println!(
                "collapse, {name}, step {step}: {} alive, mean squared distance {error:.3}",
                usage.alive()
            );
            let corner = [10.0 + 188.0 * column as f64, 30.0 + 240.0 * row as f64];
            let panel = Panel { corner, side: 176.0, range: 4.6 };
            panel.title(&mut svg, &format!("{name}, step {step}: {}", usage.alive()));
            panel.points(&mut svg, &some);
            panel.cells(&mut svg, &pairs(codes.codes()), |k| usage.counts.contains_key(&(k as u64)));
        }
    }
    svg.finish()
}

/// How often each code is used in the end, the most used first.
pub fn usage() -> String {
    let mut svg = Svg::new(760.0, 310.0);
    let axes =
        Axes { corner: [60.0, 30.0], size: [500.0, 220.0], x: [0.0, 64.0], y: [0.0, 700.0], log: false };
    let names = ["codes, the most used first", "uses in 4,000 rows"];
    axes.frame(&mut svg, &[0.0, 16.0, 32.0, 48.0, 64.0], &[0.0, 200.0, 400.0, 600.0], names);
    axes.curve(&mut svg, &[[0.0, 62.5], [64.0, 62.5]], GREY, "2 4");
    let all =
        [("by their loss", LOSS, BLUE), ("moving averages", EMA, ORANGE), ("with respawn", RESPAWN, GREEN)];
    for (i, (name, config, color)) in all.into_iter().enumerate() {
        let mut codes = codes(config);
        (0..STEPS).for_each(|step| codes.learn(&batch(step)));
        let (usage, error) = codes.usage(&test());
        let (alive, perplexity) = (usage.alive(), usage.perplexity());
        println!(
            "usage, {name}: {alive} alive, perplexity {perplexity:.1}, mean squared distance {error:.3}"
        );
        let mut sorted = usage.dense();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        let stairs = |(k, &n): (usize, &u64)| [[k as f64, n as f64], [k as f64 + 1.0, n as f64]];
        axes.curve(&mut svg, &sorted.iter().enumerate().flat_map(stairs).collect::<Vec<_>>(), color, "");
        svg.label([430.0, 60.0 + 20.0 * i as f64], color, &format!("{name}: {alive} alive"));
    }
    svg.finish()
}
