//! A quantizer of codebooks set up with vector-quantize-pytorch's (VQP) state, and passes through it.
//!
//! Where this crate differs on purpose, so that there is nothing to compare: `affine` learns its scale and shift instead
//! of measuring them; `diversity` has squared distances relative to their mean, averaged over all rows; `ibq` takes its
//! softmax over −d²/τ, which chooses as the nearest code does, and VQP has it over dot products. A residual stack hands the
//! decoder's gradient to the encoder once, VQP once per level.

use crate::common::{Case, assert_close, permuted};
use gradbook_autograd::{Graph, ParamGrads, ParamStore, Shape, Stats, Stream, Tape, Tensor, Var};
use gradbook_nn::Scope;
use gradbook_vq::{Codes, Quantized, Quantizer, QuantizerConfig, quantize_masked};

pub const EMA: &str = "kind = \"codebook\"\ncodes = 8\nlearning = { by = \"ema\", decay = 0.9 }";

/// A quantizer with its store.
pub struct Built {
    pub store: ParamStore<f64>,
    pub q: Box<dyn Quantizer<f64>>,
}

/// What a training pass gave.
pub struct Pass {
    pub y: Tensor<f64>,
    pub codes: Codes,
    pub losses: Vec<f64>,
    pub dx: Tensor<f64>,
    pub grads: ParamGrads<f64>,
    pub stats: Stats<f64>,
}

impl Built {
    pub fn new(dim: usize, text: &str) -> Self {
        let config: QuantizerConfig = toml::from_str(text).expect("a config");
        let mut store = ParamStore::new();
        let q = config.build(dim, &mut Scope::new(&mut store, 0)).expect("a legal config");
        Self { store, q }
    }

    pub fn set(&mut self, name: &str, value: Tensor<f64>) {
        let id = self.store.find(name).unwrap_or_else(|| panic!("there is no `{name}`"));
        assert_eq!(self.store.get(id).shape(), value.shape(), "{name}");
        *self.store.get_mut(id) = value;
    }

    pub fn get(&self, name: &str) -> &Tensor<f64> {
        self.store.get(self.store.find(name).expect("an entry"))
    }

    /// Codes, and sums equal to them: how VQP starts.
    pub fn start(&mut self, place: &str, codes: Tensor<f64>) {
        self.set(&format!("{place}codes"), codes.clone());
        self.set(&format!("{place}ema.sums"), codes);
    }

    pub fn pass(
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
    pub fn values(&self, x: &Tensor<f64>, dy: &Tensor<f64>) -> Pass {
        self.pass(x, None, |found| times(found, dy))
    }

    pub fn absorb(&mut self, stats: &Stats<f64>) {
        self.q.absorb(&mut self.store, stats, &Stream::new(0, 0, 1));
    }

    pub fn eval(&self, x: &Tensor<f64>) -> (Tensor<f64>, Codes) {
        let tape = Tape::new();
        let found = self.q.quantize(&Graph::eval(&tape, &self.store), tape.constant(x.clone()).into());
        (found.values.value(), found.codes)
    }

    /// The gradient of a parameter under `root`.
    pub fn gradient(&self, pass: &Pass, name: &str) -> Tensor<f64> {
        let id = self.store.find(name).expect("an entry");
        pass.grads.get(id).cloned().unwrap_or_else(|| panic!("nothing reached `{name}`"))
    }
}

pub fn sum<'t>(found: &Quantized<'t, f64>) -> Var<'t, f64> {
    found.loss().expect("there are losses")
}

/// ⟨dy, y⟩
pub fn times<'t>(found: &Quantized<'t, f64>, dy: &Tensor<f64>) -> Var<'t, f64> {
    (found.values * found.values.tape().constant(dy.clone())).sum_all()
}

/// Entry i of the first axis.
pub fn at(x: &Tensor<f64>, i: usize) -> Tensor<f64> {
    let shape = Shape::new(&x.shape()[1..]);
    Tensor::new(shape, x.as_slice()[i * shape.size()..(i + 1) * shape.size()].to_vec())
}

/// Indices with the slot as the last axis, −1 being a skipped one, against our columns.
#[track_caller]
pub fn assert_indices(what: &str, codes: &Codes, expected: &[i64]) {
    let slots = codes.slots();
    for slot in 0..slots {
        let expected: Vec<u64> = expected.iter().skip(slot).step_by(slots).map(|&i| i as u64).collect();
        assert_eq!(codes.column(slot), expected, "{what}, slot {slot}");
    }
}

/// Entry i of a first axis of `count`.
pub fn indices_at(all: &[i64], i: usize, count: usize) -> &[i64] {
    let size = all.len() / count;
    &all[i * size..(i + 1) * size]
}

pub fn scaled(x: &Tensor<f64>, factor: f64) -> Tensor<f64> {
    x.map(|x| x * factor)
}

/// Both maps of a projection, which VQP keeps as `[out, in]`.
pub fn set_projection(built: &mut Built, case: &Case) {
    for (ours, theirs) in [("in", "project_in"), ("out", "project_out")] {
        built.set(&format!("{ours}.weight"), permuted(&case.tensor(&format!("{theirs}.weight")), &[1, 0]));
        built.set(&format!("{ours}.bias"), case.tensor(&format!("{theirs}.bias")));
    }
}

/// The gradients of the maps; `factor` is how often VQP counts what reaches the way in.
pub fn check_projection(built: &Built, pass: &Pass, case: &Case, suffix: &str, factor: f64) {
    for (ours, theirs, factor) in [("in", "project_in", factor), ("out", "project_out", 1.0)] {
        let Some(weight) = case.get(&format!("d{theirs}.weight{suffix}")) else { continue };
        let expected = scaled(&permuted(&weight, &[1, 0]), 1.0 / factor);
        assert_close(theirs, &built.gradient(pass, &format!("{ours}.weight")), &expected);
        let expected = scaled(&case.tensor(&format!("d{theirs}.bias{suffix}")), 1.0 / factor);
        assert_close(theirs, &built.gradient(pass, &format!("{ours}.bias")), &expected);
    }
}
