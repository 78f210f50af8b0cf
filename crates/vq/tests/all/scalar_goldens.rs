//! Quantizers without a codebook, and SimVQ, against the values and gradients of vector-quantize-pytorch, in f64.

use crate::{
    common::{Case, Goldens, assert_close, permuted},
    trial::{Built, build},
};
use gradbook_autograd::{Graph, Pad, ParamStore, Tape, Tensor};
use gradbook_vq::{
    Quantizer,
    codebook::{CodebookConfig, Weight},
    kinds::{BatchEntropy, Entropy, FsqConfig, LatentConfig, LfqConfig, Space},
};

/// What a training pass gives for the input x and the cotangent dy of a case.
struct Pass {
    y: Tensor<f64>,
    indices: Vec<i64>,
    losses: Vec<(String, f64)>,
    dx: Tensor<f64>,
    /// The gradients of the parameters, in the order of the store.
    dparams: Vec<Option<Tensor<f64>>>,
}

/// Where the gradients of a pass come from.
#[derive(Clone, Copy, PartialEq)]
enum Source {
    /// ⟨dy, y⟩
    Values,
    /// The sum of the losses.
    Losses,
}

fn pass(q: &dyn Quantizer<f64>, store: &ParamStore<f64>, case: &Case, source: Source) -> Pass {
    let tape = Tape::new();
    let g = Graph::train(&tape, store);
    let x = tape.var(case.tensor("x"));
    let leaves: Vec<_> = store.iter().map(|(id, _)| g.param(id)).collect();
    let out = q.quantize(&g, x.into());
    let y = out.values.value();
    let indices = out.codes.column(0).iter().map(|&k| k as i64).collect();
    let losses = out.losses.iter().map(|loss| (loss.name.clone(), loss.value.item())).collect();
    let grads = match source {
        Source::Values => out.values.backward_with(case.tensor("dy")),
        Source::Losses => out.loss().expect("losses").backward(),
    };
    let dparams = leaves.iter().map(|&leaf| grads.get(leaf).cloned()).collect();
    Pass { y, indices, losses, dx: grads[x].clone(), dparams }
}

fn integers(values: &serde_json::Value) -> Vec<u64> {
    values.as_array().expect("a list").iter().map(|l| l.as_u64().expect("a number")).collect()
}

fn scalar(x: f64) -> Tensor<f64> {
    Tensor::scalar(x)
}

#[test]
fn fsq_agrees_in_values_indices_codes_and_gradients() {
    let goldens = Goldens::read("scalar.safetensors");
    let cases: Vec<_> = goldens.iter().filter(|case| case.op == "FSQ").collect();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let levels = integers(&case.params["levels"]);
        let (dim, all) = (levels.len(), levels.iter().product());
        let symmetric = case.params["preserve_symmetry"].as_bool().expect("a flag");
        let (store, q) = build(&FsqConfig { levels, symmetric }.into(), dim);
        let found = pass(&*q, &store, case, Source::Values);
        assert_eq!(found.indices, case.indices("indices"), "{}", case.name);
        assert_close(&case.name, &found.y, &case.tensor("y"));
        assert_close(&case.name, &found.dx, &case.tensor("dx"));
        let codes = q.decode(&store, &gradbook_vq::Codes::single((0..all).collect(), all));
        assert_close(&case.name, &codes, &case.tensor("codes"));
    }
}

fn lfq(case: &Case, batch: BatchEntropy) -> Built {
    let number = |name| case.number(name).expect("a number");
    let space = if case.params["spherical"] == true { Space::Sphere } else { Space::Cube };
    let entropy = Entropy {
        weight: Weight::constant(number("entropy_loss_weight")),
        gamma: number("diversity_gamma"),
        temperature: 1.0 / number("inv_temperature"),
        batch,
    };
    let commitment = Weight::constant(number("commitment_loss_weight"));
    build(&LfqConfig { space, entropy: Some(entropy), commitment }.into(), 4)
}

#[test]
fn lfq_and_bsq_agree_in_values_indices_losses_and_gradients() {
    let goldens = Goldens::read("scalar.safetensors");
    for name in ["lfq", "bsq", "lfq_clamped", "bsq_clamped"] {
        let case = goldens.case(name);
        let (store, q) = lfq(case, BatchEntropy::Exact);
        let found = pass(&*q, &store, case, Source::Values);
        assert_eq!(found.indices, case.indices("indices"), "{name}");
        assert_close(name, &found.y, &case.tensor("y"));
        assert_close(name, &found.dx, &case.tensor("dx"));
        let [(_, commitment), (_, entropy)] = &found.losses[..] else { panic!("two losses") };
        assert_close(name, &scalar(commitment / 0.25), &case.tensor("commitment"));
        // With a cold softmax the library cuts ln p at 10⁻⁵, and the entropies differ.
        if !name.ends_with("clamped") {
            assert_close(name, &scalar(commitment + entropy), &case.tensor("loss"));
            let found = pass(&*q, &store, case, Source::Losses);
            let part = |loss: &str| case.tensor(&format!("dx.{loss}"));
            let entropies = part("per_sample_entropy").zip(&part("batch_entropy"), |s, b| 0.1 * (s - b));
            let expected = entropies.zip(&part("commitment"), |e, c| e + 0.25 * c);
            assert_close(name, &found.dx, &expected);
        }
    }
}

#[test]
fn the_entropy_per_bit_agrees_in_value_and_gradient() {
    let goldens = Goldens::read("scalar.safetensors");
    for name in ["lfq", "bsq"] {
        let case = goldens.case(name);
        let (store, q) = lfq(case, BatchEntropy::PerBit);
        let found = pass(&*q, &store, case, Source::Losses);
        let value = |loss: &str| case.tensor(loss).item();
        let expected = 0.1 * (value("per_sample_entropy") - value("batch_entropy_by_bit"));
        assert_close(name, &scalar(found.losses[1].1), &scalar(expected));
        let part = |loss: &str| case.tensor(&format!("dx.{loss}"));
        let entropies = part("per_sample_entropy").zip(&part("batch_entropy_by_bit"), |s, b| 0.1 * (s - b));
        assert_close(name, &found.dx, &entropies.zip(&part("commitment"), |e, c| e + 0.25 * c));
    }
}

#[test]
fn zero_is_a_minus_bit() {
    let goldens = Goldens::read("scalar.safetensors");
    let case = goldens.case("lfq_zeros");
    let config = LfqConfig { space: Space::Cube, entropy: None, commitment: Weight::constant(0.0) };
    let (store, q) = build(&config.into(), 4);
    let codes = q.encode(&store, &case.tensor("x"));
    assert_eq!(codes.column(0).iter().map(|&k| k as i64).collect::<Vec<_>>(), case.indices("indices"));
    let y = q.decode(&store, &codes);
    assert_close("lfq_zeros", &y.reshaped(*case.tensor("y").shape()), &case.tensor("y"));
}

#[test]
fn latent_quantization_starts_on_the_same_grid() {
    let goldens = Goldens::read("scalar.safetensors");
    for name in ["latent_odd", "latent_even", "latent_mixed"] {
        let case = goldens.case(name);
        let weight = || Weight::constant(0.1);
        let levels = integers(&case.params["levels"]);
        let config = LatentConfig { levels, quantization: weight(), commitment: weight() };
        let (store, q) = build(&config.into(), 3);
        for (c, (_, entry)) in store.iter().enumerate() {
            let values = case.tensor(&format!("values{c}"));
            assert_close(name, &entry.value.reshaped(*values.shape()), &values);
        }
        let codes = q.encode(&store, &permuted(&case.tensor("x"), &[0, 2, 1]));
        assert_eq!(codes.column(0).iter().map(|&k| k as i64).collect::<Vec<_>>(), case.indices("indices"));
        let y = permuted(&case.tensor("y"), &[0, 2, 1]);
        assert_close(name, &q.decode(&store, &codes).reshaped(*y.shape()), &y);
    }
}

#[test]
fn sim_vq_agrees_in_values_indices_loss_and_gradients() {
    let goldens = Goldens::read("estimators.safetensors");
    for (name, estimator) in [("sim_vq", "straight_through"), ("sim_vq_rotation", "rotation")] {
        let case = goldens.case(name);
        let learning = format!(r#"learning = {{ by = "loss", form = "linear", estimator = "{estimator}" }}"#);
        let config: CodebookConfig = toml::from_str(&format!("codes = 9\n{learning}")).expect("a config");
        let (mut store, q) = build(&config.into(), 5);
        // The frozen codes of the fixture have 4 channels: here a fifth is 0, and the matrix has a fifth row of no effect.
        let widened =
            |x: Tensor<f64>, axis: usize| Tape::new().constant(x).pad(axis, 0, 1, Pad::Zero).value();
        let matrix = widened(permuted(&case.tensor("code_transform.weight"), &[1, 0]), 0);
        *store.get_mut(store.find("codes").expect("codes")) = widened(case.tensor("frozen_codebook"), 1);
        *store.get_mut(store.find("matrix").expect("matrix")) = matrix;

        let found = pass(&*q, &store, case, Source::Values);
        assert_eq!(found.indices, case.indices("indices"), "{name}");
        assert_close(name, &found.y, &case.tensor("y"));
        assert_close(name, &found.dx, &case.tensor("dx"));
        assert_close(name, &scalar(found.losses.iter().map(|(_, loss)| loss).sum()), &case.tensor("loss"));
        let found = pass(&*q, &store, case, Source::Losses);
        assert_close(name, &found.dx, &case.tensor("dx.loss"));
        let dmatrix =
            found.dparams.iter().flatten().find(|d| *d.shape() == [5, 5].into()).expect("a gradient");
        let expected = widened(permuted(&case.tensor("dcode_transform.weight.loss"), &[1, 0]), 0);
        assert_close(name, dmatrix, &expected);
    }
}
