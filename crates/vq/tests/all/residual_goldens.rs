//! Residual stacks against vector-quantize-pytorch; what the files hold is in `goldens/README.md`.

use crate::built::{
    Built, EMA, assert_indices, at, check_projection, indices_at, scaled, set_projection, sum,
};
use crate::common::{Case, Goldens, assert_close};
use gradbook_autograd::Tensor;
use gradbook_vq::Codes;

fn stack(levels: usize, dim: usize, case: &Case) -> Built {
    let text = format!("kind = \"residual\"\nlevels = {levels}\n[quantizer]\n{EMA}");
    let mut built = Built::new(dim, &text);
    let codes = case.get("embed0").unwrap_or_else(|| case.tensor("embed"));
    (0..levels).for_each(|l| built.start(&format!("level.{l}."), at(&codes, l)));
    built
}

#[test]
fn residual_stacks_agree_in_evaluation_and_decoding() {
    let goldens = Goldens::read("residual.safetensors");
    let case = goldens.case("residual_eval");
    let (y, codes) = stack(4, 5, case).eval(&case.tensor("x"));
    assert_indices("residual", &codes, case.indices("indices"));
    assert_close("residual y", &y, &case.tensor("y"));

    let case = goldens.case("residual_dropped");
    let built = stack(4, 5, case);
    let column =
        |slot: usize| case.indices("indices").iter().skip(slot).step_by(4).map(|&i| i as u64).collect();
    let codes = Codes::new((0..4).map(column).collect(), vec![8; 4]);
    let y = case.tensor("y");
    assert_close("dropped levels", &built.q.decode(&built.store, &codes).reshaped(*y.shape()), &y);

    let case = goldens.case("grouped_residual_eval");
    let text = format!(
        "kind = \"grouped\"\ngroups = 2\n[quantizer]\nkind = \"residual\"\nlevels = 3\n[quantizer.quantizer]\n{EMA}"
    );
    let mut built = Built::new(6, &text);
    for (group, level) in (0..2).flat_map(|g| (0..3).map(move |l| (g, l))) {
        built.start(&format!("group.{group}.level.{level}."), at(&at(&case.tensor("embed"), group), level));
    }
    let (y, codes) = built.eval(&case.tensor("x"));
    assert_close("grouped residual y", &y, &case.tensor("y"));
    (0..2).for_each(|g| {
        assert_indices("group", &codes.part(3 * g, 3), indices_at(case.indices("indices"), g, 2));
    });
}

/// Checks a training step of a stack; the gradient of the values is a fourth of VQP's.
fn residual_step(case: &Case, built: &mut Built) {
    let x = case.tensor("x");
    let pass = built.values(&x, &case.tensor("dy"));
    assert_indices(&case.name, &pass.codes, case.indices("indices"));
    assert_close(&case.name, &pass.y, &case.tensor("y"));
    assert_close(&case.name, &pass.dx, &scaled(&case.tensor("dx"), 0.25));
    check_projection(built, &pass, case, "", 4.0);
    let pass = built.pass(&x, None, sum);
    assert_close(&case.name, &Tensor::new([4], pass.losses.clone()), &case.tensor("losses"));
    assert_close(&case.name, &pass.dx, &case.tensor("dx.loss"));
    check_projection(built, &pass, case, ".loss", 1.0);
    built.absorb(&pass.stats);
    for l in 0..4 {
        for (ours, theirs) in [("ema.counts", "cluster_size"), ("ema.sums", "embed_avg"), ("codes", "embed")]
        {
            assert_close(theirs, built.get(&format!("level.{l}.{ours}")), &at(&case.tensor(theirs), l));
        }
    }
}

#[test]
fn a_training_step_of_a_residual_stack_agrees_but_for_the_number_of_levels() {
    let goldens = Goldens::read("residual.safetensors");
    let case = goldens.case("residual_train");
    residual_step(case, &mut stack(4, 5, case));

    let case = goldens.case("residual_train_projected");
    let text = format!(
        "kind = \"projected\"\ndim = 4\n[quantizer]\nkind = \"residual\"\nlevels = 4\n[quantizer.quantizer]\n{EMA}"
    );
    let mut built = Built::new(6, &text);
    (0..4).for_each(|l| built.start(&format!("level.{l}."), at(&case.tensor("embed0"), l)));
    set_projection(&mut built, case);
    residual_step(case, &mut built);
}

#[test]
fn a_greedy_search_agrees_and_a_beam_leaves_less_error_than_the_librarys() {
    let goldens = Goldens::read("residual.safetensors");
    let case = goldens.case("residual_beam");
    let (x, built) = (case.tensor("x"), stack(4, 5, case));
    let error = |y: &Tensor<f64>| x.zip(y, |x, y| (x - y).powi(2)).as_slice().iter().sum::<f64>();
    let (greedy, codes) = built.eval(&x);
    assert_indices("greedy", &codes, case.indices("greedy_indices"));

    let beam = format!("kind = \"residual\"\nlevels = 4\nbeam = 3\n[quantizer]\n{EMA}");
    let mut beam = Built::new(5, &beam);
    beam.store
        .values_mut()
        .zip(built.store.iter())
        .for_each(|((_, own), (_, same))| *own = same.value.clone());
    // The library ranks paths by the errors of all levels together, this crate by what is left at the end.
    let found = error(&beam.eval(&x).0);
    assert!(found <= error(&case.tensor("y")), "{found}");
    assert!(found < error(&greedy));
}
