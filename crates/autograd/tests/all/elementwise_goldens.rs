//! Elementwise ops against PyTorch: values and gradients in f64 and f32, and Hessian-vector products. What the files
//! hold is in `goldens/README.md`.

use gradbook_autograd::{Dual, Real, Tape, Tensor, Var, hvp};
use safetensors::SafeTensors;
use serde_json::Value as Json;

/// One case of a golden file.
struct Case {
    name: String,
    params: Json,
    op: String,
    tensors: Vec<(String, Tensor<f64>)>,
}

impl Case {
    fn tensor(&self, name: &str) -> &Tensor<f64> {
        let found = self.tensors.iter().find(|(n, _)| n == name);
        &found.unwrap_or_else(|| panic!("{} has no `{name}`", self.name)).1
    }

    /// The inputs that the op takes, in its order; a prefix asks for what belongs to them (`d`, `v`, `hv`).
    fn inputs(&self, prefix: &str) -> Vec<Tensor<f64>> {
        let given = ["x", "alpha", "a", "b"].into_iter().filter(|n| self.tensors.iter().any(|(t, _)| t == n));
        given.map(|name| self.tensor(&format!("{prefix}{name}")).clone()).collect()
    }

    /// A parameter; where the file names none, PyTorch's default for the ones we meet: 1 for `alpha` and `beta`.
    fn number(&self, name: &str) -> f64 {
        self.params[name].as_f64().unwrap_or(1.0)
    }
}

fn read(file: &str) -> Vec<Case> {
    let path = format!("{}/tests/goldens/{file}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).expect("the golden files are part of the repository");
    let (_, metadata) = SafeTensors::read_metadata(&bytes).expect("a safetensors file");
    let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let case = |(name, json): (&String, &String)| {
        let json: Json = serde_json::from_str(json).expect("a JSON object per case");
        let tensor = |key: &String| {
            let view = file.tensor(&format!("{name}/{key}")).expect("every tensor of a case is stored");
            let words =
                view.data().chunks_exact(8).map(|w| f64::from_le_bytes(w.try_into().expect("8 bytes")));
            (key.clone(), Tensor::new(view.shape(), words.collect()))
        };
        Case {
            name: name.clone(),
            op: json["op"].as_str().expect("an op").to_string(),
            params: json["params"].clone(),
            tensors: json["tensors"].as_object().expect("tensors").keys().map(tensor).collect(),
        }
    };
    metadata.metadata().as_ref().expect("cases").iter().map(case).collect()
}

/// PyTorch's op in our words; `None` for what this crate does not have by itself.
fn apply<'t, T: Real>(case: &Case, x: &[Var<'t, T>]) -> Option<Var<'t, T>> {
    Some(match case.op.as_str() {
        "abs" => x[0].abs(),
        "add" => x[0] + x[1],
        "clamp" => x[0].clamp(case.number("min"), case.number("max")),
        "div" => x[0] / x[1],
        "elu" => x[0].elu(case.number("alpha")),
        "gelu_exact" => x[0].gelu(),
        "gelu_tanh" => x[0].gelu_tanh(),
        "leaky_relu" => x[0].leaky_relu(case.number("slope")),
        "log_sigmoid" => -(-x[0]).softplus(),
        "maximum" => x[0].maximum(x[1]),
        "minimum" => x[0].minimum(x[1]),
        "mul" => x[0] * x[1],
        "pow" => x[0].pow(x[1]),
        "relu" => x[0].relu(),
        "sigmoid" => x[0].sigmoid(),
        "silu" => x[0].silu(),
        "snake" => x[0].snake(x[1]),
        "softplus" => (x[0] * case.number("beta")).softplus() / case.number("beta"),
        "sub" => x[0] - x[1],
        "tanh" => x[0].tanh(),
        _ => return None,
    })
}

/// Value and gradients in the arithmetic of `T`, with every element a sentence if it is off by more than `tolerance`
/// relative to max(1, |expected|).
fn disagreements<T: Real>(case: &Case, tolerance: f64) -> Option<Vec<String>> {
    let narrow = |x: &Tensor<f64>| Tensor::new(*x.shape(), x.as_slice().iter().map(|&x| T::of(x)).collect());
    let tape = Tape::<T>::new();
    let x: Vec<_> = case.inputs("").iter().map(|x| tape.var(narrow(x))).collect();
    let y = apply(case, &x)?;
    let value = y.value();
    let grads = y.backward_with(narrow(case.tensor("dy")));
    let mut wrong = compare(case, "y", &value, case.tensor("y"), tolerance);
    for (k, (x, expected)) in x.iter().zip(&case.inputs("d")).enumerate() {
        wrong.extend(compare(case, &format!("gradient {k}"), &grads[*x], expected, tolerance));
    }
    Some(wrong)
}

fn compare<T: Real>(
    case: &Case,
    what: &str,
    got: &Tensor<T>,
    expected: &Tensor<f64>,
    tolerance: f64,
) -> Vec<String> {
    assert_eq!(got.shape(), expected.shape(), "{}: {what}", case.name);
    let pairs = got.as_slice().iter().zip(expected.as_slice()).enumerate();
    pairs
        .filter(|(_, (got, expected))| {
            let error = (got.to_f64() - **expected).abs();
            error.is_nan() || error > tolerance * expected.abs().max(1.0)
        })
        .map(|(i, (got, expected))| format!("{} {what} [{i}]: got {got}, expected {expected}", case.name))
        .collect()
}

/// Checks every case of `elementwise.safetensors` that this crate has an op for; all but `erf`.
fn against_pytorch<T: Real>(tolerance: f64) {
    let (mut wrong, mut skipped) = (Vec::new(), Vec::new());
    for case in read("elementwise.safetensors") {
        // PyTorch's softplus is x itself above its threshold, which is 1e-9 away from the formula.
        let far = case.op == "softplus" && case.name.ends_with("_far");
        match disagreements::<T>(&case, if far { tolerance.max(1e-8) } else { tolerance }) {
            Some(found) => wrong.extend(found),
            None => skipped.push(case.op),
        }
    }
    assert!(wrong.is_empty(), "{} elements disagree:\n{}", wrong.len(), wrong.join("\n"));
    assert!(skipped.iter().all(|op| op == "erf"), "no op here for {skipped:?}");
}

#[test]
fn every_op_agrees_with_pytorch_in_f64() {
    against_pytorch::<f64>(1e-12);
}

#[test]
fn every_op_agrees_with_pytorch_in_f32() {
    against_pytorch::<f32>(1e-5);
}

#[test]
fn hessian_vector_products_agree_with_pytorch() {
    let (mut wrong, mut held) = (Vec::new(), 0);
    // The cases with weights belong to convolutions and norms.
    for case in read("second_order.safetensors").into_iter().filter(|case| case.name == case.op) {
        let tape = Tape::<Dual>::new();
        let probe: Vec<_> =
            case.inputs("").iter().map(|x| tape.constant(Tensor::filled(*x.shape(), Dual::ONE))).collect();
        if apply(&case, &probe).is_none() {
            continue;
        }
        let (_, products) = hvp(
            |x| apply(&case, x).expect("the probe found the op"),
            &case.inputs(""),
            case.tensor("dy"),
            &case.inputs("v"),
        );
        for (k, (got, expected)) in products.iter().zip(&case.inputs("hv")).enumerate() {
            wrong.extend(compare(&case, &format!("H·v {k}"), got, expected, 1e-12));
        }
        held += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(held, 7, "elu, gelu (both), silu, snake, softplus, tanh");
}
