//! Codebooks against vector-quantize-pytorch (VQP); what the files hold is in `goldens/README.md`.
//!
//! Where this crate differs on purpose, so that there is nothing to compare: `affine` learns its scale and shift instead
//! of measuring them; `diversity` has squared distances relative to their mean, averaged over all rows; `ibq` takes its
//! softmax over −d²/τ, which chooses as the nearest code does, and VQP has it over dot products. A residual stack hands the
//! decoder's gradient to the encoder once, VQP once per level.

use crate::common::{Case, Goldens, assert_close, permuted};
use gradbook_autograd::{Graph, ParamGrads, ParamStore, Shape, Stats, Stream, Tape, Tensor, Var};
use gradbook_nn::Scope;
use gradbook_vq::{Codes, Quantized, Quantizer, QuantizerConfig, quantize_masked};

/// A quantizer with its store.
struct Built {
    store: ParamStore<f64>,
    q: Box<dyn Quantizer<f64>>,
}

/// What a training pass gave.
struct Pass {
    y: Tensor<f64>,
    codes: Codes,
    losses: Vec<f64>,
    dx: Tensor<f64>,
    grads: ParamGrads<f64>,
    stats: Stats<f64>,
}

fn sum<'t>(found: &Quantized<'t, f64>) -> Var<'t, f64> {
    found.loss().expect("there are losses")
}

impl Built {
    fn new(dim: usize, text: &str) -> Self {
        let config: QuantizerConfig = toml::from_str(text).expect("a config");
        let mut store = ParamStore::new();
        let q = config.build(dim, &mut Scope::new(&mut store, 0)).expect("a legal config");
        Self { store, q }
    }

    fn set(&mut self, name: &str, value: Tensor<f64>) {
        let id = self.store.find(name).unwrap_or_else(|| panic!("there is no `{name}`"));
        assert_eq!(self.store.get(id).shape(), value.shape(), "{name}");
        *self.store.get_mut(id) = value;
    }

    fn get(&self, name: &str) -> &Tensor<f64> {
        self.store.get(self.store.find(name).expect("an entry"))
    }

    /// Codes, and sums equal to them: how VQP starts.
    fn start(&mut self, place: &str, codes: Tensor<f64>) {
        self.set(&format!("{place}codes"), codes.clone());
        self.set(&format!("{place}ema.sums"), codes);
    }

    fn pass(
        &self,
        x: &Tensor<f64>,
        mask: Option<&[bool]>,
        root: impl for<'t> Fn(&Quantized<'t, f64>) -> Var<'t, f64>,
    ) -> Pass {
        let tape = Tape::new();
        let g = Graph::train(&tape, &self.store);
        let x = tape.var(x.clone());
        let found = match mask {
            Some(mask) => quantize_masked(&*self.q, &g, x.into(), mask),
            None => self.q.quantize(&g, x.into()),
        };
        let (y, losses) = (found.values.value(), found.losses.iter().map(|loss| loss.value.item()).collect());
        let grads = root(&found).backward();
        let dx = grads.get(x).cloned().unwrap_or_else(|| Tensor::zeros(x.shape()));
        Pass { y, codes: found.codes, losses, dx, grads: grads.params, stats: g.take_stats() }
    }

    /// The gradient of ⟨dy, y⟩.
    fn values(&self, x: &Tensor<f64>, dy: &Tensor<f64>) -> Pass {
        self.pass(x, None, |found| times(found, dy))
    }

    fn absorb(&mut self, stats: &Stats<f64>) {
        self.q.absorb(&mut self.store, stats, &Stream::new(0, 0, 1));
    }

    fn eval(&self, x: &Tensor<f64>) -> (Tensor<f64>, Codes) {
        let tape = Tape::new();
        let found = self.q.quantize(&Graph::eval(&tape, &self.store), tape.constant(x.clone()).into());
        (found.values.value(), found.codes)
    }

    /// The gradient of a parameter under `root`.
    fn gradient(&self, pass: &Pass, name: &str) -> Tensor<f64> {
        let id = self.store.find(name).expect("an entry");
        pass.grads.get(id).cloned().unwrap_or_else(|| panic!("nothing reached `{name}`"))
    }
}

/// ⟨dy, y⟩
fn times<'t>(found: &Quantized<'t, f64>, dy: &Tensor<f64>) -> Var<'t, f64> {
    (found.values * found.values.tape().constant(dy.clone())).sum_all()
}

/// Entry i of the first axis.
fn at(x: &Tensor<f64>, i: usize) -> Tensor<f64> {
    let shape = Shape::new(&x.shape()[1..]);
    Tensor::new(shape, x.as_slice()[i * shape.size()..(i + 1) * shape.size()].to_vec())
}

/// Indices with the slot as the last axis, −1 being a skipped one, against our columns.
#[track_caller]
fn assert_indices(what: &str, codes: &Codes, expected: &[i64]) {
    let slots = codes.slots();
    for slot in 0..slots {
        let expected: Vec<u64> = expected.iter().skip(slot).step_by(slots).map(|&i| i as u64).collect();
        assert_eq!(codes.column(slot), expected, "{what}, slot {slot}");
    }
}

/// Entry i of a first axis of `count`.
fn indices_at(all: &[i64], i: usize, count: usize) -> &[i64] {
    let size = all.len() / count;
    &all[i * size..(i + 1) * size]
}

fn scaled(x: &Tensor<f64>, factor: f64) -> Tensor<f64> {
    x.map(|x| x * factor)
}

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
        let q = pass.codes.column(0).iter().flat_map(|&k| before.rows().row(k as usize).to_vec()).collect();
        assert_close(&what, &pass.y, &Tensor::new(*pass.y.shape(), q));
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

const EMA: &str = "kind = \"codebook\"\ncodes = 8\nlearning = { by = \"ema\", decay = 0.9 }";

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

/// Both maps of a projection, which VQP keeps as `[out, in]`.
fn set_projection(built: &mut Built, case: &Case) {
    for (ours, theirs) in [("in", "project_in"), ("out", "project_out")] {
        built.set(&format!("{ours}.weight"), permuted(&case.tensor(&format!("{theirs}.weight")), &[1, 0]));
        built.set(&format!("{ours}.bias"), case.tensor(&format!("{theirs}.bias")));
    }
}

/// The gradients of the maps; `factor` is how often VQP counts what reaches the way in.
fn check_projection(built: &Built, pass: &Pass, case: &Case, suffix: &str, factor: f64) {
    for (ours, theirs, factor) in [("in", "project_in", factor), ("out", "project_out", 1.0)] {
        let Some(weight) = case.get(&format!("d{theirs}.weight{suffix}")) else { continue };
        let expected = scaled(&permuted(&weight, &[1, 0]), 1.0 / factor);
        assert_close(theirs, &built.gradient(pass, &format!("{ours}.weight")), &expected);
        let expected = scaled(&case.tensor(&format!("d{theirs}.bias{suffix}")), 1.0 / factor);
        assert_close(theirs, &built.gradient(pass, &format!("{ours}.bias")), &expected);
    }
}

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
