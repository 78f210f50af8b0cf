//! The mistakes seen in the field, one test each. A test is named after what goes wrong elsewhere and proves that it does
//! not here.

use gradbook_autograd::{Graph, ParamStore, Rng, Stream, Tape, Tensor};
use gradbook_nn::Scope;
use gradbook_vq::{
    GradientRule, Quantizer, QuantizerConfig, SKIPPED, diagnostics::Usage, kmeans::Start, kmeans::kmeans,
    quantize_masked,
};
use ndarray_rand::rand::SeedableRng;

use crate::trial::{Built, build, eval, gradients, normal, of, probes};

fn train_step(built: &mut Built, z: &Tensor<f64>, step: u64) -> gradbook_vq::Absorbed {
    let (store, q) = built;
    let stats = {
        let tape = Tape::new();
        let g = Graph::train(&tape, store).with_stream(Stream::new(1, step, 0));
        q.quantize(&g, tape.constant(z.clone()).into());
        g.take_stats()
    };
    q.absorb(store, &stats, &Stream::new(1, step, 9))
}

fn nonzero(x: &Tensor<f64>) -> bool {
    x.as_slice().iter().any(|x| *x != 0.0)
}

#[test]
fn decode_differs_from_quantize_under_affine_or_rotation_options() {
    for form in ["plain", "linear", "affine"] {
        for estimator in ["straight_through", "rotation"] {
            for metric in ["l2", "cosine"] {
                let learning = format!("{{ by = \"loss\", form = \"{form}\", estimator = \"{estimator}\" }}");
                let text =
                    format!("kind = \"codebook\"\ncodes = 6\nmetric = \"{metric}\"\nlearning = {learning}");
                let mut built = of(&text, 4);
                let ids: Vec<_> = built.0.trainable().collect();
                for (i, id) in ids.into_iter().enumerate() {
                    let shape = *built.0.get(id).shape();
                    *built.0.get_mut(id) = normal(&shape, 40 + i as u64); // so that no form is the identity
                }
                let (values, codes) = eval(&built, &normal(&[9, 4], 3));
                assert_eq!(built.1.decode(&built.0, &codes), values, "{text}");
            }
        }
    }
}

#[test]
fn the_encoder_under_l_levels_gets_the_gradient_l_times() {
    let (z, u) = (normal(&[10, 4], 2), normal(&[10, 4], 3));
    for levels in [1, 2, 5] {
        let text = format!(
            "kind = \"residual\"\nlevels = {levels}\nquantizer = {{ kind = \"codebook\", codes = 6 }}"
        );
        assert_eq!(gradients(&of(&text, 4), &z, &u).0, u);
        let fsq = format!(
            "kind = \"residual\"\nlevels = {levels}\nquantizer = {{ kind = \"fsq\", levels = [3, 3, 4, 4] }}"
        );
        let alone = of("kind = \"fsq\"\nlevels = [3, 3, 4, 4]", 4);
        assert_eq!(gradients(&of(&fsq, 4), &z, &u).0, gradients(&alone, &z, &u).0);
    }
}

#[test]
fn levels_after_the_first_have_no_commitment_gradient() {
    let built = of("kind = \"residual\"\nlevels = 4\nquantizer = { kind = \"codebook\", codes = 6 }", 4);
    let (_, losses) = gradients(&built, &normal(&[10, 4], 2), &normal(&[10, 4], 3));
    let names: Vec<_> = losses.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["0.commitment", "1.commitment", "2.commitment", "3.commitment"]);
    assert!(losses.iter().all(|(_, gradient)| nonzero(gradient)));
}

#[test]
fn the_moving_average_erases_what_an_optimizer_did_to_the_same_codes() {
    for config in probes() {
        let (store, q) = build::<f64>(&config, config.probe_dim());
        for book in q.codebooks() {
            let averaged = book.codebook.per_code().iter().any(|(name, _)| *name == "sums");
            let learned = store.trainable().any(|id| id == book.codebook.parameter());
            assert!(!(averaged && learned), "{config:?}");
        }
    }
}

#[test]
fn a_straight_through_option_changes_no_gradient() {
    let (z, u) = (normal(&[10, 4], 2), normal(&[10, 4], 3));
    let with = |estimator: &str| {
        let learning = format!("{{ by = \"ema\", estimator = \"{estimator}\" }}");
        of(&format!("kind = \"codebook\"\ncodes = 6\nlearning = {learning}"), 4)
    };
    let (plain, turned) = (with("straight_through"), with("rotation"));
    assert_eq!(
        (plain.1.gradient_rule(), turned.1.gradient_rule()),
        (GradientRule::Identity, GradientRule::Rotation)
    );
    assert_eq!(eval(&plain, &z), eval(&turned, &z));
    assert_ne!(gradients(&plain, &z, &u).0, gradients(&turned, &z, &u).0);
}

#[test]
fn learnable_values_never_get_a_gradient() {
    for config in probes() {
        let dim = config.probe_dim();
        let (mut store, q) = build(&config, dim);
        let mut waiting: Vec<_> = store.trainable().collect();
        for step in 0..8 {
            let grads = {
                let tape = Tape::new();
                let g = Graph::train(&tape, &store).with_stream(Stream::new(1, step, 0));
                let z = tape.var(normal(&[20, dim], step));
                let found = q.quantize(&g, z.into());
                let start = (found.values * tape.constant(normal(&[20, dim], 90))).mean_all();
                found.losses.iter().fold(start, |sum, loss| sum + loss.value).backward().params
            };
            waiting.retain(|id| !grads.get(*id).is_some_and(nonzero));
            // As in training: at its start a hierarchy passes the decoder's gradient by its coarse levels.
            for (id, gradient) in grads {
                store.get_mut(id).zip_assign(&gradient, |w, g| w - 0.1 * g);
            }
        }
        assert!(waiting.is_empty(), "{config:?}");
    }
}

#[test]
fn masks_crash_behind_a_projection_or_measure_the_loss_against_other_rows() {
    for config in probes() {
        let dim = config.probe_dim();
        let (store, q) = build(&config, dim);
        let run = |rows: Tensor<f64>, mask: &[bool]| {
            let tape = Tape::new();
            let g = Graph::train(&tape, &store);
            let found = quantize_masked(&*q, &g, tape.constant(rows).into(), mask);
            let losses: Vec<f64> = found.losses.iter().map(|loss| loss.value.item()).collect();
            (losses, found.codes.column(0).to_vec())
        };
        let valid = normal(&[6, dim], 4);
        let padding = vec![1e9; dim];
        let (losses, codes) = run(valid.clone(), &[true; 6]);
        let padded = Tensor::new([7, dim], [valid.as_slice(), &padding].concat());
        let (with_padding, padded_codes) = run(padded, &[true, true, true, true, true, true, false]);
        assert_eq!(losses, with_padding, "{config:?}");
        if q.rowwise() {
            assert_eq!((&padded_codes[..6], padded_codes[6]), (&codes[..], SKIPPED));
        } else {
            assert_eq!(padded_codes, codes, "codes of a sequence are those of its valid rows");
        }
    }
}

#[test]
fn evaluation_adds_noise_or_moves_buffers() {
    for config in probes() {
        let built = build(&config, config.probe_dim());
        let (z, before) = (normal(&[9, config.probe_dim()], 5), format!("{:?}", built.0));
        assert_eq!(eval(&built, &z), eval(&built, &z), "{config:?}");
        assert_eq!(format!("{:?}", built.0), before);
    }
}

#[test]
fn k_means_leaves_zero_codes() {
    for rows in [1, 3, 20] {
        let x = normal::<f64>(&[rows, 3], 6);
        let found = kmeans(&x, 16, 10, Start::PlusPlus, &mut Rng::seed_from_u64(1));
        assert!(found.centers.as_slice().chunks(3).all(|code| code.iter().any(|x| *x != 0.0)));
        assert!(found.inertia.windows(2).all(|w| w[1] <= w[0] + 1e-9), "{:?}", found.inertia);
    }
}

#[test]
fn the_first_moving_average_wrecks_the_seeding() {
    // Codes at the means of their rows stay there, whatever their counts are.
    let mut built = of("kind = \"codebook\"\ncodes = 5\nlearning = { by = \"ema\", decay = 0.8 }", 3);
    let z = normal(&[60, 3], 7);
    (0..5).for_each(|step| _ = train_step(&mut built, &z, step)); // so that counts are not 1
    built.1.seed(&mut built.0, &z, &Stream::new(1, 0, 5));
    let seeded = built.1.codebooks()[0].codebook.values(&built.0);
    train_step(&mut built, &z, 5);
    let after = built.1.codebooks()[0].codebook.values(&built.0);
    let moved = seeded.zip(&after, |a, b| (a - b).abs()).as_slice().iter().fold(0.0, |a: f64, b| a.max(*b));
    assert!(moved < 1e-2, "a code moved by {moved}");
}

#[test]
fn diversity_is_averaged_over_the_batch_but_not_over_the_length() {
    let text = "kind = \"codebook\"\ncodes = 6\ndiversity = { weight = 1.0 }";
    let (store, q) = of(text, 4);
    let loss = |shape: &[usize]| {
        let tape = Tape::new();
        let g = Graph::train(&tape, &store);
        let z = tape.constant(normal(&[12, 4], 8).reshaped(gradbook_autograd::Shape::new(shape)));
        let found = q.quantize(&g, z.into());
        let loss = found.losses.iter().find(|loss| loss.name == "diversity").expect("it is switched on");
        loss.value.item()
    };
    assert_eq!(loss(&[12, 4]), loss(&[3, 4, 4]));
    assert_eq!(loss(&[12, 4]), loss(&[1, 12, 4]));
}

#[test]
fn revived_codes_are_overwritten_by_the_moving_average_of_the_same_step() {
    let text = "kind = \"codebook\"\ncodes = 8\nrespawn = { every = 1, below = { hits = 1.0 } }";
    let mut built = of(text, 3);
    let z = normal(&[30, 3], 9).map(|x| 5.0 + 0.1 * x);
    let changed = train_step(&mut built, &z, 0);
    assert!(changed.respawned > 0);
    let book = &built.1.codebooks()[0];
    let codes = book.codebook.values(&built.0);
    let rows: Vec<&[f64]> = z.as_slice().chunks(3).collect();
    let mut taken = Vec::new();
    for &code in &changed.overwritten[0].1 {
        let row = rows.iter().position(|row| *row == &codes.as_slice()[code * 3..code * 3 + 3]);
        taken.push(row.expect("a respawned code is a row of the batch"));
    }
    taken.sort_unstable();
    taken.dedup();
    assert_eq!(taken.len(), changed.respawned, "no two codes come back on the same row");
}

#[test]
fn usage_is_measured_from_training_buffers() {
    let mut built = of("kind = \"codebook\"\ncodes = 8", 3);
    built.1.seed(&mut built.0, &normal(&[80, 3], 10), &Stream::new(1, 0, 5));
    let one_row = normal(&[1, 3], 11);
    let before = Usage::of(&eval(&built, &one_row).1, 0);
    train_step(&mut built, &normal(&[80, 3], 12), 0); // many codes are used in training
    let after = Usage::of(&eval(&built, &one_row).1, 0);
    assert_eq!((before.alive(), after.alive(), after.perplexity()), (1, 1, 1.0));
}

#[test]
fn codebooks_beside_quantizers_without_one_are_told_the_wrong_slots() {
    let part = |text: &str, place: &str, store: &mut ParamStore<f64>| {
        let config: QuantizerConfig = toml::from_str(text).expect("a config");
        config.build(4, &mut Scope::new(store, 1).at(place)).expect("a legal config")
    };
    let store = &mut ParamStore::new();
    let first =
        part("kind = \"grouped\"\ngroups = 2\nquantizer = { kind = \"fsq\", levels = [3, 3] }", "a", store);
    let second = part("kind = \"codebook\"\ncodes = 7", "b", store);
    let stack = gradbook_vq::combine::Residual::new(vec![first, second], Default::default());
    assert_eq!(stack.radices(store), [9, 9, 7]);
    assert_eq!((stack.slots(), stack.codebooks()[0].slots.clone()), (3, 2..3));
}
