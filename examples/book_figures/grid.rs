//! Chapter 11: the fixed cells of FSQ and the cells of sixteen learned codes, on the same points.

use gradbook::{
    autograd::{Stream, Tensor},
    nn::OptimizerConfig,
};

use crate::{
    plane::{GREY, ORANGE, Panel, RED, Svg, pairs},
    points::{Codes, moons},
};

pub fn figure() -> String {
    let test = moons(4000, &mut Stream::new(5, 0, 0).next_use());
    let points = pairs(&test);
    let mut svg = Svg::new(700.0, 370.0);
    let panel = |column: f64| Panel { corner: [10.0 + 345.0 * column, 30.0], side: 330.0, range: 2.4 };

    let fsq = r#"{ "kind": "fsq", "levels": [4, 4], "symmetric": true }"#;
    let fsq = Codes::new(fsq, 2, OptimizerConfig::adam(0.01));
    let (usage, _) = fsq.usage(&test);
    let left = panel(0.0);
    // 3·(tanh z + 1)/2 is rounded: the borders are where tanh z = −2/3, 0, 2/3.
    for border in [-2.0_f64 / 3.0, 0.0, 2.0 / 3.0].map(f64::atanh) {
        for line in [[[border, -2.4], [border, 2.4]], [[-2.4, border], [2.4, border]]] {
            let style = format!("fill=\"none\" stroke=\"{GREY}\" stroke-width=\"0.7\"");
            svg.path(&line.map(|p| left.at(p)), &style);
        }
    }
    left.points(&mut svg, &points[..700]);
    // One place in each cell gives all sixteen values; they lie evenly, whatever the points are.
    let inside = [-2.0, -0.3, 0.3, 2.0];
    let places = Tensor::new([16, 2], (0..16).flat_map(|i| [inside[i % 4], inside[i / 4]]).collect());
    let codes = fsq.quantizer.encode(&fsq.store, &places);
    let values = pairs(&fsq.quantizer.decode(&fsq.store, &codes));
    for (value, code) in values.into_iter().zip(codes.column(0)) {
        let (radius, color) = if usage.counts.contains_key(code) { (4.0, ORANGE) } else { (2.5, RED) };
        svg.circle(left.at(value), radius, color, 1.0);
    }
    left.title(&mut svg, &format!("FSQ, 4 × 4 levels: perplexity {:.1}", usage.perplexity()));

    let respawn = r#"{ "every": 20, "below": { "of_mean": 0.1 } }"#;
    let config = format!(r#"{{ "kind": "codebook", "codes": 16, "respawn": {respawn} }}"#);
    let mut learned = Codes::new(&config, 2, OptimizerConfig::adam(0.01));
    (0..300).for_each(|step| learned.learn(&moons(256, &mut Stream::new(3, step, 0).next_use())));
    let (own, _) = learned.usage(&test);
    let right = panel(1.0);
    right.points(&mut svg, &points[..700]);
    right.cells(&mut svg, &pairs(learned.codes()), |k| own.counts.contains_key(&(k as u64)));
    right.title(&mut svg, &format!("16 learned codes: perplexity {:.1}", own.perplexity()));
    println!(
        "grid: FSQ {} alive, perplexity {:.1}; learned {} alive, perplexity {:.1}",
        usage.alive(),
        usage.perplexity(),
        own.alive(),
        own.perplexity()
    );
    svg.finish()
}
