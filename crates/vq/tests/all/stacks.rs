//! Stacks of fixed grids: each level is finer than the one before, and none is wasted.

use gradbook_autograd::{Graph, Stream, Tape, Tensor};
use gradbook_nn::ShardedStep;
use gradbook_vq::{Codes, SKIPPED};

use crate::{
    options::{assert_near, pass, set},
    trial::{Built, build, eval, normal, of},
};

/// mean (x − Σ of the first l levels)² for l = 1, 2, …, of what the stack takes apart.
fn errors(built: &Built, x: &Tensor<f64>, z: &Tensor<f64>) -> Vec<f64> {
    let (_, codes) = eval(built, z);
    let error = |levels: usize| {
        let q = built.1.decode(&built.0, &codes.part(0, levels));
        x.zip(&q, |x, q| (x - q) * (x - q)).as_slice().iter().sum::<f64>() / x.as_slice().len() as f64
    };
    (1..=codes.slots()).map(error).collect()
}

fn stack(levels: usize, quantizer: &str, dim: usize) -> Built {
    of(&format!("kind = \"residual\"\nlevels = {levels}\nquantizer = {{ {quantizer} }}"), dim)
}

#[test]
fn bits_of_a_stack_are_the_binary_digits_of_a_number() {
    // 1.3 = 1 + ½ − ¼ + ⅛ − …, so codes are + + − +
    let built = stack(4, "kind = \"lfq\"", 1);
    let (values, codes) = eval(&built, &Tensor::new([2, 1], vec![1.3, -0.2]));
    assert_eq!(values.as_slice(), [1.375, -0.125]);
    let bits: Vec<&[u64]> = (0..4).map(|level| codes.column(level)).collect();
    assert_eq!(bits, [[1, 0], [1, 1], [0, 1], [1, 1]]);
}

#[test]
fn no_level_of_a_grid_is_wasted() {
    let z = normal::<f64>(&[4000, 4], 5);
    let tanh = z.map(f64::tanh);
    // c·tanh(z/c), c = 4/3 for four levels
    let wide = z.map(|z| (z * 0.75).tanh() / 0.75);
    let plain = z.map(|z| (z + (0.5f64 / (1.5 * 1.001)).atanh()).tanh() * 1.5 * 1.001 / 2.0 - 0.25);
    let even = tanh.map(|t| 12f64.sqrt() * 0.5 * t);
    for (quantizer, x, least, last) in [
        ("kind = \"lfq\"", &z, 1.5, 0.03),
        ("kind = \"fsq\", symmetric = true, levels = [4, 4, 4, 4]", &wide, 10.0, 1e-3),
        ("kind = \"fsq\", levels = [4, 4, 4, 4]", &plain, 4.0, 1e-3),
        ("kind = \"fsq\", levels = [5, 5, 5, 5]", &tanh, 15.0, 1e-4),
        ("kind = \"fsp\", levels = [4, 4, 4, 4]", &even, 12.0, 1e-4),
    ] {
        let found = errors(&stack(4, quantizer, 4), x, &z);
        let falls = found.windows(2).all(|pair| pair[0] > least * pair[1]);
        assert!(falls && found[3] < last, "{quantizer}: {found:?}");
    }
}

#[test]
fn a_stack_on_the_sphere_takes_the_normalized_row_apart() {
    let z = normal::<f64>(&[500, 4], 5);
    let unit = Tape::new().constant(z.clone()).l2_normalize(1, 1e-12).value();
    let found = errors(&stack(5, "kind = \"lfq\", space = \"sphere\"", 4), &unit, &z);
    assert!(found.windows(2).all(|pair| pair[0] > 2.0 * pair[1]), "{found:?}");
}

#[test]
fn grids_within_groups_heads_and_stacks_are_refined_too() {
    let z = normal::<f64>(&[500, 4], 6);
    let four = errors(&stack(4, "kind = \"lfq\"", 4), &z, &z);
    for inner in [
        "kind = \"grouped\", groups = 2, quantizer = { kind = \"lfq\" }",
        "kind = \"heads\", heads = 2, quantizer = { kind = \"lfq\" }",
        "kind = \"residual\", levels = 2, quantizer = { kind = \"lfq\" }",
    ] {
        let built = stack(if inner.contains("residual") { 2 } else { 4 }, inner, 4);
        let (values, _) = eval(&built, &z);
        let error = z.zip(&values, |z, q| (z - q) * (z - q)).as_slice().iter().sum::<f64>() / 2000.0;
        assert_near(error, four[3], 1e-12);
    }
}

#[test]
fn shared_levels_of_a_grid_are_refined_as_well() {
    let text = "kind = \"residual\"\nlevels = 3\nsharing = \"shared\"\nquantizer = { kind = \"lfq\" }";
    let (values, _) = eval(&of(text, 1), &Tensor::new([1, 1], vec![1.3]));
    assert_eq!(values.as_slice(), [1.25]);
}

#[test]
fn training_adds_the_noise_of_the_last_level_alone() {
    let z = normal::<f64>(&[2000, 1], 7);
    let x = z.map(|z| 12f64.sqrt() * 0.5 * z.tanh());
    for levels in [1, 2, 3] {
        let built = stack(levels, "kind = \"fsp\", levels = [4]", 1);
        let (values, ..) = pass(&built, &z, 0);
        // Noise is uniform in half a bin to each side; the bins of level l are √12/4^l wide.
        let half = 12f64.sqrt() / 4f64.powi(levels as i32) / 2.0;
        let moved: Vec<f64> = values.iter().zip(x.as_slice()).map(|(y, x)| y - x).collect();
        assert!(moved.iter().all(|d| d.abs() <= half + 1e-9), "{levels} levels");
        let square = moved.iter().map(|d| d * d).sum::<f64>() / 2000.0;
        assert!(square > 0.15 * half * half, "{levels} levels: {square}, {half}");
    }
}

#[test]
fn one_depth_is_drawn_for_a_batch_whatever_its_shards() {
    let text = "kind = \"grouped\"\ngroups = 2\nquantizer = { kind = \"residual\", levels = 4, depth = \"per_batch\", \
                quantizer = { kind = \"codebook\", codes = 5 } }";
    let (store, q) = build::<f64>(&toml::from_str(text).expect("a config"), 4);
    let z = normal::<f64>(&[24, 4], 8);
    let depths = |shards: usize, step: u64| {
        let result = ShardedStep::new(shards, 1).run(&store, step, 24, |g, rows| {
            let z = g
                .tape()
                .constant(Tensor::new([rows.len(), 4], z.as_slice()[rows.start * 4..rows.end * 4].to_vec()));
            let found = q.quantize(g, z.into());
            (found.values.sum_all() * 0.0, found.codes)
        });
        let used = |codes: &Codes, group: usize| {
            (0..4).filter(|l| codes.column(4 * group + l)[0] != SKIPPED).count()
        };
        let all: Vec<usize> =
            result.extras.iter().flat_map(|codes| [used(codes, 0), used(codes, 1)]).collect();
        assert!(all.iter().all(|depth| *depth == all[0]), "{all:?}");
        all[0]
    };
    let drawn: Vec<usize> = (0..40).map(|step| depths(1, step)).collect();
    (0..40).for_each(|step| assert_eq!(depths(8, step), drawn[step as usize]));
    (1..=4).for_each(|depth| assert!(drawn.iter().filter(|d| **d == depth).count() >= 4, "{drawn:?}"));
}

#[test]
fn losses_are_those_of_the_batch_for_any_number_of_shards() {
    let z = normal::<f64>(&[64, 4], 9);
    for text in [
        "kind = \"codebook\"\ncodes = 8\ndiversity = { weight = 1.0, temperature = 0.1 }",
        "kind = \"lfq\"\nentropy = { temperature = 1.0 }",
        "kind = \"lfq\"\nspace = \"sphere\"\nentropy = { temperature = 1.0, batch = \"exact\" }",
        "kind = \"fsp\"\nlevels = [4, 4, 4, 4]",
        "kind = \"residual\"\nlevels = 3\nquantizer = { kind = \"codebook\", codes = 8, diversity = { weight = 1.0 } }",
    ] {
        let (store, q) = build::<f64>(&toml::from_str(text).expect("a config"), 4);
        let found: Vec<f64> = [1, 2, 8, 32]
            .map(|shards| {
                let step = ShardedStep::new(shards, 1).run(&store, 0, 64, |g, rows| {
                    let z = z.as_slice()[rows.start * 4..rows.end * 4].to_vec();
                    let found = q.quantize(g, g.tape().constant(Tensor::new([rows.len(), 4], z)).into());
                    (found.loss().expect("there are losses"), ())
                });
                step.loss
            })
            .to_vec();
        found.iter().for_each(|loss| assert_near(*loss, found[0], 1e-9));
    }
}

#[test]
fn a_hundred_codes_that_do_not_exist_are_refused_with_slot_code_and_radix() {
    for (text, dim, radix) in [
        ("kind = \"fsq\"\nlevels = [3, 3]", 2, 9),
        ("kind = \"lfq\"", 2, 4),
        ("kind = \"fsp\"\nlevels = [3, 3]", 2, 9),
        ("kind = \"latent\"\nlevels = [3, 3]", 2, 9),
        ("kind = \"codebook\"\ncodes = 5", 2, 5),
        ("kind = \"heads\"\nheads = 2\nquantizer = { kind = \"codebook\", codes = 5 }", 2, 5),
        ("kind = \"grouped\"\ngroups = 2\nquantizer = { kind = \"lfq\" }", 2, 2),
        ("kind = \"residual\"\nlevels = 2\nquantizer = { kind = \"lfq\" }", 2, 4),
        ("kind = \"projected\"\ndim = 3\nquantizer = { kind = \"lfq\" }", 2, 8),
    ] {
        let (store, q) = of(text, dim);
        let slots = q.slots();
        let codes = |slots: usize, last: u64| {
            let column = |slot: usize| vec![0, if slot + 1 == slots { last } else { 0 }];
            Codes::new((0..slots).map(column).collect(), vec![1 << 40; slots])
        };
        assert_eq!(q.check_codes(&store, &codes(slots, radix - 1)), Ok(()), "{text}");
        let error = q.check_codes(&store, &codes(slots, radix)).expect_err(text).to_string();
        let sentence = format!("slot {} holds the code {radix} in row 1", slots - 1);
        assert!(error.contains(&sentence) && error.contains(&format!("here {radix}")), "{text}: {error}");
        let error = q.check_codes(&store, &codes(slots + 1, 0)).expect_err(text).to_string();
        assert!(error.contains(&format!("{} columns of codes", slots + 1)), "{error}");
        let decode = std::panic::AssertUnwindSafe(|| q.decode(&store, &codes(slots + 1, 0)));
        assert!(std::panic::catch_unwind(decode).is_err(), "{text}");
        if slots > 1 {
            let uneven = Codes::new((0..slots).map(|slot| vec![0; 2 + slot]).collect(), vec![2; slots]);
            assert!(q.check_codes(&store, &uneven).is_err(), "{text}");
            let fewer = q.check_codes(&store, &codes(slots - 1, 0));
            assert_eq!(fewer.is_ok(), text.contains("residual"), "{text}: the first levels alone");
        }
    }
}

#[test]
fn masked_items_of_several_lengths_see_no_neighbors() {
    // Scales of one place and of all: item 0 has the rows 1 and 3, item 1 the row 8.
    let text = "kind = \"multi_scale\"\nscales = [1]\nquantizer = { kind = \"codebook\", codes = 3 }";
    let mut built = of(text, 1);
    set(&mut built, "scale.codes", Tensor::new([3, 1], vec![2.0, 8.0, -1.0]));
    let tape = Tape::new();
    let g = Graph::train(&tape, &built.0).with_stream(Stream::new(1, 0, 0));
    let z = tape.var(Tensor::new([2, 3, 1], vec![1.0, f64::NAN, 3.0, f64::NAN, 8.0, f64::NAN]));
    let mask = [true, false, true, false, true, false];
    let found = gradbook_vq::quantize_masked(&*built.1, &g, z.into(), &mask);
    // The means are 2 and 8; what is left is −1, 1 and 0, for which −1 is nearest twice, and 2 for 1.
    assert_eq!(found.codes.column(0), [0, 1]);
    assert_eq!(found.codes.column(1), [2, 0, 2]);
    assert_eq!(found.values.value().as_slice(), [1.0, 0.0, 4.0, 0.0, 7.0, 0.0]);
    let grads = found.values.sum_all().backward();
    assert_eq!(grads[z].as_slice(), [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
}
