//! The last legal number of each option and the first illegal one, and what quantizers need of memory.

use gradbook_autograd::ParamStore;
use gradbook_nn::Scope;
use gradbook_vq::QuantizerConfig;

fn config(text: &str) -> QuantizerConfig {
    let (kind, options) = text.split_once(' ').expect("a kind and its options");
    let text = format!("kind = \"{kind}\"\n{}", options.replace("; ", "\n"));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn the_last_number_is_legal_and_the_next_is_not() {
    let inner = "quantizer = { kind = \"codebook\", codes = 2 }";
    for (text, last, next) in [
        ("codebook codes = {}", "2147483648", "2147483649"),
        ("codebook codes = 2; init = { normal = {} }", "1e15", "1.1e15"),
        ("random_projection codes = {}; width = 1", "2147483648", "2147483649"),
        ("residual levels = {}; QUANTIZER", "1024", "1025"),
        ("residual levels = 2; beam = {}; QUANTIZER", "1024", "1025"),
        ("projected dim = {}; QUANTIZER", "65536", "65537"),
        ("multi_scale scales = [{}]; QUANTIZER", "65536", "65537"),
        ("hierarchical strides = [{}]; QUANTIZER", "2", "1"),
        ("hierarchical strides = [{}, 3]; QUANTIZER", "6", "3"),
        ("hierarchical strides = [{}, 3]; QUANTIZER", "9", "10"),
        ("fsq levels = [4611686018427387904, {}]", "2", "3"),
        ("fsq levels = [{}]", "2", "1"),
        ("latent levels = [{}]", "16777216", "16777217"),
        ("latent levels = [2]; quantization = {}", "1e-9", "0.0"),
        ("lfq commitment = {}", "0.0", "-1e-9"),
    ] {
        let with = |number: &str| config(&text.replace("{}", number).replace("QUANTIZER", inner)).check();
        assert_eq!(with(last), Ok(()), "{text} with {last}");
        assert!(with(next).is_err(), "{text} with {next}");
    }
    let scales = |count: usize| {
        let scales: Vec<usize> = (1..=count).collect();
        config(&format!("multi_scale scales = {scales:?}; {inner}")).check().is_ok()
    };
    assert_eq!((scales(1023), scales(1024)), (true, false), "with the whole length they are 1,024");
}

#[test]
fn the_last_number_of_channels_is_legal_and_the_next_is_not() {
    for (text, last, next) in [
        ("lfq commitment = 0.0", 63, 64),
        ("lfq commitment = 0.0", 1, 0),
        ("lfq entropy = { batch = \"exact\" }", 12, 13),
        ("lfq entropy = { batch = \"per_bit\" }", 63, 64),
        ("random_projection codes = 4; width = 3", 3, 2),
        ("random_projection codes = 4; width = 3; centered = true", 4, 3),
        ("codebook codes = 2", 1, 0),
        ("grouped groups = 2; quantizer = { kind = \"codebook\", codes = 2 }", 4, 5),
        ("heads heads = 2; quantizer = { kind = \"codebook\", codes = 2 }", 4, 5),
        ("fsq levels = [3, 3]", 2, 3),
    ] {
        let built = |dim: usize| config(text).build::<f64>(dim, &mut Scope::new(&mut ParamStore::new(), 1));
        assert!(built(last).is_ok(), "{text} of {last} channels");
        assert!(built(next).is_err(), "{text} of {next} channels");
    }
}

#[test]
fn the_size_of_a_quantizer_is_that_of_its_parts() {
    let size = |text: &str| config(text).size(8, 100);
    // 1,000 codes of w channels and R rows of them: 1000w + Rw; a soft choice adds a number for each row and code.
    let inner = "quantizer = { kind = \"codebook\", codes = 1000 }";
    assert_eq!(size("codebook codes = 1000; learning = { by = \"ema\", sample = 1.0 }"), 108_800.0);
    assert_eq!(size("codebook codes = 1000; learning = { by = \"loss\", sample = 1.0 }"), 108_800.0);
    assert_eq!(size("codebook codes = 1000; learning = { by = \"ibq\" }"), 108_800.0);
    assert_eq!(size("codebook codes = 1000; learning = { by = \"loss\" }"), 8800.0);
    assert_eq!(size("codebook codes = 1000; learning = { by = \"diveq\" }"), 8800.0);
    assert_eq!(size("codebook codes = 1000; learning = { by = \"noise\" }"), 8800.0);
    assert_eq!(size(&format!("heads heads = 2; {inner}")), 1000.0 * 4.0 + 200.0 * 4.0);
    assert_eq!(size(&format!("residual levels = 3; beam = 4; {inner}")), 3.0 * 8800.0 + 4.0 * 800.0);
    assert_eq!(size(&format!("multi_scale scales = [1, 2]; {inner}")), 3.0 * 8800.0);
    assert_eq!(size(&format!("hierarchical strides = [2]; {inner}")), 2.0 * (8800.0 + 4.0 * 64.0));
    assert_eq!(size("latent levels = [3, 5]"), 8.0 + 800.0);
    assert_eq!(size("random_projection codes = 10; width = 3"), 10.0 * 11.0 + 2.0 * 24.0 + 800.0);
    assert_eq!((size("fsq levels = [3]"), size("lfq commitment = 0.0")), (800.0, 800.0));
    let exact = config("lfq entropy = { batch = \"exact\" }");
    assert_eq!((exact.size(10, 3), exact.size(40, 3)), (3.0 * 1024.0, 3.0 * 4096.0));
}
