//! Chapter 10: what bits buy — residual levels, with and without a beam, groups, and the limit for a Gaussian source.

use gradbook::{
    autograd::{Stream, Tensor},
    nn::OptimizerConfig,
    vq::diagnostics::{principal_axes, signal_to_noise},
};

use crate::{
    plane::{Axes, BLUE, GREEN, GREY, ORANGE, Svg},
    points::{Codes, normal},
};

const DIM: usize = 8;
const LEVELS: usize = 8;
/// log₂ of the codes of a level or group.
const BITS: f64 = 4.0;

/// Normal rows whose channels c and d have the covariance 0.9^|c−d|.
fn rows(count: usize, seed: u64) -> Tensor<f64> {
    let mut rng = Stream::new(seed, 0, 0).next_use();
    let mut all = Vec::new();
    for _ in 0..count {
        let mut x = normal(&mut rng);
        for _ in 0..DIM {
            all.push(x);
            x = 0.9 * x + (1.0 - 0.81_f64).sqrt() * normal(&mut rng);
        }
    }
    Tensor::new([count, DIM], all)
}

fn seeded(config: &str) -> Codes {
    let mut codes = Codes::new(config, DIM, OptimizerConfig::adam(0.01));
    codes.quantizer.seed(&mut codes.store, &rows(8000, 1), &Stream::new(9, 0, 0));
    codes
}

/// Bits per row and decibels after each level.
fn residual(beam: usize, test: &Tensor<f64>) -> Vec<[f64; 2]> {
    let snr = |levels: usize| {
        let level = r#"{ "kind": "codebook", "codes": 16 }"#;
        let config =
            format!(r#"{{ "kind": "residual", "levels": {levels}, "beam": {beam}, "quantizer": {level} }}"#);
        let stack = seeded(&config);
        let codes = stack.quantizer.encode(&stack.store, test);
        signal_to_noise(test, &stack.quantizer.decode(&stack.store, &codes))
    };
    (1..=LEVELS).map(|levels| [BITS * levels as f64, snr(levels)]).collect()
}

fn grouped(test: &Tensor<f64>) -> Vec<[f64; 2]> {
    let snr = |groups: usize| {
        let part = r#"{ "kind": "codebook", "codes": 16 }"#;
        let all = seeded(&format!(r#"{{ "kind": "grouped", "groups": {groups}, "quantizer": {part} }}"#));
        let codes = all.quantizer.encode(&all.store, test);
        signal_to_noise(test, &all.quantizer.decode(&all.store, &codes))
    };
    [1, 2, 4, 8].map(|groups| [BITS * groups as f64, snr(groups)]).to_vec()
}

/// Reverse water-filling: with the level θ the error is Σ min(θ, λ) and the rate Σ ½ log₂⁺(λ/θ) over the variances λ.
fn limit() -> Vec<[f64; 2]> {
    let (variances, _) = principal_axes(&rows(40_000, 3));
    let total: f64 = variances.iter().sum();
    let at = |theta: f64| {
        let error: f64 = variances.iter().map(|v| v.min(theta)).sum();
        let bits: f64 = variances.iter().map(|v| 0.5 * (v / theta).log2().max(0.0)).sum();
        [bits, 10.0 * (total / error).log10()]
    };
    (0..400).map(|i| at(variances[0] * 0.98_f64.powi(i))).take_while(|[bits, _]| *bits <= 33.0).collect()
}

pub fn figure() -> String {
    let test = rows(2000, 2);
    let mut svg = Svg::new(700.0, 390.0);
    let axes =
        Axes { corner: [60.0, 30.0], size: [500.0, 300.0], x: [0.0, 33.0], y: [0.0, 27.0], log: false };
    axes.frame(
        &mut svg,
        &[0.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0, 28.0, 32.0],
        &[0.0, 6.0, 12.0, 18.0, 24.0],
        ["bits per row", "signal-to-noise, decibels"],
    );
    axes.curve(&mut svg, &limit(), GREY, "6 4");
    let curves = [
        ("residual, beam of 8", residual(8, &test), GREEN),
        ("residual, greedy", residual(1, &test), ORANGE),
        ("grouped", grouped(&test), BLUE),
    ];
    for (name, curve, color) in &curves {
        println!(
            "rate–distortion, {name}: {}",
            curve.iter().map(|[b, s]| format!("{b}: {s:.1} ")).collect::<String>()
        );
        axes.curve(&mut svg, curve, color, "");
        curve.iter().for_each(|&p| svg.circle(axes.at(p), 3.0, color, 1.0));
        let [x, y] = axes.at(curve[curve.len() - 1]);
        svg.label([x + 10.0, y + 4.0], color, name);
    }
    let [x, y] = axes.at(limit()[limit().len() - 1]);
    svg.label([x + 4.0, y + 4.0], GREY, "limit");
    svg.finish()
}
