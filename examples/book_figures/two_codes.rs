//! Chapter 7: a frequent and a rare code on their way, by moving averages and by gradient.

use gradbook::{
    autograd::{Stream, Tensor},
    nn::{Method, Momentum, OptimizerConfig},
};
use ndarray_rand::rand::Rng as _;

use crate::{
    plane::{Axes, BLUE, ORANGE, Svg},
    points::{Codes, normal},
};

const EMA: &str = r#"{ "kind": "codebook", "codes": 2, "learning": { "by": "ema", "decay": 0.98 } }"#;
const LOSS: &str = r#"{ "kind": "codebook", "codes": 2, "learning": { "by": "loss" } }"#;
/// The share of rows of the rare cluster.
const RARE: f64 = 0.05;

/// Rows around (−4, 0), and a few around (4, 0).
fn batch(step: u64) -> Tensor<f64> {
    let mut rng = Stream::new(7, step, 0).next_use();
    let mut row = |_| {
        let center = if rng.random::<f64>() < RARE { 4.0 } else { -4.0 };
        [center + 0.2 * normal(&mut rng), 0.2 * normal(&mut rng)]
    };
    Tensor::new([256, 2], (0..256).flat_map(&mut row).collect())
}

pub fn figure() -> String {
    let mut svg = Svg::new(560.0, 340.0);
    let mut legend = 76.0;
    let axes =
        Axes { corner: [60.0, 30.0], size: [460.0, 250.0], x: [0.0, 400.0], y: [1e-4, 3.0], log: true };
    axes.frame(
        &mut svg,
        &[0.0, 100.0, 200.0, 300.0, 400.0],
        &[1e-4, 1e-3, 1e-2, 0.1, 1.0],
        ["batches", "distance of the code to its cluster"],
    );
    // A gradient step is rate·(n/N) of the way (D = 2), a step of the average 1 − γ: equal for the frequent code.
    let sgd = OptimizerConfig::new(Method::Sgd { momentum: Momentum::default() }, 0.02 / (1.0 - RARE));
    for (name, config, color) in [("moving average", EMA, ORANGE), ("gradient", LOSS, BLUE)] {
        let mut codes = Codes::new(config, 2, sgd.clone());
        codes.place(&Tensor::new([2, 2], vec![-4.0, 2.0, 4.0, 2.0]), &[256.0 * (1.0 - RARE), 256.0 * RARE]);
        let mut paths = [Vec::new(), Vec::new()];
        for step in 0..=400 {
            for (k, path) in paths.iter_mut().enumerate() {
                let [x, y] = [0, 1].map(|c| codes.codes().as_slice()[2 * k + c]);
                path.push([step as f64, (x.abs() - 4.0).hypot(y)]);
            }
            codes.learn(&batch(step));
        }
        for (path, (kind, dash)) in paths.iter().zip([("frequent", ""), ("rare (dashed)", "7 4")]) {
            println!(
                "two codes, {name}, {kind}: distance {:.3} after 100, {:.3} after 400 batches",
                path[100][1], path[400][1]
            );
            axes.curve(&mut svg, path, color, dash);
            svg.label([330.0, legend], color, &format!("{name}, {kind}"));
            legend += 20.0;
        }
    }
    svg.finish()
}
