//! Reductions, softmax and the ops that move elements, against values and gradients from PyTorch.

use gradbook_autograd::{Pad, Real, Shape, Tape, Tensor, Var};
use safetensors::SafeTensors;
use serde_json::Value;

/// One case of a golden file.
struct Golden<'a> {
    file: &'a SafeTensors<'a>,
    case: &'a str,
    spec: &'a Value,
}

impl Golden<'_> {
    fn shape(&self, name: &str) -> Shape {
        Shape::new(self.file.tensor(&format!("{}/{name}", self.case)).unwrap().shape())
    }

    fn words(&self, name: &str) -> Vec<[u8; 8]> {
        let tensor = self.file.tensor(&format!("{}/{name}", self.case)).unwrap();
        tensor.data().as_chunks::<8>().0.to_vec()
    }

    fn floats(&self, name: &str) -> Vec<f64> {
        self.words(name).into_iter().map(f64::from_le_bytes).collect()
    }

    fn integers(&self, name: &str) -> Vec<usize> {
        self.words(name).into_iter().map(|word| i64::from_le_bytes(word) as usize).collect()
    }

    fn tensor<T: Real>(&self, name: &str) -> Tensor<T> {
        Tensor::new(self.shape(name), self.floats(name).into_iter().map(T::of).collect())
    }

    fn param(&self, name: &str) -> &Value {
        &self.spec["params"][name]
    }

    fn int(&self, name: &str) -> usize {
        self.param(name).as_u64().unwrap_or_else(|| panic!("{}: {name}", self.case)) as usize
    }

    fn axes(&self) -> Vec<usize> {
        self.param("axes").as_array().unwrap().iter().map(|axis| axis.as_u64().unwrap() as usize).collect()
    }
}

/// The op of a case in our words, or `None` for an op that other tests look after.
fn apply<'t, T: Real>(golden: &Golden, x: Var<'t, T>) -> Option<Var<'t, T>> {
    type Reduction<'t, T> = fn(Var<'t, T>, &[usize]) -> Var<'t, T>;
    let reduce = |drop: Reduction<'t, T>, keep: Reduction<'t, T>| {
        let keepdim = golden.param("keepdim").as_bool().unwrap();
        (if keepdim { keep } else { drop })(x, &golden.axes())
    };
    // [batch, channel, length] and back: our channels are last.
    let channels_last = |f: &dyn Fn(Var<'t, T>) -> Var<'t, T>| f(x.permute(&[0, 2, 1])).transpose();
    Some(match golden.spec["op"].as_str().unwrap() {
        "sum" => reduce(Var::sum, Var::sum_keep),
        "mean" => reduce(Var::mean, Var::mean_keep),
        "amax" => reduce(Var::max, Var::max_keep),
        "amin" => reduce(Var::min, Var::min_keep),
        "logsumexp" => reduce(Var::logsumexp, Var::logsumexp_keep),
        "softmax" => x.softmax(golden.int("axis")),
        "log_softmax" => x.log_softmax(golden.int("axis")),
        "l2_normalize" => x.l2_normalize(golden.int("axis"), golden.param("eps").as_f64().unwrap()),
        "avg_pool1d" => channels_last(&|x| {
            let (window, stride, pad) = (golden.int("window"), golden.int("stride"), golden.int("padding"));
            let pool = |x: Var<'t, T>| x.pad(1, pad, pad, Pad::Zero).avg_pool1d(window, stride);
            match golden.param("count_include_pad").as_bool().unwrap() {
                true => pool(x),
                false => pool(x) / pool(x.tape().constant(Tensor::filled(x.shape(), T::ONE))),
            }
        }),
        "upsample_nearest" => channels_last(&|x| x.upsample_nearest1d(golden.int("scale"))),
        "pad" => channels_last(&|x| {
            let (left, right) = (golden.int("left"), golden.int("right"));
            match golden.param("mode").as_str().unwrap() {
                "reflect" => x.pad(1, left, right, Pad::Reflect),
                "replicate" => x.pad(1, left, right, Pad::Replicate),
                _ => {
                    let value = golden.param("value").as_f64().unwrap();
                    (x - value).pad(1, left, right, Pad::Zero) + value
                }
            }
        }),
        "gather_rows" => x.gather_rows(&golden.integers("ids")).reshape(golden.shape("y")),
        _ => return None,
    })
}

/// Agreement relative to the size of what goes in and comes out: an input rounded at 10⁴ moves the result that much.
fn compare<T: Real>(golden: &Golden, what: &str, got: &Tensor<T>, sizes: &[f64], tolerance: f64) {
    let expected = golden.floats(what);
    assert_eq!(got.shape(), &golden.shape(what), "{}: shape of {what}", golden.case);
    let finite = sizes.iter().chain(&expected).filter(|x| x.is_finite());
    let scale = finite.fold(1.0f64, |scale, x| scale.max(x.abs()));
    for (i, (&got, &expected)) in got.as_slice().iter().zip(&expected).enumerate() {
        let error = (got.to_f64() - expected).abs();
        assert!(error <= tolerance * scale, "{}/{what}[{i}]: {got}, PyTorch has {expected}", golden.case);
    }
}

/// Compares every case of a file; returns how many there were.
fn replay<T: Real>(file: &str, tolerance: f64) -> usize {
    let path = format!("{}/tests/goldens/{file}.safetensors", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut count = 0;
    for (case, spec) in header.metadata().as_ref().unwrap() {
        let golden = Golden { file: &file, case, spec: &serde_json::from_str(spec).unwrap() };
        let name = if golden.spec["op"] == "gather_rows" { "table" } else { "x" };
        if golden.spec["tensors"][name].is_null() {
            continue;
        }
        let tape = Tape::<T>::new();
        let x = tape.var(golden.tensor::<T>(name));
        if let Some(y) = apply(&golden, x) {
            let sizes = golden.floats(name);
            compare(&golden, "y", &y.value(), &sizes, tolerance);
            let grads = y.backward_with(golden.tensor("dy"));
            compare(&golden, &format!("d{name}"), &grads[x], &sizes, tolerance);
            count += 1;
        }
    }
    count
}

#[test]
fn reductions_agree_with_pytorch() {
    assert_eq!(replay::<f64>("reduce", 1e-12), 41);
    assert_eq!(replay::<f32>("reduce", 1e-5), 41);
}

#[test]
fn ops_that_move_elements_agree_with_pytorch() {
    assert_eq!(replay::<f64>("shape", 1e-12), 21);
    assert_eq!(replay::<f32>("shape", 1e-5), 21);
}
