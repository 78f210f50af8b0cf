//! Codebooks by moving averages against vector-quantize-pytorch; what the files hold is in `goldens/README.md`.

use crate::built::{Built, EMA, assert_indices, at, indices_at, sum, times};
use crate::common::{Case, Goldens, assert_close};
use gradbook_autograd::Tensor;

/// Some steps of a moving average: codes, loss, gradient and state after each.
fn series(case: &Case, text: &str) {
    let (x, dy, dx, loss) = (case.tensor("x"), case.tensor("dy"), case.tensor("dx"), case.tensor("loss"));
    let mut built = Built::new(x.shape()[x.shape().len() - 1], text);
    built.start("", case.tensor("embed0"));
    let steps = x.shape()[0];
    for s in 0..steps {
        let what = format!("{} step {s}", case.name);
        let before = built.get("codes").clone();
        let pass = built.pass(&at(&x, s), None, |found| times(found, &at(&dy, s)) + sum(found));
        assert_indices(&what, &pass.codes, indices_at(case.indices("indices"), s, steps));
        assert_close(&what, &pass.dx, &at(&dx, s));
        assert_close(&what, &Tensor::scalar(pass.losses[0]), &at(&loss, s));
        // A row is its codes, those of the heads side by side.
        let code = |k: u64| before.rows().row(k as usize).to_vec();
        let columns: Vec<&[u64]> = (0..pass.codes.slots()).map(|slot| pass.codes.column(slot)).collect();
        let q =
            (0..columns[0].len()).flat_map(|row| columns.iter().flat_map(move |column| code(column[row])));
        assert_close(&what, &pass.y, &Tensor::new(*pass.y.shape(), q.collect()));
        if let Some(y) = case.get("y") {
            assert_close(&what, &pass.y, &at(&y, s));
        }
        built.absorb(&pass.stats);
        for (ours, theirs) in [("ema.counts", "cluster_size"), ("ema.sums", "embed_avg"), ("codes", "embed")]
        {
            assert_close(&format!("{what} {theirs}"), built.get(ours), &at(&case.tensor(theirs), s));
        }
    }
}

#[test]
fn twenty_steps_of_a_moving_average_agree() {
    let goldens = Goldens::read("ema.safetensors");
    series(goldens.case("ema"), EMA);
    series(goldens.case("cosine"), &format!("metric = \"cosine\"\n{EMA}"));
}

#[test]
fn masked_rows_agree() {
    let goldens = Goldens::read("ema.safetensors");
    let case = goldens.case("ema_masked");
    let (x, dy) = (case.tensor("x"), case.tensor("dy"));
    let mut built = Built::new(5, EMA);
    built.start("", case.tensor("embed0"));
    for s in 0..3 {
        let mask: Vec<bool> = indices_at(case.indices("mask"), s, 3).iter().map(|m| *m == 1).collect();
        let pass = built.pass(&at(&x, s), Some(&mask), |found| times(found, &at(&dy, s)) + sum(found));
        assert_indices("masked", &pass.codes, indices_at(case.indices("indices"), s, 3));
        assert_close("masked y", &pass.y, &at(&case.tensor("y"), s));
        assert_close("masked dx", &pass.dx, &at(&case.tensor("dx"), s));
        assert_close("masked loss", &Tensor::scalar(pass.losses[0]), &at(&case.tensor("loss"), s));
        built.absorb(&pass.stats);
        assert_close("masked N", built.get("ema.counts"), &at(&case.tensor("cluster_size"), s));
        assert_close("masked m", built.get("ema.sums"), &at(&case.tensor("embed_avg"), s));
        built.set("codes", at(&case.tensor("embed"), s)); // smoothed with ε = 10⁻³ there, 10⁻⁵ here
    }
}

#[test]
fn heads_with_one_codebook_agree() {
    let goldens = Goldens::read("ema.safetensors");
    let text = "kind = \"heads\"\nheads = 2\n[quantizer]\nkind = \"codebook\"\ncodes = 8\ncommitment = 1.0\n\
                learning = { by = \"ema\", decay = 0.8 }";
    series(goldens.case("ema_heads_shared"), text);
}

#[test]
fn heads_with_codebooks_of_their_own_are_groups() {
    let goldens = Goldens::read("ema.safetensors");
    let case = goldens.case("ema_heads_separate");
    let text = "kind = \"grouped\"\ngroups = 2\n[quantizer]\nkind = \"codebook\"\ncodes = 8\ncommitment = 1.0\n\
                learning = { by = \"ema\", decay = 0.8 }";
    let (x, dy) = (case.tensor("x"), case.tensor("dy"));
    let mut built = Built::new(6, text);
    (0..2).for_each(|h| built.start(&format!("group.{h}."), at(&case.tensor("embed0"), h)));
    for s in 0..3 {
        // A loss per group is a mean over that group; theirs is the mean over all.
        let pass = built.pass(&at(&x, s), None, |found| times(found, &at(&dy, s)) + sum(found) * 0.5);
        assert_indices("heads", &pass.codes, indices_at(case.indices("indices"), s, 3));
        assert_close("heads y", &pass.y, &at(&case.tensor("y"), s));
        assert_close("heads dx", &pass.dx, &at(&case.tensor("dx"), s));
        let loss = Tensor::scalar(pass.losses.iter().sum::<f64>() / 2.0);
        assert_close("heads loss", &loss, &at(&case.tensor("loss"), s));
        built.absorb(&pass.stats);
        for h in 0..2 {
            for (ours, theirs) in
                [("ema.counts", "cluster_size"), ("ema.sums", "embed_avg"), ("codes", "embed")]
            {
                let ours = built.get(&format!("group.{h}.{ours}"));
                assert_close(theirs, ours, &at(&at(&case.tensor(theirs), s), h));
            }
        }
    }
}

#[test]
fn micro_batches_are_added_up_to_one_moving_average() {
    let goldens = Goldens::read("ema.safetensors");
    let case = goldens.case("ema_accumulated");
    let text = "kind = \"codebook\"\ncodes = 8\nlearning = { by = \"ema\", decay = 0.9, accumulate = 3 }";
    let mut built = Built::new(5, text);
    built.start("", case.tensor("embed0"));
    for m in 0..3 {
        assert_eq!(*built.get("codes"), case.tensor("embed0"), "codes wait for the last micro-batch");
        let pass = built.pass(&at(&case.tensor("x"), m), None, sum);
        built.absorb(&pass.stats);
    }
    for (ours, theirs) in [("ema.counts", "cluster_size"), ("ema.sums", "embed_avg"), ("codes", "embed")] {
        assert_close(theirs, built.get(ours), &case.tensor(theirs));
    }
}
