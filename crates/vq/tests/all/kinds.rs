//! What the kinds without goldens promise: where gradients go, and what noise does.

use gradbook_autograd::{Graph, Stream, Tape, Tensor, Var};
use gradbook_vq::Codes;

use crate::trial::{normal, of};

fn assert_near(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance, "got {got}, expected {expected}");
}

#[test]
fn learned_scalars_move_by_the_quantization_loss_and_decoding_follows_them() {
    let (mut store, q) = of("kind = \"latent\"\nlevels = [3, 4]\nquantization = 0.7", 2);
    let z = normal(&[6, 2], 1);
    let codes = q.encode(&store, &z);
    let id = store.find("values.0").expect("values");
    let gradient = {
        let tape = Tape::new();
        let g = Graph::train(&tape, &store);
        let values = g.param(id);
        let out = q.quantize(&g, tape.constant(z.clone()).into());
        out.loss().expect("losses").backward()[values].clone()
    };
    for level in 0..3 {
        let value = store.get(id).as_slice()[level];
        let chosen = (0..6).filter(|&row| codes.column(0)[row] % 3 == level as u64);
        let pull: f64 = chosen.map(|row| value - z.as_slice()[2 * row]).sum();
        assert_near(gradient.as_slice()[level], 0.7 * 2.0 * pull / 12.0, 1e-12);
    }
    *store.get_mut(id) = Tensor::new([3, 1], vec![-3.0, 0.25, 3.0]);
    let y = q.decode(&store, &Codes::single(vec![1, 2 + 3 * 3], 12));
    assert_eq!(y.as_slice(), [0.25, -0.5, 3.0, 0.25]);
}

#[test]
fn learned_scalars_are_seeded_where_the_latents_are() {
    let (mut store, q) = of("kind = \"latent\"\nlevels = [2]", 1);
    q.seed(&mut store, &Tensor::new([4, 1], vec![5.0, 5.2, 9.0, 9.2]), &Stream::new(0, 0, 0));
    let mut values = store.get(store.find("values.0").expect("values")).as_slice().to_vec();
    values.sort_by(f64::total_cmp);
    assert_near(values[0], 5.1, 1e-12);
    assert_near(values[1], 9.1, 1e-12);
}

const CDFS: [&str; 4] = ["tanh", "sigmoid", "normal", "laplace"];

#[test]
fn perturbation_stays_within_half_a_bin_and_has_the_gradient_of_the_cdf() {
    let root = 12f64.sqrt();
    for cdf in CDFS {
        let text = format!("kind = \"fsp\"\nlevels = [4, 4]\ncdf = \"{cdf}\"\nmoments = 0.0");
        let (store, q) = of(&text, 2);
        // p by asking a quantizer of very many bins.
        let (fine_store, fine) = of(&text.replace("[4, 4]", "[1073741824, 1073741824]"), 2);
        let p =
            |z: &Tensor<f64>| fine.decode(&fine_store, &fine.encode(&fine_store, z)).map(|y| y / root + 0.5);
        let z = normal(&[40, 2], 1);
        let tape = Tape::new();
        let g = Graph::train(&tape, &store);
        let x = tape.var(z.clone());
        let out = q.quantize(&g, x.into());
        let (y, dz) = (out.values.value(), out.values.sum_all().backward()[x].clone());
        let (at, step) = (p(&z), 1e-3);
        let (up, down) = (p(&z.map(|z| z + step)), p(&z.map(|z| z - step)));
        for i in 0..80 {
            let value = y.as_slice()[i] / root + 0.5;
            assert!(0.0 < value && value < 1.0 && (value - at.as_slice()[i]).abs() <= 0.125 + 1e-8, "{cdf}");
            let slope = root * (up.as_slice()[i] - down.as_slice()[i]) / (2.0 * step);
            assert_near(dz.as_slice()[i], slope, 1e-3); // Laplace has a kink at 0
        }
        assert_eq!(out.codes, q.encode(&store, &z), "noise does not touch the codes");
    }
}

#[test]
fn a_quantize_rate_of_one_gives_the_middle_of_the_bin_in_training_too() {
    let (store, q) = of("kind = \"fsp\"\nlevels = [4, 5]\nquantize_rate = 1.0", 2);
    let tape = Tape::new();
    let out = q.quantize(&Graph::train(&tape, &store), tape.constant(normal(&[20, 2], 1)).into());
    assert_eq!(out.values.value(), q.decode(&store, &out.codes));
}

#[test]
fn the_moment_loss_is_zero_for_the_moments_of_the_cdf_alone() {
    let pi2 = std::f64::consts::PI.powi(2);
    for (cdf, variance) in CDFS.iter().zip([pi2 / 12.0, pi2 / 3.0, 1.0, 2.0]) {
        let (store, q) = of(&format!("kind = \"fsp\"\nlevels = [4]\ncdf = \"{cdf}\""), 1);
        let loss = |mean: f64, deviation: f64| {
            let tape = Tape::new();
            let z: Var<f64> = tape.constant(Tensor::new([2, 1], vec![mean - deviation, mean + deviation]));
            q.quantize(&Graph::train(&tape, &store), z.into()).losses[0].value.item()
        };
        let deviation = f64::sqrt(variance);
        assert_near(loss(0.0, deviation), 0.0, 1e-12);
        assert_near(loss(0.5, deviation), 0.1 * 0.25, 1e-12);
        assert_near(loss(0.0, 0.0), 0.07 * variance * variance, 1e-12);
    }
}

#[test]
fn a_random_projection_centered_sees_no_offset_and_trains_nothing() {
    let (store, q) = of("kind = \"random_projection\"\ncodes = 32\nwidth = 4\ncentered = true", 9);
    let z = normal(&[50, 9], 1);
    let codes = q.encode(&store, &z);
    assert_eq!(q.encode(&store, &z.map(|z| 3.0 * z + 7.0)), codes);
    assert_eq!(q.encode(&store, &q.decode(&store, &codes)), codes);
    assert!(store.trainable().next().is_none());
}

#[test]
fn sixty_three_bits_are_one_exact_index() {
    let (store, q) = of("kind = \"lfq\"", 63);
    let z = Tensor::build([2, 63], |out| {
        (0..126).for_each(|i| out[i] = if i >= 62 { 1.0 } else { -1.0 });
    });
    let codes = q.encode(&store, &z);
    assert_eq!(codes.column(0), [1, (1 << 63) - 1]);
    assert_eq!(q.decode(&store, &codes), z);
}

#[test]
#[should_panic(expected = "lfq: row 1 of z is too large or not a number")]
fn a_row_that_is_not_a_number_is_named() {
    let (store, q) = of("kind = \"lfq\"", 2);
    q.encode(&store, &Tensor::new([2, 2], vec![1.0, 1.0, f64::NAN, 1.0]));
}
