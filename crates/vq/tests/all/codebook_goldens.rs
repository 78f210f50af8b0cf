//! Projections, estimators and learned codebooks against vector-quantize-pytorch; what the files hold is in
//! `goldens/README.md`.

use crate::built::{Built, assert_indices, check_projection, set_projection, sum};
use crate::common::{Goldens, assert_close, permuted};
use gradbook_autograd::Tensor;
use gradbook_vq::Quantized;

#[test]
fn a_projection_agrees_in_values_gradients_and_state() {
    let goldens = Goldens::read("ema.safetensors");
    let case = goldens.case("projection");
    let text = "kind = \"projected\"\ndim = 3\n[quantizer]\nkind = \"codebook\"\ncodes = 8\n\
                learning = { by = \"ema\", decay = 0.8 }";
    let mut built = Built::new(7, text);
    built.start("", case.tensor("embed0"));
    set_projection(&mut built, case);
    let x = case.tensor("x");
    let pass = built.values(&x, &case.tensor("dy"));
    assert_close("y", &pass.y, &case.tensor("y"));
    assert_indices("projection", &pass.codes, case.indices("indices"));
    assert_close("dx", &pass.dx, &case.tensor("dx"));
    check_projection(&built, &pass, case, "", 1.0);
    let pass = built.pass(&x, None, sum);
    assert_close("loss", &Tensor::scalar(pass.losses[0]), &case.tensor("loss"));
    assert_close("dx.loss", &pass.dx, &case.tensor("dx.loss"));
    check_projection(&built, &pass, case, ".loss", 1.0);
    built.absorb(&pass.stats);
    for (ours, theirs) in [("ema.counts", "cluster_size"), ("ema.sums", "embed_avg"), ("codes", "embed")] {
        assert_close(theirs, built.get(ours), &case.tensor(theirs));
    }
}

#[test]
fn estimators_and_learned_codes_agree() {
    let goldens = Goldens::read("estimators.safetensors");
    let by_loss = |estimator: &str| format!("{{ by = \"loss\", estimator = \"{estimator}\" }}");
    for (name, learning) in [
        ("straight_through", by_loss("straight_through")),
        ("rotation", by_loss("rotation")),
        ("learnable", by_loss("straight_through")),
        ("learnable_rotation", by_loss("rotation")),
        ("diveq", "{ by = \"diveq\", variance = 0.0 }".to_owned()),
    ] {
        let case = goldens.case(name);
        let mut built = Built::new(
            5,
            &format!("kind = \"codebook\"\ncodes = 8\ncommitment = 1.0\nlearning = {learning}"),
        );
        built.set("codes", case.tensor("embed"));
        let x = case.tensor("x");
        let pass = built.values(&x, &case.tensor("dy"));
        assert_indices(name, &pass.codes, case.indices("indices"));
        assert_close(name, &pass.y, &case.tensor("y"));
        assert_close(name, &pass.dx, &case.tensor("dx"));
        if let Some(dembed) = case.get("dembed") {
            assert_close(name, &built.gradient(&pass, "codes"), &dembed);
        }
        // Their one loss with nothing detached is our commitment for the encoder and our codebook loss for the codes.
        let Some(loss) = case.get("commitment") else { continue };
        assert_close(name, &Tensor::scalar(pass.losses[0]), &loss);
        let commitment = built.pass(&x, None, |found| found.losses[0].value);
        assert_close(name, &commitment.dx, &case.tensor("dx.commitment"));
        if let Some(dembed) = case.get("dembed.commitment") {
            let codebook = built.pass(&x, None, |found| found.losses[1].value);
            assert_close(name, &built.gradient(&codebook, "codes"), &dembed);
        }
    }
}

#[test]
fn the_orthogonality_loss_agrees() {
    let goldens = Goldens::read("estimators.safetensors");
    let case = goldens.case("orthogonal");
    let mut built = Built::new(
        5,
        "kind = \"codebook\"\ncodes = 8\ncommitment = 0.0\nlearning = { by = \"loss\", orthogonality = 1.0 }",
    );
    built.set("codes", case.tensor("embed"));
    let last = |found: &Quantized<'_, f64>| found.losses.iter().position(|loss| loss.name == "orthogonality");
    let pass =
        built.pass(&case.tensor("x"), None, |found| found.losses[last(found).expect("it is on")].value);
    assert_close("loss", &Tensor::scalar(pass.losses[1]), &case.tensor("orthogonal"));
    assert_close("gradient", &built.gradient(&pass, "codes"), &case.tensor("dembed.orthogonal"));
}

#[test]
fn sim_vq_agrees() {
    let goldens = Goldens::read("estimators.safetensors");
    for (name, estimator) in [("sim_vq", "straight_through"), ("sim_vq_rotation", "rotation")] {
        let case = goldens.case(name);
        let learning = format!("{{ by = \"loss\", form = \"linear\", estimator = \"{estimator}\" }}");
        let mut built = Built::new(5, &format!("kind = \"codebook\"\ncodes = 9\nlearning = {learning}"));
        // Their frozen vectors have 4 channels; ours have 5, so the last one is zero, and so is its row of the matrix.
        let pad = |x: &Tensor<f64>, shape: [usize; 2]| {
            let mut all = Tensor::zeros(shape);
            all.view_mut()
                .slice_each_axis_mut(|axis| (0..x.shape()[axis.axis.index()]).into())
                .assign(&x.view());
            all
        };
        built.set("codes", pad(&case.tensor("frozen_codebook"), [9, 5]));
        built.set("matrix", pad(&permuted(&case.tensor("code_transform.weight"), &[1, 0]), [5, 5]));
        let x = case.tensor("x");
        let pass = built.values(&x, &case.tensor("dy"));
        assert_indices(name, &pass.codes, case.indices("indices"));
        assert_close(name, &pass.y, &case.tensor("y"));
        assert_close(name, &pass.dx, &case.tensor("dx"));
        let pass = built.pass(&x, None, sum);
        assert_close(name, &Tensor::scalar(pass.losses.iter().sum()), &case.tensor("loss"));
        assert_close(name, &pass.dx, &case.tensor("dx.loss"));
        let matrix = built.gradient(&pass, "matrix");
        let used = Tensor::new([4, 5], matrix.as_slice()[..20].to_vec());
        assert_close(name, &permuted(&used, &[1, 0]), &case.tensor("dcode_transform.weight.loss"));
    }
}
