//! Input at the edges: one row, no valid row, one code, one channel, not a number.

use gradbook_autograd::{Graph, ParamStore, Rng, Stream, Tape, Tensor};
use gradbook_nn::Scope;
use gradbook_vq::{
    Codes, QuantizerConfig, SKIPPED,
    codebook::{CodebookConfig, Growth},
    contract::check,
    quantize_masked,
};
use ndarray_rand::rand::SeedableRng;

use crate::trial::{build, normal, probes};

#[test]
fn a_single_row_is_enough_to_seed_to_train_and_to_decode() {
    for config in probes() {
        let dim = config.probe_dim();
        let (mut store, q) = build::<f32>(&config, dim);
        q.seed(&mut store, &normal(&[1, dim], 1), &Stream::new(1, 0, 9));
        for step in 0..3 {
            let stats = {
                let tape = Tape::new();
                let g = Graph::train(&tape, &store).with_stream(Stream::new(1, step, 0));
                let found = q.quantize(&g, tape.constant(normal(&[1, dim], step)).into());
                assert!(found.losses.iter().all(|loss| loss.value.item().is_finite()), "{config:?}");
                g.take_stats()
            };
            q.absorb(&mut store, &stats, &Stream::new(1, step, 9));
        }
        let values = q.decode(&store, &q.encode(&store, &normal(&[1, dim], 4)));
        assert!(values.as_slice().iter().all(|y| y.is_finite()), "{config:?}");
    }
}

#[test]
fn a_mask_without_a_valid_row_gives_zeros_no_code_and_nothing_to_learn() {
    for config in probes() {
        let dim = config.probe_dim();
        let (store, q) = build::<f32>(&config, dim);
        let tape = Tape::new();
        let g = Graph::train(&tape, &store).with_stream(Stream::new(1, 0, 0));
        let z = tape.var(Tensor::filled([1, 4, dim], f32::NAN));
        let found = quantize_masked(&*q, &g, z.into(), &[false; 4]);
        assert_eq!(found.values.value(), Tensor::zeros([1, 4, dim]), "{config:?}");
        assert!(found.losses.is_empty() && g.take_stats().is_empty(), "{config:?}");
        assert!((0..found.codes.slots()).all(|slot| found.codes.column(slot).iter().all(|&k| k == SKIPPED)));
    }
}

#[test]
fn one_code_or_one_channel_keep_the_contract() {
    for (codes, dim) in [(1, 4), (1, 1), (7, 1)] {
        let config = QuantizerConfig::from(CodebookConfig::new(codes));
        check(&config, dim, 3).unwrap_or_else(|violation| panic!("{codes} codes of {dim}: {violation}"));
    }
}

#[test]
fn a_single_code_grows_into_different_ones() {
    let (mut store, q) = build::<f32>(&CodebookConfig::new(1).into(), 1);
    let book = q.codebooks()[0].codebook;
    book.grow(&mut store, 4, Growth::Jitter(0.1), &mut Rng::seed_from_u64(1));
    let mut codes = book.values(&store).as_slice().to_vec();
    codes.sort_by(f32::total_cmp);
    assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "{codes:?}");
}

#[test]
fn latents_that_are_not_numbers_are_no_seeds() {
    for metric in ["l2", "cosine"] {
        let text = format!("kind = \"codebook\"\ncodes = 7\nmetric = \"{metric}\"");
        let (mut store, q) = build::<f32>(&toml::from_str(&text).expect("a config"), 2);
        let mut latents = normal(&[9, 2], 1);
        latents.as_mut_slice()[4] = f32::NAN;
        let seeding = std::panic::AssertUnwindSafe(|| q.seed(&mut store, &latents, &Stream::new(1, 0, 9)));
        let panic = std::panic::catch_unwind(seeding).expect_err("row 2 is not a number");
        let message = panic.downcast_ref::<String>().expect("a sentence");
        assert!(message.contains("row 2 of z is not finite"), "{message}");
    }
}

#[test]
fn a_skipped_row_decodes_to_zero_behind_a_projection_too() {
    let text = "kind = \"residual\"\nlevels = 2\nquantizer = { kind = \"projected\", dim = 3, quantizer = { kind = \"codebook\", codes = 5 } }";
    let (store, q) = build::<f32>(&toml::from_str(text).expect("a config"), 4);
    let codes = Codes::new(vec![vec![1, SKIPPED], vec![SKIPPED, SKIPPED]], vec![5, 5]);
    let values = q.decode(&store, &codes);
    assert_eq!(values.as_slice()[4..], [0.0; 4]);
    assert_eq!(values.as_slice()[..4], q.decode(&store, &codes.part(0, 1)).as_slice()[..4]);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let legal = "kind = \"codebook\"\ncodes = 4\n";
    for setting in [
        "init = { normal = -1.0 }",
        "learning = { by = \"ema\", decay = 1.0 }",
        "learning = { by = \"ema\", accumulate = 0 }",
        "learning = { by = \"loss\", sample = 0.0 }",
        "learning = { by = \"diveq\", variance = -0.1 }",
        "learning = { by = \"gumbel\", temperature = 0.0 }",
        "learning = { by = \"ibq\", temperature = -1.0 }",
        "diversity = { weight = 0.1, temperature = 0.0 }",
        "floor = 1.0",
        "respawn = { every = 0, below = { hits = 1.0 } }",
    ] {
        let config: QuantizerConfig = toml::from_str(&format!("{legal}{setting}")).expect("a config");
        assert!(config.build::<f32>(2, &mut Scope::new(&mut ParamStore::new(), 1)).is_err(), "{setting}");
    }
}
