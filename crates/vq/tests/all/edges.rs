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

/// Every option of every kind that holds a number, with numbers it cannot hold; what the sentence names.
const REFUSED: &[(&str, &str)] = &[
    ("codebook codes = 0", "codes"),
    ("codebook codes = 4000000000", "codes"),
    ("codebook codes = 4; init = { normal = -1.0 }", "init.normal"),
    ("codebook codes = 4; init = { normal = 1e300 }", "init.normal"),
    ("codebook codes = 4; commitment = -1", "commitment"),
    ("codebook codes = 4; commitment = nan", "commitment"),
    (
        "codebook codes = 4; commitment = { value = 1.0, schedule = { kind = \"linear\", steps = 0 } }",
        "commitment.schedule.steps",
    ),
    ("codebook codes = 4; learning = { by = \"ema\", decay = 1.0 }", "learning.decay"),
    ("codebook codes = 4; learning = { by = \"ema\", accumulate = 0 }", "learning.accumulate"),
    ("codebook codes = 4; learning = { by = \"ema\", sample = -1.0 }", "learning.sample"),
    ("codebook codes = 4; learning = { by = \"loss\", sample = 0.0 }", "learning.sample"),
    ("codebook codes = 4; learning = { by = \"loss\", weight = -1.0 }", "learning.weight"),
    ("codebook codes = 4; learning = { by = \"loss\", orthogonality = inf }", "learning.orthogonality"),
    ("codebook codes = 4; learning = { by = \"diveq\", variance = -0.1 }", "learning.variance"),
    ("codebook codes = 4; learning = { by = \"gumbel\", temperature = 0.0 }", "learning.temperature"),
    ("codebook codes = 4; learning = { by = \"ibq\", temperature = -1.0 }", "learning.temperature"),
    ("codebook codes = 4; diversity = { weight = -0.1 }", "diversity.weight"),
    ("codebook codes = 4; diversity = { weight = 0.1, temperature = 0.0 }", "diversity.temperature"),
    ("codebook codes = 4; min_share = 1.0", "min_share"),
    ("codebook codes = 4; respawn = { every = 0, below = { hits = 1.0 } }", "respawn.every"),
    ("codebook codes = 4; respawn = { every = 1, below = { hits = -1.0 } }", "respawn.below.hits"),
    ("codebook codes = 4; respawn = { every = 1, below = { of_mean = nan } }", "respawn.below.of_mean"),
    (
        "codebook codes = 4; respawn = { every = 1, below = { hits = 1.0 }, grace = 9000000000000000000 }",
        "respawn.grace",
    ),
    (
        "codebook codes = 4; respawn = { every = 1, below = { hits = 1.0 }, until = 9000000000000000000 }",
        "respawn.until",
    ),
    ("fsq levels = []", "levels"),
    ("fsq levels = [3, 1]", "levels"),
    ("fsq levels = [9000000000000000000, 3]", "levels"),
    ("fsp levels = []", "levels"),
    ("fsp levels = [3, 3]; quantize_rate = 1.5", "quantize_rate"),
    ("fsp levels = [3, 3]; moments = -1", "moments"),
    ("latent levels = [3, 4000000000]", "levels"),
    ("latent levels = [3, 3]; quantization = 0", "quantization"),
    ("latent levels = [3, 3]; commitment = -1", "commitment"),
    ("lfq commitment = -1", "commitment"),
    ("lfq entropy = { weight = -1.0 }", "entropy.weight"),
    ("lfq entropy = { gamma = -1.0 }", "entropy.gamma"),
    ("lfq entropy = { temperature = 0.0 }", "entropy.temperature"),
    ("random_projection codes = 0; width = 1", "codes"),
    ("random_projection codes = 4; width = 0", "width"),
    ("projected dim = 0; quantizer = { kind = \"lfq\" }", "dim"),
    ("projected dim = 4000000000; quantizer = { kind = \"lfq\" }", "dim"),
    ("projected dim = 2; quantizer = { kind = \"lfq\", commitment = -1 }", "quantizer.commitment"),
    ("residual levels = 0; quantizer = { kind = \"lfq\" }", "levels"),
    ("residual levels = 4000000000; quantizer = { kind = \"lfq\" }", "levels"),
    ("residual levels = 2; beam = 0; quantizer = { kind = \"codebook\", codes = 4 }", "beam"),
    ("residual levels = 2; quantizer = { kind = \"lfq\", commitment = -1 }", "quantizer.commitment"),
    ("grouped groups = 0; quantizer = { kind = \"lfq\" }", "groups"),
    ("grouped groups = 3; quantizer = { kind = \"lfq\" }", "groups"),
    ("grouped groups = 2; quantizer = { kind = \"lfq\", commitment = -1 }", "quantizer.commitment"),
    ("heads heads = 0; quantizer = { kind = \"lfq\" }", "heads"),
    ("heads heads = 2; quantizer = { kind = \"lfq\", commitment = -1 }", "quantizer.commitment"),
    ("multi_scale scales = []; quantizer = { kind = \"lfq\" }", "scales"),
    ("multi_scale scales = [0, 1]; quantizer = { kind = \"lfq\" }", "scales"),
    ("multi_scale scales = [2, 2]; quantizer = { kind = \"lfq\" }", "scales"),
    ("multi_scale scales = [4000000000]; quantizer = { kind = \"lfq\" }", "scales"),
    ("multi_scale scales = [1]; quantizer = { kind = \"lfq\", commitment = -1 }", "quantizer.commitment"),
    ("hierarchical strides = []; quantizer = { kind = \"lfq\" }", "strides"),
    ("hierarchical strides = [4, 1]; quantizer = { kind = \"lfq\" }", "strides"),
    ("hierarchical strides = [3, 2]; quantizer = { kind = \"lfq\" }", "strides"),
    ("hierarchical strides = [2]; quantizer = { kind = \"lfq\", commitment = -1 }", "quantizer.commitment"),
];

#[test]
fn every_number_has_a_rule_and_its_error_names_the_option() {
    for (text, wanted) in REFUSED {
        let (kind, options) = text.split_once(' ').expect("a kind and its options");
        let text = format!("kind = \"{kind}\"\n{}", options.replace("; ", "\n"));
        let config: QuantizerConfig = toml::from_str(&text).expect(&text);
        let built = config.build::<f32>(2, &mut Scope::new(&mut ParamStore::new(), 1));
        let error = built.err().unwrap_or_else(|| panic!("{text}: it was built"));
        assert_eq!(error.what, format!("quantizer.{wanted}"), "{text}: {error}");
    }
}

#[test]
fn the_size_of_a_quantizer_counts_its_codes_and_its_soft_choices() {
    let size = |text: &str| toml::from_str::<QuantizerConfig>(text).expect(text).size(8, 100);
    let book = "kind = \"codebook\"\ncodes = 1000";
    assert_eq!(size(book), 1000.0 * 8.0 + 800.0);
    let soft = "\nlearning = { by = \"gumbel\" }";
    assert_eq!(size(&format!("{book}{soft}")), 1000.0 * 108.0 + 800.0);
    assert_eq!(size(&format!("{book}\ndiversity = {{ weight = 0.1 }}")), 1000.0 * 108.0 + 800.0);
    let within = |kind: &str| size(&format!("{kind}\n[quantizer]\n{book}"));
    assert_eq!(within("kind = \"residual\"\nlevels = 3"), 3.0 * 8800.0 + 800.0);
    assert_eq!(within("kind = \"grouped\"\ngroups = 2"), 2.0 * (4000.0 + 400.0));
    assert_eq!(within("kind = \"projected\"\ndim = 2"), 2.0 * 16.0 + 2000.0 + 200.0);
    assert_eq!(size("kind = \"lfq\"\nentropy = { batch = \"exact\" }"), 100.0 * 256.0);
}
