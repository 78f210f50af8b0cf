//! Chapter 5: a valley that is 25 times as steep across as along, walked down by plain steps and by Adam's.

use gradbook::{
    autograd::{Graph, ParamStore, Role, Tape, Tensor},
    nn::{Method, Momentum, Optimizer, OptimizerConfig},
};

use crate::plane::{BLUE, GREY, ORANGE, Panel, Svg};

const STEEPNESS: [f64; 2] = [1.0, 25.0];
const STEPS: usize = 40;

/// The way from (−4, 1.5) down ½(a² + 25 b²).
fn way(config: OptimizerConfig) -> Vec<[f64; 2]> {
    let mut store = ParamStore::<f64>::new();
    let place = store.add("place", Tensor::new([2], vec![-4.0, 1.5]), Role::Trainable);
    let mut optimizer = Optimizer::new(config, &store).expect("a legal optimizer");
    let mut way = Vec::new();
    for _ in 0..=STEPS {
        let at = store.get(place).as_slice();
        way.push([at[0], at[1]]);
        let grads = {
            let tape = Tape::new();
            let g = Graph::train(&tape, &store);
            let steepness = tape.constant(Tensor::new([2], STEEPNESS.to_vec()));
            ((g.param(place).square() * steepness).sum_all() * 0.5).backward().params
        };
        optimizer.step(&mut store, &grads);
    }
    way
}

pub fn figure() -> String {
    let mut svg = Svg::new(700.0, 180.0);
    let descent = OptimizerConfig::new(Method::Sgd { momentum: Momentum::default() }, 0.07);
    let ways =
        [("gradient descent, η 0.07", descent, BLUE), ("Adam, η 0.3", OptimizerConfig::adam(0.3), ORANGE)];
    for (i, (name, config, color)) in ways.into_iter().enumerate() {
        let panel = Panel { corner: [10.0 + 345.0 * i as f64, -75.0], side: 330.0, range: 4.8 };
        for level in [0.5, 2.0, 4.5, 8.0, 11.0_f64] {
            let radius = STEEPNESS.map(|s| (2.0 * level / s).sqrt());
            let angle = |k: usize| std::f64::consts::TAU * k as f64 / 90.0;
            let ring = |k: usize| panel.at([radius[0] * angle(k).cos(), radius[1] * angle(k).sin()]);
            svg.path(
                &(0..=90).map(ring).collect::<Vec<_>>(),
                &format!("fill=\"none\" stroke=\"{GREY}\" stroke-opacity=\"0.5\""),
            );
        }
        let way = way(config);
        let end = way[STEPS];
        println!("valley, {name}: {:.3} from the bottom after {STEPS} steps", end[0].hypot(end[1]));
        svg.curve(&way.iter().map(|&p| panel.at(p)).collect::<Vec<_>>(), color, "");
        way.iter().for_each(|&p| svg.circle(panel.at(p), 2.2, color, 1.0));
        svg.text([panel.corner[0] + 165.0, 172.0], "middle", name);
    }
    svg.finish()
}
