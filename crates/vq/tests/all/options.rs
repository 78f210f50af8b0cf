//! Every option of a codebook has a number that someone worked out by hand: change the option, and the number changes in the
//! stated way. Codes and rows are single numbers where that is enough.

use gradbook_autograd::{Graph, Stats, Stream, Tape, Tensor};

use crate::trial::{Built, of};

/// Codes of one channel with these options, at these places.
fn book(codes: &[f64], options: &str) -> Built {
    let mut built = of(&format!("kind = \"codebook\"\ncodes = {}\n{options}", codes.len()), 1);
    set(&mut built, "codes", column(codes));
    if built.0.find("ema.sums").is_some() {
        set(&mut built, "ema.sums", column(codes));
    }
    built
}

pub fn set(built: &mut Built, name: &str, value: Tensor<f64>) {
    let id = built.0.find(name).expect("an entry");
    *built.0.get_mut(id) = value;
}

pub fn get<'b>(built: &'b Built, name: &str) -> &'b [f64] {
    built.0.get(built.0.find(name).expect("an entry")).as_slice()
}

pub fn column(numbers: &[f64]) -> Tensor<f64> {
    Tensor::new([numbers.len(), 1], numbers.to_vec())
}

#[track_caller]
pub fn assert_near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found}, not {expected}");
}

/// A training pass at a step: values, losses by name, statistics.
pub fn pass(built: &Built, z: &Tensor<f64>, step: u64) -> (Vec<f64>, Vec<(String, f64)>, Stats<f64>) {
    let tape = Tape::new();
    let g = Graph::train(&tape, &built.0).with_stream(Stream::new(1, step, 0));
    let found = built.1.quantize(&g, tape.constant(z.clone()).into());
    let losses = found.losses.iter().map(|loss| (loss.name.clone(), loss.value.item())).collect();
    (found.values.value().as_slice().to_vec(), losses, g.take_stats())
}

pub fn loss(built: &Built, z: &[f64], name: &str, step: u64) -> f64 {
    let (_, losses, _) = pass(built, &column(z), step);
    losses.iter().find(|(own, _)| own == name).unwrap_or_else(|| panic!("no {name}: {losses:?}")).1
}

/// Trains on the statistics of these rows; how many codes were respawned.
pub fn learn(built: &mut Built, z: &[f64], step: u64) -> usize {
    let (_, _, stats) = pass(built, &column(z), step);
    built.1.absorb(&mut built.0, &stats, &Stream::new(1, step, 9)).respawned
}

/// ∂⟨u, values⟩/∂z
fn gradient(built: &Built, z: Tensor<f64>, u: Tensor<f64>) -> Vec<f64> {
    let tape = Tape::new();
    let g = Graph::train(&tape, &built.0).with_stream(Stream::new(1, 0, 0));
    let z = tape.var(z);
    let grads = built.1.quantize(&g, z.into()).values.backward_with(u);
    grads[z].as_slice().to_vec()
}

#[test]
fn decay_says_how_much_of_the_old_mean_remains() {
    // N = γ·1 + (1−γ)·1 = 1 and m = γ·0 + (1−γ)·4, so e = (1−γ)·4.
    for (decay, expected) in [(0.9, 0.4), (0.5, 2.0), (0.0, 4.0)] {
        let mut built = book(&[0.0, 10.0], &format!("learning = {{ by = \"ema\", decay = {decay} }}"));
        learn(&mut built, &[4.0], 0);
        assert_near(get(&built, "codes")[0], expected, 1e-4);
        assert_near(get(&built, "ema.counts")[1], decay, 1e-12);
    }
}

#[test]
fn accumulate_collects_batches_before_an_update() {
    let mut built = book(&[0.0, 10.0], "learning = { by = \"ema\", decay = 0.9, accumulate = 2 }");
    learn(&mut built, &[4.0], 0);
    assert_eq!((get(&built, "codes")[0], get(&built, "ema.counts")[0]), (0.0, 1.0), "one batch is not two");
    learn(&mut built, &[3.0], 1);
    // N = 0.9 + 0.1·2, m = 0.1·(4 + 3)
    assert_near(get(&built, "codes")[0], 0.7 / 1.1, 1e-4);
    learn(&mut built, &[4.0], 2);
    assert_near(get(&built, "codes")[0], 0.7 / 1.1, 1e-4);
    assert_eq!(get(&built, "ema.new_sums")[0], 4.0, "the collection begins anew");
}

#[test]
fn rotation_turns_and_stretches_a_gradient_up_to_ten_times() {
    // From z along the first axis to q along the second: R turns by 90°, so Rᵀ(1, 0) = (0, −1), times λ = ‖q‖/‖z‖.
    for (length, stretch) in [(1.0, 2.0), (0.5, 4.0), (0.2, 10.0), (0.1, 10.0), (1e-9, 10.0)] {
        let learning = "learning = { by = \"ema\", estimator = \"rotation\" }";
        let mut built = of(&format!("kind = \"codebook\"\ncodes = 1\n{learning}"), 2);
        set(&mut built, "codes", Tensor::new([1, 2], vec![0.0, 2.0]));
        let row = |x: f64| Tensor::new([1, 2], vec![x, 0.0]);
        let found = gradient(&built, row(length), row(1.0));
        assert_near(found[0], 0.0, 1e-9);
        assert_near(found[1], -stretch, 1e-9);
    }
}

#[test]
fn a_lower_temperature_draws_the_nearest_code_more_often() {
    // A row on code 0, the other at distance 1: drawn with e^(−1/τ)/(1 + e^(−1/τ)).
    for (learning, temperature, expected) in [
        ("by = \"ema\", sample", 1.0, 0.268_941),
        ("by = \"ema\", sample", 0.5, 0.119_203),
        ("by = \"loss\", sample", 0.5, 0.119_203),
        ("by = \"gumbel\", temperature", 1.0, 0.268_941),
        ("by = \"gumbel\", temperature", 0.5, 0.119_203),
    ] {
        let built = book(&[0.0, 1.0], &format!("learning = {{ {learning} = {temperature} }}"));
        let (values, ..) = pass(&built, &column(&[0.0; 20_000]), 3);
        assert_near(values.iter().sum::<f64>() / 20_000.0, expected, 0.01);
    }
}

#[test]
fn the_temperature_of_a_soft_choice_is_the_slope_of_its_gradient() {
    // p = σ((2z − 1)/τ) of the code 1 beside 0, dp/dz = 2p(1 − p)/τ at z = ¼.
    for kind in ["gumbel", "ibq"] {
        for (temperature, expected) in [(1.0, 0.470_007_424), (0.5, 0.786_447_733)] {
            let built =
                book(&[0.0, 1.0], &format!("learning = {{ by = \"{kind}\", temperature = {temperature} }}"));
            assert_near(gradient(&built, column(&[0.25]), column(&[1.0]))[0], expected, 1e-8);
        }
    }
}

#[test]
fn the_variance_of_diveq_turns_its_direction() {
    // z = 0 and q = 1: the noisy direction points the other way where σξ < −1, with probability Φ(−1/σ).
    for (variance, expected) in [(0.0, 0.0), (0.25, 0.022_75), (1.0, 0.158_66)] {
        let built = book(&[1.0], &format!("learning = {{ by = \"diveq\", variance = {variance} }}"));
        let (values, ..) = pass(&built, &column(&[0.0; 20_000]), 3);
        let turned = values.iter().filter(|&&y| y < 0.0).count() as f64 / 20_000.0;
        assert_near(turned, expected, 0.008);
        assert!(values.iter().all(|y| (y.abs() - 1.0).abs() < 1e-6), "the error keeps its size");
    }
}

#[test]
fn noise_keeps_the_size_of_the_error_and_points_anywhere() {
    let built = book(&[1.0], "learning = { by = \"noise\" }");
    let (values, ..) = pass(&built, &column(&[0.0; 20_000]), 3);
    assert_near(values.iter().sum::<f64>() / 20_000.0, 0.0, 0.03);
    assert!(values.iter().all(|y| (y.abs() - 1.0).abs() < 1e-6));
}

#[test]
fn weights_and_their_schedules_are_factors_of_losses() {
    // A row at 3, its code at 1: (3 − 1)² = 4.
    for (weight, step, expected) in [
        ("0.25", 7, 1.0),
        ("0.5", 7, 2.0),
        ("{ value = 0.5, schedule = { kind = \"linear\", end = 0.0, steps = 10 } }", 0, 2.0),
        ("{ value = 0.5, schedule = { kind = \"linear\", end = 0.0, steps = 10 } }", 5, 1.0),
    ] {
        let built = book(&[1.0], &format!("commitment = {weight}"));
        assert_near(loss(&built, &[3.0], "commitment", step), expected, 1e-12);
    }
    for (weight, expected) in [(1.0, 4.0), (2.5, 10.0)] {
        let built = book(&[1.0], &format!("learning = {{ by = \"loss\", weight = {weight} }}"));
        assert_near(loss(&built, &[3.0], "codebook", 0), expected, 1e-12);
    }
    let (_, none, _) = pass(&book(&[1.0], "commitment = 0.0"), &column(&[3.0]), 0);
    assert!(none.is_empty(), "{none:?}");
}

#[test]
fn orthogonality_is_the_mean_squared_cosine_of_pairs() {
    // Codes at 45°: cos² = ½ for two of the four pairs, so 1/4.
    for (weight, expected) in [(1.0, 0.25), (0.2, 0.05)] {
        let text = format!("learning = {{ by = \"loss\", orthogonality = {weight} }}");
        let mut built = of(&format!("kind = \"codebook\"\ncodes = 2\n{text}"), 2);
        set(&mut built, "codes", Tensor::new([2, 2], vec![2.0, 0.0, 3.0, 3.0]));
        let (_, losses, _) = pass(&built, &Tensor::new([1, 2], vec![1.0, 0.0]), 0);
        let found = losses.iter().find(|(name, _)| name == "orthogonality").expect("it is on").1;
        assert_near(found, expected, 1e-12);
    }
}

#[test]
fn diversity_is_the_divergence_of_soft_usage_at_its_temperature() {
    // A row at ¼ between the codes 0 and 1: d² = 1/16 and 9/16, the mean nearest d² is 1/16, so the logits are −1/τ and −9/τ.
    for (options, expected) in [
        ("weight = 1.0, temperature = 1.0", 0.690_128_973),
        ("weight = 1.0, temperature = 4.0", 0.327_813_325),
        ("weight = 0.5, temperature = 4.0", 0.163_906_663),
        ("weight = 1.0, temperature = 4.0, measure = \"entropy\"", -0.365_333_855),
    ] {
        let built = book(&[0.0, 1.0], &format!("diversity = {{ {options} }}"));
        assert_near(loss(&built, &[0.25], "diversity", 0), expected, 1e-8);
        assert_near(loss(&built, &[0.25, 0.25, 0.25], "diversity", 0), expected, 1e-8);
    }
    // One row on each side: usage is even, whatever each row is sure of.
    let built = book(&[0.0, 1.0], "diversity = { weight = 1.0, temperature = 1.0 }");
    assert_near(loss(&built, &[0.25, 0.75], "diversity", 0), 0.0, 1e-12);
}

#[test]
fn codes_start_with_the_deviation_they_are_given() {
    for (init, deviation, most) in [
        ("{ normal = 0.1 }", 0.1, f64::INFINITY),
        ("{ normal = 2.0 }", 2.0, f64::INFINITY),
        ("\"uniform\"", 1.0 / (4000.0 * 3f64.sqrt()), 1.0 / 4000.0), // of ±1/K
    ] {
        let (store, q) = of(&format!("kind = \"codebook\"\ncodes = 4000\ninit = {init}"), 2);
        let codes = q.codebooks()[0].codebook.values(&store);
        let square = codes.as_slice().iter().map(|e| e * e).sum::<f64>() / 8000.0;
        assert_near(square.sqrt() / deviation, 1.0, 0.03);
        assert!(codes.as_slice().iter().all(|e| e.abs() <= most));
    }
}

#[test]
fn the_metric_compares_lengths_or_angles() {
    let codes = Tensor::new([2, 2], vec![10.0, 0.0, 0.6, 0.8]);
    let row = Tensor::new([1, 2], vec![1.0, 0.1]);
    for (metric, expected) in [("l2", [0.6, 0.8]), ("cosine", [1.0, 0.0])] {
        let mut built = of(&format!("kind = \"codebook\"\ncodes = 2\nmetric = \"{metric}\""), 2);
        set(&mut built, "codes", codes.clone());
        let values = built.1.decode(&built.0, &built.1.encode(&built.0, &row));
        assert_eq!(values.as_slice(), expected, "{metric}");
    }
}

#[test]
fn a_least_share_moves_codes_from_thin_places_to_crowded_ones() {
    // Every 16th row lies in [5, 6), the others in [0, 1). The least error has two or three of eight codes for the 400.
    let row = |i: usize| (i as f64 * 0.618_034).fract() + if i.is_multiple_of(16) { 5.0 } else { 0.0 };
    let rows: Vec<f64> = (0..6400).map(row).collect();
    let least = |min_share: f64| {
        let mut built = of(&format!("kind = \"codebook\"\ncodes = 8\nmin_share = {min_share}"), 1);
        built.1.seed(&mut built.0, &column(&rows), &Stream::new(1, 0, 5));
        built.1.encode(&built.0, &column(&rows)).counts(0).into_iter().min().expect("eight codes")
    };
    assert!(least(0.0) <= 250, "{}", least(0.0));
    assert!(least(0.75) >= 380, "one code for all of them: {}", least(0.75));
}
