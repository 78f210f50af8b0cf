//! Chapter 7: sixteen codes before and after learning by moving averages.

use gradbook::{
    autograd::{Stream, Tensor},
    nn::OptimizerConfig,
};

use crate::{
    plane::{Panel, Svg, pairs},
    points::{Codes, moons},
};

fn batch(step: u64) -> Tensor<f64> {
    moons(256, &mut Stream::new(3, step, 0).next_use())
}

pub fn figure() -> String {
    let test = moons(4000, &mut Stream::new(5, 0, 0).next_use());
    let some = pairs(&moons(700, &mut Stream::new(6, 0, 0).next_use()));
    let mut codes = Codes::new(r#"{ "kind": "codebook", "codes": 16 }"#, 2, OptimizerConfig::adam(0.01));
    let mut svg = Svg::new(700.0, 370.0);
    for (column, steps) in [0, 300].into_iter().enumerate() {
        (0..steps).for_each(|step| codes.learn(&batch(step)));
        let (usage, error) = codes.usage(&test);
        println!(
            "voronoi, {steps} batches: {} of 16 alive, perplexity {:.1}, mean squared distance {error:.3}",
            usage.alive(),
            usage.perplexity()
        );
        let panel = Panel { corner: [10.0 + 345.0 * column as f64, 30.0], side: 330.0, range: 2.4 };
        let when = if steps == 0 { "before" } else { "after 300 batches" };
        panel.title(&mut svg, &format!("{when}: {} alive, error {error:.2}", usage.alive()));
        panel.points(&mut svg, &some);
        panel.cells(&mut svg, &pairs(codes.codes()), |k| usage.counts.contains_key(&(k as u64)));
    }
    svg.finish()
}
