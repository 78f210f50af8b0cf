//! Codes that find their places: an EMA codebook on points in the plane, its Voronoi cells drawn at six moments, as an SVG.

use std::fmt::Write as _;

use gradbook::autograd::{Graph, ParamStore, Rng, Stream, Tape, Tensor};
use gradbook::{nn::Scope, vq::QuantizerConfig};
use ndarray_rand::{
    rand::{Rng as _, SeedableRng},
    rand_distr::{Distribution, StandardNormal},
};

type Point = [f32; 2];

/// Points on a noisy ring, more of them on its right side.
fn ring(count: usize, rng: &mut Rng) -> Tensor<f32> {
    let mut points = Vec::new();
    for _ in 0..count {
        let angle = rng.random_range(-1.8..1.8f32) * rng.random_range(0.3..1.7f32);
        points.extend([angle.cos(), angle.sin()].map(|x| {
            let noise: f32 = StandardNormal.sample(rng);
            0.8 * x + 0.06 * noise
        }));
    }
    Tensor::new([count, 2], points)
}

/// The cell of a code: the square ±1.1, cut by the bisector with every other code.
fn cell(code: Point, codes: &[Point]) -> Vec<Point> {
    let mut cell: Vec<Point> = vec![[-1.1, -1.1], [1.1, -1.1], [1.1, 1.1], [-1.1, 1.1]];
    for other in codes.iter().filter(|other| **other != code) {
        // Inside: (p − middle)·(other − code) ≤ 0.
        let side = |p: Point| {
            (0..2).map(|i| (p[i] - (code[i] + other[i]) / 2.0) * (other[i] - code[i])).sum::<f32>()
        };
        let mut cut = Vec::new();
        for (i, &p) in cell.iter().enumerate() {
            let q = cell[(i + 1) % cell.len()];
            let (a, b) = (side(p), side(q));
            if a <= 0.0 {
                cut.push(p);
            }
            if (a <= 0.0) != (b <= 0.0) {
                cut.push([0, 1].map(|i| p[i] + (q[i] - p[i]) * a / (a - b)));
            }
        }
        cell = cut;
    }
    cell
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = r#"{ "kind": "codebook", "codes": 12, "init": "uniform", "learning": { "by": "ema", "decay": 0.8 },
            "respawn": { "every": 4, "below": { "of_mean": 0.2 }, "grace": 1 } }"#;
    let config: QuantizerConfig = serde_json::from_str(text)?;
    let mut store = ParamStore::<f32>::new();
    let quantizer = config.build(2, &mut Scope::new(&mut store, 0))?;
    let mut rng = Rng::seed_from_u64(1);
    let mut svg =
        String::from("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 720 500' fill='none'>\n");
    let (mut first, mut last) = (0.0, 0.0);
    for step in 0..=60 {
        let x = ring(256, &mut rng);
        let codes = quantizer.codebooks()[0].codebook.values(&store);
        let places: Vec<Point> = codes.as_slice().as_chunks::<2>().0.to_vec();
        let q = quantizer.decode(&store, &quantizer.encode(&store, &x));
        last = x.as_slice().iter().zip(q.as_slice()).map(|(x, q)| (x - q) * (x - q)).sum::<f32>() / 256.0;
        if let Some(frame) = [0, 1, 4, 8, 20, 60].iter().position(|at| *at == step) {
            let (left, top) = (120 + frame % 3 * 240, 120 + frame / 3 * 250);
            writeln!(svg, "<g transform='translate({left} {top}) scale(100)'>")?;
            for &place in &places {
                let corners: Vec<String> =
                    cell(place, &places).iter().map(|p| format!("{:.3},{:.3}", p[0], p[1])).collect();
                writeln!(svg, "<polygon points='{}' stroke='#888' stroke-width='.012'/>", corners.join(" "))?;
            }
            for point in x.as_slice().as_chunks::<2>().0 {
                writeln!(svg, "<circle cx='{:.3}' cy='{:.3}' r='.012' fill='#48c'/>", point[0], point[1])?;
            }
            for place in &places {
                writeln!(svg, "<circle cx='{:.3}' cy='{:.3}' r='.035' fill='#d62'/>", place[0], place[1])?;
            }
            writeln!(
                svg,
                "<text y='1.25' font-size='.12' text-anchor='middle' fill='#888'>{step}</text></g>"
            )?;
            println!("step {step:2}: mean squared distance {last:.4}");
        }
        if step == 0 {
            first = last;
        }
        let stats = {
            let tape = Tape::new();
            let g = Graph::train(&tape, &store).with_stream(Stream::new(0, step, 0));
            quantizer.quantize(&g, tape.constant(x).into());
            g.take_stats()
        };
        quantizer.absorb(&mut store, &stats, &Stream::new(0, step, 1));
    }
    let path = std::env::temp_dir().join("gradbook_voronoi.svg");
    std::fs::write(&path, svg + "</svg>\n")?;
    println!("drawn in {}", path.display());
    assert!(last < first / 8.0, "from one point in the middle to twelve around the ring");
    Ok(())
}
