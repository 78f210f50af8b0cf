//! Chapter 12: one gradient at the code, and what each estimator hands to the latents of its cell.

use gradbook::{
    autograd::{Graph, Tape, Tensor},
    nn::OptimizerConfig,
};

use crate::{
    plane::{BLUE, GREY, ORANGE, Panel, Svg, pairs},
    points::Codes,
};

/// What the decoder asks of the code.
const MOVE: [f64; 2] = [0.35, -0.19];

pub fn figure() -> String {
    let places = Tensor::new([5, 2], vec![1.3, 1.1, -1.0, 1.0, -0.4, -0.6, 2.6, -0.9, 0.6, 2.9]);
    let mut svg = Svg::new(700.0, 370.0);
    for (column, (name, estimator)) in
        [("straight-through", "straight_through"), ("rotation trick", "rotation")].into_iter().enumerate()
    {
        let config = format!(
            r#"{{ "kind": "codebook", "codes": 5, "learning": {{ "by": "ema", "estimator": "{estimator}" }} }}"#
        );
        let mut codes = Codes::new(&config, 2, OptimizerConfig::adam(0.01));
        codes.place(&places, &[1.0; 5]);
        let place = |i: usize| 0.4 * i as f64 - 0.3;
        let grid: Vec<f64> = (0..81).flat_map(|i| [place(i % 9), place(i / 9)]).collect();
        let grid = Tensor::new([81, 2], grid);
        let tape = Tape::new();
        let graph = Graph::train(&tape, &codes.store);
        let z = tape.var(grid.clone());
        let found = codes.quantizer.quantize(&graph, z.into());
        // A step against the gradient moves the code by MOVE.
        let g = tape.constant(Tensor::new([1, 2], MOVE.map(|x| -x).to_vec()));
        let gradient = (found.values * g).sum_all().backward()[z].clone();
        let panel = Panel { corner: [10.0 + 345.0 * column as f64, 30.0], side: 330.0, range: 3.2 };
        panel.title(&mut svg, name);
        panel.cells(&mut svg, &pairs(&places), |k| k == 0);
        let arrows = pairs(&grid).into_iter().zip(pairs(&gradient)).zip(found.codes.column(0));
        for ((p, g), _) in arrows.filter(|(_, code)| **code == 0) {
            svg.circle(panel.at(p), 2.2, BLUE, 1.0);
            svg.arrow(panel.at(p), panel.at([p[0] - g[0], p[1] - g[1]]), BLUE);
        }
        let q = [1.3, 1.1];
        svg.arrow(panel.at(q), panel.at([q[0] + MOVE[0], q[1] + MOVE[1]]), ORANGE);
        svg.circle(panel.at([0.0, 0.0]), 2.0, GREY, 1.0);
        let [x, y] = panel.at([0.0, 0.0]);
        svg.text([x - 6.0, y + 14.0], "end", "0");
    }
    svg.finish()
}
