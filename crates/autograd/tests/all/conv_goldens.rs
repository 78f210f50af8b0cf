//! Convolutions against PyTorch's values, and what they say of wrong shapes.

use std::path::Path;

use gradbook_autograd::{Conv1dSpec, Real, Tape, Tensor, Var};
use safetensors::SafeTensors;
use serde_json::Value;

/// A case of the golden file: its settings and its tensors, axes in PyTorch's order.
struct Golden<'f> {
    name: String,
    op: String,
    params: Value,
    file: &'f SafeTensors<'f>,
}

impl Golden<'_> {
    fn param(&self, name: &str) -> usize {
        self.params[name].as_u64().unwrap_or_else(|| panic!("{}: no `{name}`", self.name)) as usize
    }

    /// The tensor with its axes permuted to ours, if the case has it.
    fn get(&self, name: &str, axes: &[usize]) -> Option<Tensor<f64>> {
        let view = self.file.tensor(&format!("{}/{name}", self.name)).ok()?;
        let (chunks, _) = view.data().as_chunks::<8>();
        let elements = chunks.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
        let array = ndarray::ArrayD::from_shape_vec(view.shape(), elements).expect("a whole tensor");
        Some(Tensor::from(array.permuted_axes(axes)))
    }

    fn compare<T: Real>(&self, tolerance: f64) {
        const ITEMS: &[usize] = &[0, 2, 1]; // [N, C, L] to [batch, length, channel]
        let taps: &[usize] = match self.op.as_str() {
            "conv1d" => &[2, 1, 0], // [O, C/G, K] to [tap, in/groups, out]
            _ => &[2, 0, 1],        // [C, O/G, K] to [tap, in, out/groups]
        };
        let tape = Tape::<T>::new();
        let var = |name, axes| self.get(name, axes).map(|value| tape.var(cast(&value)));
        let (x, w) = (var("x", ITEMS).expect("x"), var("w", taps).expect("w"));
        let bias = var("b", &[0]);
        let mut spec = Conv1dSpec {
            stride: self.param("stride"),
            dilation: self.param("dilation"),
            groups: self.param("groups"),
            ..Conv1dSpec::default()
        };
        let y = match self.op.as_str() {
            "conv1d" => {
                (spec.pad_left, spec.pad_right) = (self.param("pad_left"), self.param("pad_right"));
                x.conv1d(w, bias, spec)
            }
            _ => {
                (spec.pad_left, spec.pad_right) = (self.param("padding"), self.param("padding"));
                x.conv_transpose1d(w, bias, spec, self.param("output_padding"))
            }
        };
        let grads = y.backward_with(cast(&self.get("dy", ITEMS).expect("dy")));
        self.close("y", &y.value(), ITEMS, tolerance);
        self.close("dx", &grads[x], ITEMS, tolerance);
        self.close("dw", &grads[w], taps, tolerance);
        bias.inspect(|bias| self.close("db", &grads[*bias], &[0], tolerance));
    }

    fn close<T: Real>(&self, name: &str, got: &Tensor<T>, axes: &[usize], tolerance: f64) {
        let expected = self.get(name, axes).expect("a result");
        assert_eq!(expected.shape(), got.shape(), "{}: shape of {name}", self.name);
        let size = expected.as_slice().iter().fold(1.0, |m: f64, x| m.max(x.abs()));
        for (i, (expected, got)) in expected.as_slice().iter().zip(got.as_slice()).enumerate() {
            let error = (expected - got.to_f64()).abs();
            assert!(error <= tolerance * size, "{}: {name}[{i}] is {got}, expected {expected}", self.name);
        }
    }
}

pub fn cast<T: Real>(x: &Tensor<f64>) -> Tensor<T> {
    Tensor::new(*x.shape(), x.as_slice().iter().map(|&x| T::of(x)).collect())
}

fn each_golden(f: impl Fn(&Golden)) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/conv.safetensors");
    let bytes = std::fs::read(path).expect("the golden file");
    let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let (_, header) = SafeTensors::read_metadata(&bytes).expect("a header");
    let cases = header.metadata().as_ref().expect("cases");
    assert!(cases.len() >= 40, "{} cases", cases.len());
    for (name, json) in cases {
        let case: Value = serde_json::from_str(json).expect("a JSON object");
        let op = case["op"].as_str().expect("an op").to_owned();
        f(&Golden { name: name.clone(), op, params: case["params"].clone(), file: &file });
    }
}

#[test]
fn convolutions_agree_with_pytorch_in_f64() {
    each_golden(|case| case.compare::<f64>(1e-12));
}

#[test]
fn convolutions_agree_with_pytorch_in_f32() {
    each_golden(|case| case.compare::<f32>(1e-5));
}

#[test]
#[should_panic(
    expected = "conv1d: the channels differ\n  x [1, 5, 3] (batch, length, in)   w [2, 4, 6] (tap, in/groups, out)"
)]
fn a_mismatch_names_the_axes() {
    let tape = Tape::<f32>::new();
    let (x, w) = (tape.var(Tensor::zeros([1, 5, 3])), tape.var(Tensor::zeros([2, 4, 6])));
    x.conv1d(w, None, Conv1dSpec::default());
}

#[test]
fn a_mismatch_points_at_the_callers_line() {
    let place = |work: fn(Var<'_, f32>)| {
        let (tell, told) = std::sync::mpsc::channel();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let _ = tell.send(panic.location().expect("a place").file().to_owned());
        }));
        let tape = Tape::new();
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            work(tape.var(Tensor::zeros([1, 5, 3])));
        }));
        std::panic::set_hook(before);
        assert!(result.is_err());
        told.try_iter().any(|file| file == file!())
    };
    assert!(place(|x| drop(x.conv1d(x, None, Conv1dSpec::default()).value())));
    assert!(place(|x| drop(x.conv_transpose1d(x, None, Conv1dSpec::default(), 1).value())));
    assert!(place(|x| drop(x.matmul(x).value())));
}

#[test]
fn impossible_settings_say_why() {
    let spec = Conv1dSpec { stride: 2, dilation: 3, groups: 4, ..Conv1dSpec::default() };
    let message = |error: gradbook_autograd::ConvError| error.to_string();
    assert_eq!(
        spec.output_len(6, 3).map_err(message),
        Err("the window spans 7 samples, the padded input has 6; lengthen the input or its padding".into())
    );
    assert_eq!(
        spec.check_channels(8, 6).map_err(message),
        Err("6 channels do not fall into 4 equal groups".into())
    );
    assert_eq!(
        spec.transposed_len(3, 2, 2).map_err(message),
        Err("output padding 2 is not below the stride 2".into())
    );
    assert_eq!(spec.output_len(6, 0).map_err(message), Err("taps is 0; it must be at least 1".into()));
}
