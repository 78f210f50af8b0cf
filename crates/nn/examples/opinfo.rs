//! Answers the cases that `crates/autograd/tests/goldens/opinfo.py` draws from PyTorch's own test samples:
//!
//! ```text
//! cargo run -p gradbook-nn --example opinfo -- CASES.safetensors ANSWERS.safetensors
//! ```
//!
//! A case is an op by name, its parameters, its inputs `CASE/0`, `CASE/1`, … and a cotangent `CASE/u`. The answer is the value
//! `CASE/y` and the gradients `CASE/d0`, `CASE/d1`, … of ⟨u, y⟩.

use std::{collections::BTreeMap, env, fs};

use gradbook_autograd::{Conv1dSpec, Graph, Pad, ParamStore, Shape, Tape, Tensor, Var};
use gradbook_nn::{
    BatchNorm1d, GroupNorm, Layer, LayerNorm, RmsNorm, Scope,
    loss::{
        CrossEntropy, Reduction, binary_cross_entropy_with_logits, huber, kl_div, kl_div_log, l1, mse,
        smooth_l1,
    },
};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::Value as Json;

/// The parameters of a case.
struct Parameters<'a>(&'a Json);

impl Parameters<'_> {
    fn number(&self, name: &str) -> f64 {
        match &self.0[name] {
            Json::String(word) => word.parse().expect("inf, -inf or nan"),
            number => number.as_f64().unwrap_or_else(|| panic!("there is no number `{name}` in {}", self.0)),
        }
    }

    fn int(&self, name: &str) -> usize {
        self.number(name) as usize
    }

    fn flag(&self, name: &str) -> bool {
        self.0[name].as_bool().unwrap_or(false)
    }

    fn word(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or("")
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        self.0[name].as_array().into_iter().flatten().map(|x| x.as_f64().expect("a number")).collect()
    }

    fn ints(&self, name: &str) -> Vec<usize> {
        self.numbers(name).into_iter().map(|x| x as usize).collect()
    }

    fn shape(&self) -> Shape {
        Shape::new(&self.ints("shape"))
    }

    fn spec(&self) -> Conv1dSpec {
        let [stride, pad_left, pad_right, dilation, groups] =
            ["stride", "pad_left", "pad_right", "dilation", "groups"].map(|name| self.int(name));
        Conv1dSpec { stride, pad_left, pad_right, dilation, groups, ..Conv1dSpec::default() }
    }

    fn reduction(&self) -> Reduction {
        match self.word("reduction") {
            "mean" => Reduction::Mean,
            "sum" => Reduction::Sum,
            "batchmean" => Reduction::BatchMean,
            "none" => Reduction::None,
            other => panic!("there is no reduction `{other}`"),
        }
    }
}

/// The op of a case. Channels and classes are on the last axis.
fn apply<'t>(op: &str, p: &Parameters, x: &[Var<'t, f64>]) -> Var<'t, f64> {
    match op {
        "abs" => x[0].abs(),
        "add" => x[0] + x[1] * p.number("alpha"),
        "avg_pool1d" => {
            let (kernel, stride, pad) = (p.int("kernel"), p.int("stride"), p.int("padding"));
            let pool = |x: Var<'t, f64>| x.pad(1, pad, pad, Pad::Zero).avg_pool1d(kernel, stride);
            match p.flag("count_include_pad") {
                true => pool(x[0]),
                false => pool(x[0]) / pool(x[0].tape().constant(Tensor::filled(x[0].shape(), 1.0))),
            }
        }
        "batch_norm" => {
            norm(x, |scope, c| BatchNorm1d::new(scope, c).with_eps(p.number("eps")), p.flag("training"))
        }
        "bce_with_logits" => binary_cross_entropy_with_logits(x[0], x[1], p.reduction()),
        "broadcast_to" => x[0].broadcast_to(p.shape()),
        "clamp" => x[0].clamp(p.number("min"), p.number("max")),
        "concat" => Var::concat(x, p.int("axis")),
        "conv1d" => x[0].conv1d(x[1], x.get(2).copied(), p.spec()),
        "conv_transpose1d" => {
            x[0].conv_transpose1d(x[1], x.get(2).copied(), p.spec(), p.int("output_padding"))
        }
        "cos" => x[0].cos(),
        "cross_entropy" => {
            let options = CrossEntropy {
                label_smoothing: p.number("label_smoothing"),
                ignore_index: p.0["ignore"].as_u64().map(|index| index as usize),
                class_weights: p.numbers("weights"),
            };
            options.loss(x[0], &p.ints("targets"), p.reduction())
        }
        "div" => x[0] / x[1],
        "elu" => x[0].elu(p.number("alpha")),
        "exp" => x[0].exp(),
        "gather_rows" => x[0].gather_rows(&p.ints("rows")),
        "gelu" if p.word("approximate") == "tanh" => x[0].gelu_tanh(),
        "gelu" => x[0].gelu(),
        "group_norm" => {
            let make =
                |scope: &mut Scope<'_, f64>, c| GroupNorm::new(scope, p.int("groups"), c, p.number("eps"));
            norm(x, |scope, c| make(scope, c).expect("sound"), true)
        }
        "huber" => huber(x[0], x[1], p.number("delta"), p.reduction()),
        "index_add" => x[0] + x[1].scatter_add(&p.ints("rows"), x[0].shape()[0]) * p.number("alpha"),
        "kl_div" if p.flag("log_target") => kl_div_log(x[0], x[1], p.reduction()),
        "kl_div" => kl_div(x[0], x[1], p.reduction()),
        "l1" => l1(x[0], x[1], p.reduction()),
        "l2_normalize" => x[0].l2_normalize(p.int("axis"), p.number("eps")),
        "layer_norm" => norm(x, |scope, c| LayerNorm::new(scope, c, p.number("eps")), true),
        "leaky_relu" => x[0].leaky_relu(p.number("slope")),
        "linear" => {
            let y = x[0].matmul_nt(x[1]);
            x.get(2).map_or(y, |bias| y + *bias)
        }
        "ln" => x[0].ln(),
        "log_sigmoid" => -(-x[0]).softplus(),
        "log_softmax" => x[0].log_softmax(p.int("axis")),
        "logsumexp" => reduced(p, x[0], Var::logsumexp, Var::logsumexp_keep),
        "matmul" => x[0].matmul(x[1]),
        "max" => reduced(p, x[0], Var::max, Var::max_keep),
        "maximum" => x[0].maximum(x[1]),
        "mean" => reduced(p, x[0], Var::mean, Var::mean_keep),
        "min" => reduced(p, x[0], Var::min, Var::min_keep),
        "minimum" => x[0].minimum(x[1]),
        "mse" => mse(x[0], x[1], p.reduction()),
        "mul" => x[0] * x[1],
        "neg" => -x[0],
        "pad" => {
            let (axes, mode) = (p.ints("pads"), p.word("mode"));
            let mode = [Pad::Zero, Pad::Reflect, Pad::Replicate]
                [["constant", "reflect", "replicate"].iter().position(|name| *name == mode).expect("a mode")];
            let value = p.number("value");
            let pads = axes.chunks_exact(3);
            pads.fold(x[0] - value, |x, pad| x.pad(pad[0], pad[1], pad[2], mode)) + value
        }
        "permute" => x[0].permute(&p.ints("axes")),
        "pow" => x[0].pow(x[1]),
        "relu" => x[0].relu(),
        "reshape" => x[0].reshape(p.shape()),
        "rms_norm" => norm(x, |scope, c| RmsNorm::new(scope, c, p.number("eps")), true),
        "select" => {
            let chosen = p.ints("condition");
            x[0].select(|i| chosen[i] == 1, x[1])
        }
        "sigmoid" => x[0].sigmoid(),
        "silu" => x[0].silu(),
        "sin" => x[0].sin(),
        "slice" => x[0].slice(p.int("axis"), p.int("start")..p.int("end")),
        "smooth_l1" => smooth_l1(x[0], x[1], p.number("beta"), p.reduction()),
        "softmax" => x[0].softmax(p.int("axis")),
        "softplus" => (x[0] * p.number("beta")).softplus() / p.number("beta"),
        "sqrt" => x[0].sqrt(),
        "square" => x[0].square(),
        "stack" => Var::stack(x, p.int("axis")),
        "sub" => x[0] - x[1] * p.number("alpha"),
        "sum" => reduced(p, x[0], Var::sum, Var::sum_keep),
        "tanh" => x[0].tanh(),
        "upsample_nearest1d" => x[0].upsample_nearest1d(p.int("factor")),
        other => panic!("there is no op `{other}`"),
    }
}

type Reduce<'t> = fn(Var<'t, f64>, &[usize]) -> Var<'t, f64>;

fn reduced<'t>(p: &Parameters, x: Var<'t, f64>, drop: Reduce<'t>, keep: Reduce<'t>) -> Var<'t, f64> {
    (if p.flag("keepdim") { keep } else { drop })(x, &p.ints("axes"))
}

/// A normalization of x over its last axis, with the entries of its store given: γ, β, running statistics.
fn norm<'t, L: Layer<f64>>(
    x: &[Var<'t, f64>],
    make: impl FnOnce(&mut Scope<'_, f64>, usize) -> L,
    training: bool,
) -> Var<'t, f64> {
    let mut store = ParamStore::new();
    let channels = *x[0].shape().last().expect("channels are the last axis");
    let layer = make(&mut Scope::new(&mut store, 0), channels);
    let store: &'static ParamStore<f64> = Box::leak(Box::new(store));
    let graph = if training { Graph::train(x[0].tape(), store) } else { Graph::eval(x[0].tape(), store) };
    store.iter().zip(&x[1..]).for_each(|((id, _), x)| graph.bind(id, *x));
    layer.forward(&graph, x[0])
}

fn tensor(file: &SafeTensors, name: &str) -> Option<Tensor<f64>> {
    let view = file.tensor(name).ok()?;
    let words = view.data().as_chunks::<8>().0.iter().map(|word| f64::from_le_bytes(*word));
    Some(Tensor::new(view.shape(), words.collect()))
}

fn main() {
    let [_, cases, answers] = &env::args().collect::<Vec<_>>()[..] else {
        panic!("opinfo CASES ANSWERS");
    };
    let bytes = fs::read(cases).expect("the file of cases");
    let (_, header) = SafeTensors::read_metadata(&bytes).expect("a safetensors file");
    let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let mut found = BTreeMap::new();
    for (name, json) in header.metadata().as_ref().expect("cases") {
        let json: Json = serde_json::from_str(json).expect("a JSON object per case");
        let tape = Tape::new();
        let inputs = (0..).map_while(|k| tensor(&file, &format!("{name}/{k}")));
        let x: Vec<_> = inputs.map(|x| tape.var(x)).collect();
        let y = apply(json["op"].as_str().expect("an op"), &Parameters(&json["params"]), &x);
        found.insert(format!("{name}/y"), y.value());
        let u = tensor(&file, &format!("{name}/u")).expect("a cotangent");
        let grads = y.backward_with(u.reshaped(y.shape()));
        for (k, x) in x.iter().enumerate() {
            found.extend(grads.get(*x).map(|g| (format!("{name}/d{k}"), g.clone())));
        }
    }
    let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = found
        .into_iter()
        .map(|(name, x)| {
            (name, x.shape().to_vec(), x.as_slice().iter().flat_map(|x| x.to_le_bytes()).collect())
        })
        .collect();
    let views = bytes.iter().map(|(name, shape, data)| {
        (name, TensorView::new(Dtype::F64, shape.clone(), data).expect("as many bytes as numbers"))
    });
    let text = safetensors::serialize(views, None).expect("sound tensors");
    fs::write(answers, text).expect("the file of answers");
}
