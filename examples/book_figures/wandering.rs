//! Chapter 6: a latent between the codes −1 and 1, driven by straight-through and held by the commitment loss.

use crate::plane::{Axes, BLUE, GREY, ORANGE, Svg};

pub fn figure() -> String {
    let mut svg = Svg::new(620.0, 290.0);
    let axes =
        Axes { corner: [60.0, 30.0], size: [420.0, 200.0], x: [0.0, 120.0], y: [-1.2, 1.2], log: false };
    axes.frame(&mut svg, &[0.0, 40.0, 80.0, 120.0], &[-1.0, 0.0, 1.0], ["steps of size 0.05", "z"]);
    axes.curve(&mut svg, &[[0.0, 0.0], [120.0, 0.0]], GREY, "2 4");
    for (beta, color, label) in [(0.25, BLUE, 131.0), (2.0, ORANGE, 72.0)] {
        let (mut z, mut way) = (0.2, Vec::new());
        for step in 0..=120 {
            way.push([f64::from(step), z]);
            let q = if z < 0.0 { -1.0 } else { 1.0 };
            z -= 0.05 * (2.0 * (q - 0.5) + beta * 2.0 * (z - q)); // decoder y ↦ y, target ½
        }
        println!("wandering, β {beta}: z = {z:.3} after 120 steps");
        axes.curve(&mut svg, &way, color, "");
        svg.label([490.0, label], color, &format!("β = {beta}"));
    }
    svg.finish()
}
