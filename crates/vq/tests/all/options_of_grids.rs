//! Every option of the quantizers without a codebook has a number that someone worked out by hand.

use std::f64::consts::LN_2;

use gradbook_autograd::Tensor;

use crate::{
    options::{assert_near, column, loss, pass},
    trial::{eval, of},
};

#[test]
fn the_entropy_of_bits_by_its_weight_gamma_and_temperature() {
    // Rows ±½, logits ±4·½/τ: H(σ(2)) = 0.365334 for each, ln 2 = 0.693147 for their mean.
    for (options, expected) in [
        ("weight = 1.0, gamma = 1.0, temperature = 1.0", 0.365_333_855 - LN_2),
        ("weight = 0.1, gamma = 1.0, temperature = 1.0", 0.036_533_386 - 0.069_314_718),
        ("weight = 1.0, gamma = 0.0, temperature = 1.0", 0.365_333_855),
        ("weight = 1.0, gamma = 0.5, temperature = 1.0", 0.365_333_855 - 0.346_573_590),
        ("weight = 1.0, gamma = 0.0, temperature = 2.0", 0.582_203_109),
    ] {
        let built = of(&format!("kind = \"lfq\"\nentropy = {{ {options} }}"), 1);
        assert_near(loss(&built, &[0.5, -0.5], "entropy", 0), expected, 1e-8);
    }
}

#[test]
fn the_exact_entropy_of_a_batch_sees_that_bits_go_together() {
    // Rows (½, ½) and (−½, −½): each bit is even on average, but the codes +− and −+ are rare.
    for (batch, expected) in [("per_bit", 1.386_294_361), ("exact", 1.207_086_853)] {
        let text =
            format!("kind = \"lfq\"\nentropy = {{ weight = 1.0, temperature = 1.0, batch = \"{batch}\" }}");
        let (_, losses, _) = pass(&of(&text, 2), &Tensor::new([2, 2], vec![0.5, 0.5, -0.5, -0.5]), 0);
        let found = losses.iter().find(|(name, _)| name == "entropy").expect("it is on").1;
        assert_near(found, 0.730_667_710 - expected, 1e-8);
    }
}

#[test]
fn commitments_of_grids_are_weighted_mean_squares() {
    for (weight, expected) in [(0.25, 0.0625), (1.0, 0.25)] {
        let built = of(&format!("kind = \"lfq\"\ncommitment = {weight}"), 1);
        assert_near(loss(&built, &[1.5, -0.5], "commitment", 0), expected, 1e-12); // ½² each
    }
    for (quantization, commitment) in [(0.1, 0.2), (0.3, 0.4)] {
        let text = format!(
            "kind = \"latent\"\nlevels = [3]\nquantization = {quantization}\ncommitment = {commitment}"
        );
        let built = of(&text, 1);
        assert_near(loss(&built, &[0.4], "quantization", 0), 0.01 * quantization, 1e-12); // ½ − 0.4
        assert_near(loss(&built, &[0.4], "commitment", 0), 0.01 * commitment, 1e-12);
    }
}

#[test]
fn the_sphere_has_codes_of_length_one() {
    let z = Tensor::new([1, 4], vec![3.0, -1.0, 2.0, -2.0]);
    for (space, size) in [("cube", 1.0), ("sphere", 0.5)] {
        let (values, _) = eval(&of(&format!("kind = \"lfq\"\nspace = \"{space}\""), 4), &z);
        assert_eq!(values.as_slice(), [size, -size, size, -size]);
    }
}

#[test]
fn levels_and_symmetry_say_where_a_grid_has_its_values() {
    let lowest_and_zero = |text: &str| {
        let (values, _) = eval(&of(&format!("kind = \"fsq\"\n{text}"), 1), &column(&[-9.0, 0.0, 9.0]));
        values.as_slice().to_vec()
    };
    assert_eq!(lowest_and_zero("levels = [5]"), [-1.0, 0.0, 1.0]);
    assert_eq!(lowest_and_zero("levels = [4]"), [-1.0, 0.0, 0.5]);
    let symmetric = lowest_and_zero("levels = [4]\nsymmetric = true");
    symmetric.iter().zip([-1.0, 1.0 / 3.0, 1.0]).for_each(|(y, expected)| assert_near(*y, expected, 1e-12));
}

#[test]
fn the_moments_of_latents_are_drawn_to_those_of_the_distribution() {
    // Rows ±1: mean 0, variance 1. Rows 1 and 3: mean 2, variance 1.
    let pi2 = std::f64::consts::PI.powi(2);
    for (cdf, aim) in [("normal", 1.0), ("tanh", pi2 / 12.0), ("sigmoid", pi2 / 3.0), ("laplace", 2.0)] {
        let built = |weight: f64| {
            of(&format!("kind = \"fsp\"\nlevels = [4]\ncdf = \"{cdf}\"\nmoments = {weight}"), 1)
        };
        let spread = 0.07 * (1.0 - aim) * (1.0 - aim);
        assert_near(loss(&built(1.0), &[1.0, -1.0], "moments", 0), spread, 1e-12);
        assert_near(loss(&built(1.0), &[1.0, 3.0], "moments", 0), 0.4 + spread, 1e-12);
        assert_near(loss(&built(0.5), &[1.0, 3.0], "moments", 0), 0.2 + 0.5 * spread, 1e-12);
    }
}

#[test]
fn distribution_functions_cut_where_their_quartiles_are() {
    // Four bins: the border between the third and the fourth is where F is ¾.
    for (cdf, quartile) in
        [("normal", 0.674_49), ("tanh", 0.549_31), ("sigmoid", 1.098_61), ("laplace", LN_2)]
    {
        let built = of(&format!("kind = \"fsp\"\nlevels = [4]\ncdf = \"{cdf}\""), 1);
        let rows = [quartile - 1e-4, quartile + 1e-4, -quartile - 1e-4, -quartile + 1e-4];
        assert_eq!(eval(&built, &column(&rows)).1.column(0), [2, 3, 0, 1], "{cdf}");
    }
}

#[test]
fn the_quantize_rate_is_the_share_of_numbers_that_training_rounds() {
    for rate in [0.0, 0.3, 1.0] {
        let built = of(&format!("kind = \"fsp\"\nlevels = [4]\nquantize_rate = {rate}"), 1);
        let (values, ..) = pass(&built, &column(&[0.1; 10_000]), 2);
        let (at_rest, _) = eval(&built, &column(&[0.1]));
        let rounded = values.iter().filter(|&&y| (y - at_rest.item()).abs() < 1e-12).count() as f64;
        assert_near(rounded / 10_000.0, rate, 0.015);
        // The others move within half a bin of √12/4 to each side.
        let x = 12f64.sqrt() * 0.5 * 0.1f64.tanh();
        let half = 12f64.sqrt() / 8.0;
        assert!(values.iter().all(|y| (y - x).abs() <= half + 1e-12 || (y - at_rest.item()).abs() < 1e-12));
    }
}
