//! Two ways to send a gradient g past the jump from z to its code q. Straight-through copies it; the rotation trick
//! (arXiv:2410.06424) turns it with the rotation that takes z to q, so its angle to the vector stays what it was.

use gradbook::autograd::{Graph, ParamStore, Tape, Tensor};
use gradbook::{nn::Scope, vq::QuantizerConfig};

/// The gradient that reaches z `[1, 2]` if the decoder sends back `g`.
fn passed(estimator: &str, z: [f64; 2], q: [f64; 2], g: [f64; 2]) -> Result<Vec<f64>, serde_json::Error> {
    let text = format!(
        r#"{{ "kind": "codebook", "codes": 1, "commitment": 0, "learning": {{ "by": "ema", "estimator": "{estimator}" }} }}"#
    );
    let config: QuantizerConfig = serde_json::from_str(&text)?;
    let mut store = ParamStore::new();
    let quantizer = config.build(2, &mut Scope::new(&mut store, 0)).expect("a sound configuration");
    let book = quantizer.codebooks()[0].codebook;
    book.set_rows(&mut store, &[(0, &q)]);
    let tape = Tape::new();
    let row = |x: [f64; 2]| Tensor::new([1, 2], x.to_vec());
    let z = tape.var(row(z));
    let out = quantizer.quantize(&Graph::train(&tape, &store), z.into());
    Ok(out.values.backward_with(row(g))[z].as_slice().to_vec())
}

/// The angle from `a` to `b`, in degrees.
fn angle(a: &[f64], b: &[f64]) -> f64 {
    (a[0] * b[1] - a[1] * b[0]).atan2(a[0] * b[0] + a[1] * b[1]).to_degrees()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let g = [1.0, 0.0];
    println!("the decoder's gradient is {g:?}\n");
    println!("                         what reaches z                   angle of the gradient to the vector");
    println!(
        "{:<12} {:<12} {:<17} {:<13} {:>8} {:>19} {:>9}",
        "z", "code", "straight-through", "rotation", "at code", "straight-through", "rotation"
    );
    for (z, q) in [([1.0, 0.2], [1.0, 0.0]), ([0.5, 0.5], [0.0, 2.0]), ([-0.3, 1.0], [1.0, 1.0])] {
        let straight = passed("straight_through", z, q, g)?;
        let rotated = passed("rotation", z, q, g)?;
        let text = |x: &[f64]| format!("{:.2}, {:.2}", x[0], x[1]);
        println!(
            "{:<12} {:<12} {:<17} {:<13} {:>7.1}° {:>18.1}° {:>8.1}°",
            text(&z),
            text(&q),
            text(&straight),
            text(&rotated),
            angle(&q, &g),
            angle(&z, &straight),
            angle(&z, &rotated)
        );
        assert_eq!(straight, g);
        assert!((angle(&z, &rotated) - angle(&q, &g)).abs() < 1e-9, "the rotation keeps the angle");
        // And it scales by λ = ‖q‖/‖z‖.
        let (length, scale) = (rotated[0].hypot(rotated[1]), q[0].hypot(q[1]) / z[0].hypot(z[1]));
        assert!((length - scale).abs() < 1e-12);
    }
    Ok(())
}
