//! Quantizers trained with vector-quantize-pytorch answer here as they do there.

use crate::{common::path, trial::build};
use gradbook_autograd::Tensor;
use gradbook_nn::checkpoint::{CheckpointError, Difference};
use gradbook_vq::torch;
use safetensors::SafeTensors;

const VECTOR_QUANTIZE: &str = "kind = \"projected\"\ndim = 3\nquantizer = { kind = \"codebook\", codes = 8 }";
const RESIDUAL_VQ: &str = "kind = \"projected\"\ndim = 5\n[quantizer]\nkind = \"residual\"\nlevels = 4\n\
                           quantizer = { kind = \"codebook\", codes = 8 }";

const COSINE: &str =
    "kind = \"projected\"\ndim = 4\nquantizer = { kind = \"codebook\", codes = 8, metric = \"cosine\" }";
const SHARED: &str = "kind = \"residual\"\nlevels = 3\nsharing = \"shared\"\n\
                      quantizer = { kind = \"codebook\", codes = 8 }";

const RESIDUAL_FSQ: &str = "kind = \"projected\"\ndim = 3\n[quantizer]\nkind = \"residual\"\nlevels = 3\n\
                            quantizer = { kind = \"fsq\", levels = [8, 5, 3], symmetric = true }";
const RESIDUAL_LFQ: &str = "kind = \"projected\"\ndim = 4\n[quantizer]\nkind = \"residual\"\nlevels = 4\n\
                            quantizer = { kind = \"lfq\" }";

/// x, y and indices of a file.
fn answers(file: &str) -> (Tensor<f32>, Vec<f32>, Vec<u64>) {
    let bytes = std::fs::read(path(file)).expect("the golden files are part of the repository");
    let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let numbers = |name: &str| -> Vec<f32> {
        let words = file.tensor(name).expect("a tensor").data().as_chunks().0.to_vec();
        words.into_iter().map(f32::from_le_bytes).collect()
    };
    let indices = file.tensor("indices").expect("a tensor").data().as_chunks().0.to_vec();
    let shape = file.tensor("x").expect("a tensor").shape().to_vec();
    let x = Tensor::new(&shape[..], numbers("x"));
    (x, numbers("y"), indices.into_iter().map(u64::from_le_bytes).collect())
}

#[test]
fn a_loaded_quantizer_gives_the_codes_and_values_it_gave_in_pytorch() {
    for (name, dim, text) in [
        ("vector_quantize", 7, VECTOR_QUANTIZE),
        ("vector_quantize_cosine", 6, COSINE),
        ("residual_vq", 6, RESIDUAL_VQ),
        ("residual_vq_shared", 5, SHARED),
        ("residual_fsq", 6, RESIDUAL_FSQ),
        ("residual_lfq", 6, RESIDUAL_LFQ),
    ] {
        let (mut store, q) = build::<f32>(&toml::from_str(text).expect("a config"), dim);
        torch::load(&path(&format!("{name}.safetensors")), &mut store, "").expect("it fits");
        let (x, y, indices) = answers(&format!("{name}_io.safetensors"));
        let codes = q.encode(&store, &x);
        for slot in 0..codes.slots() {
            let theirs: Vec<u64> = indices.iter().skip(slot).step_by(codes.slots()).copied().collect();
            assert_eq!(codes.column(slot), theirs, "{name}, slot {slot}");
        }
        let ours = q.decode(&store, &codes);
        assert!(ours.as_slice().iter().zip(&y).all(|(a, b)| (a - b).abs() < 1e-5), "{name}: {ours:?}");
    }
}

#[test]
fn a_state_dict_of_another_quantizer_is_refused_with_every_difference() {
    let (mut store, _) = build::<f32>(&toml::from_str(VECTOR_QUANTIZE).expect("a config"), 6);
    let before = format!("{store:?}");
    let error = torch::load(&path("residual_vq.safetensors"), &mut store, "").expect_err("a stack");
    let CheckpointError::Mismatch { differences, .. } = error else { panic!("{error}") };
    assert!(differences.contains(&Difference::Missing("_codebook.embed".into())), "{differences:?}");
    assert!(differences.contains(&Difference::Unexpected("layers.3._codebook.embed".into())));
    assert!(
        differences.iter().any(|d| matches!(d, Difference::Shape { name, .. } if name == "project_in.bias"))
    );
    assert_eq!(format!("{store:?}"), before, "nothing was changed");
}

#[test]
fn levels_that_differ_are_no_shared_codes_and_other_depths_do_not_fit() {
    let refused = |text: &str, file: &str| {
        let (mut store, _) = build::<f32>(&toml::from_str(text).expect("a config"), 6);
        match torch::load(&path(file), &mut store, "").expect_err("it does not fit") {
            CheckpointError::Mismatch { differences, .. } => differences,
            error => panic!("{error}"),
        }
    };
    let shared = RESIDUAL_VQ.replace("levels = 4", "levels = 4\nsharing = \"shared\"");
    let found = refused(&shared, "residual_vq.safetensors");
    assert!(found.contains(&Difference::Unexpected("layers.1._codebook.embed".into())), "{found:?}");
    let found = refused(&RESIDUAL_VQ.replace("levels = 4", "levels = 3"), "residual_vq.safetensors");
    assert_eq!(found, [Difference::Unexpected("layers.3._codebook.embed".into())]);
    let found = refused(&RESIDUAL_VQ.replace("levels = 4", "levels = 5"), "residual_vq.safetensors");
    assert!(found.contains(&Difference::Missing("layers.4._codebook.embed".into())), "{found:?}");
}
