//! Convolutions against PyTorch's values and against the definition, written as seven loops.

use std::path::Path;

use gradbook_autograd::{Conv1dSpec, Real, Tape, Tensor, Var, check::Sampler};
use proptest::prelude::*;
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

fn cast<T: Real>(x: &Tensor<f64>) -> Tensor<T> {
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

/// Every product of the definition: f(index in y, index in x, index in w).
fn definition(
    spec: Conv1dSpec,
    [batch, length, input]: [usize; 3],
    [taps, output]: [usize; 2],
    mut f: impl FnMut(usize, usize, usize),
) {
    let windows = spec.output_len(length, taps).expect("a window fits");
    let (per_group, outputs) = (input / spec.groups, output / spec.groups);
    for b in 0..batch {
        for m in 0..windows {
            for g in 0..spec.groups {
                for o in g * outputs..(g + 1) * outputs {
                    for k in 0..taps {
                        for c in 0..per_group {
                            let p = (m * spec.stride + k * spec.dilation).wrapping_sub(spec.pad_left);
                            if p < length {
                                let x = (b * length + p) * input + g * per_group + c;
                                f((b * windows + m) * output + o, x, (k * per_group + c) * output + o);
                            }
                        }
                    }
                }
            }
        }
    }
}

fn close(got: &Tensor<f64>, expected: &[f64]) -> Result<(), TestCaseError> {
    prop_assert_eq!(got.as_slice().len(), expected.len());
    for (got, expected) in got.as_slice().iter().zip(expected) {
        prop_assert!((got - expected).abs() <= 1e-10 * (1.0 + expected.abs()), "{} is not {}", got, expected);
    }
    Ok(())
}

prop_compose! {
    /// A specification, the batch, the input length, the taps, channels in and out; some long enough for threads.
    fn settings()(
        (stride, dilation, groups) in (1..4usize, 1..4usize, 1..4usize),
        (pad_left, pad_right, taps) in (0..5usize, 0..5usize, 1..6usize),
        (batch, extra) in (0..4usize, prop_oneof![4 => 0..12usize, 1 => 60..90usize]),
        (per_group, outputs) in prop_oneof![4 => (1..4usize, 1..4usize), 1 => (Just(32usize), Just(48usize))],
    ) -> (Conv1dSpec, [usize; 3], [usize; 2]) {
        let spec = Conv1dSpec { stride, pad_left, pad_right, dilation, groups };
        let length = (dilation * (taps - 1) + 1).saturating_sub(pad_left + pad_right).max(1) + extra;
        (spec, [batch, length, groups * per_group], [taps, groups * outputs])
    }
}

prop_compose! {
    /// Three neighboring taps and many channels, where fewer multiplications do (the minimal filtering of Winograd).
    fn three_taps()(
        (pad_left, pad_right, groups) in (0..5usize, 0..5usize, 1..3usize),
        (batch, length) in (0..4usize, prop_oneof![4 => 3..12usize, 1 => 250..300usize]),
        (per_group, outputs) in (32..40usize, 32..40usize),
    ) -> (Conv1dSpec, [usize; 3], [usize; 2]) {
        let spec = Conv1dSpec { pad_left, pad_right, groups, ..Conv1dSpec::default() };
        (spec, [batch, length, groups * per_group], [3, groups * outputs])
    }
}

fn any_settings() -> impl Strategy<Value = (Conv1dSpec, [usize; 3], [usize; 2])> {
    prop_oneof![3 => settings(), 1 => three_taps()]
}

proptest! {
    #[test]
    fn conv1d_is_its_definition((spec, x_shape, [taps, output]) in any_settings(), seed: u64) {
        let mut s = Sampler::new(seed);
        let windows = spec.output_len(x_shape[1], taps).expect("a window fits");
        let x = s.normal(&x_shape);
        let w = s.normal(&[taps, x_shape[2] / spec.groups, output]);
        let (bias, dy) = (s.normal(&[output]), s.normal(&[x_shape[0], windows, output]));
        let mut y: Vec<f64> = bias.as_slice().iter().copied().cycle().take(dy.as_slice().len()).collect();
        let (mut dx, mut dw) = (vec![0.0; x.as_slice().len()], vec![0.0; w.as_slice().len()]);
        definition(spec, x_shape, [taps, output], |iy, ix, iw| {
            y[iy] += x.as_slice()[ix] * w.as_slice()[iw];
            dx[ix] += dy.as_slice()[iy] * w.as_slice()[iw];
            dw[iw] += dy.as_slice()[iy] * x.as_slice()[ix];
        });
        let tape = Tape::new();
        let [x, w, bias] = [x, w, bias].map(|value| tape.var(value));
        let got = x.conv1d(w, Some(bias), spec);
        close(&got.value(), &y)?;
        let grads = got.backward_with(dy);
        close(&grads[x], &dx)?;
        close(&grads[w], &dw)?;
    }

    /// ⟨conv1d(x, w), y⟩ = ⟨x, conv_transpose1d(y, wᵀ)⟩
    #[test]
    fn conv_transpose1d_is_the_adjoint_of_conv1d((spec, x_shape, [taps, output]) in any_settings(), seed: u64) {
        let mut s = Sampler::new(seed);
        let windows = spec.output_len(x_shape[1], taps).expect("a window fits");
        let used = windows.saturating_sub(1) * spec.stride + spec.dilation * (taps - 1) + 1;
        let rest = x_shape[1] + spec.pad_left + spec.pad_right - used;
        let tape = Tape::new();
        let (x, y) = (s.normal(&x_shape), s.normal(&[x_shape[0], windows, output]));
        let w = s.normal(&[taps, x_shape[2] / spec.groups, output]);
        let swapped = Tensor::from(w.to_array().permuted_axes(vec![0, 2, 1]));
        let [x, y, w, swapped] = [x, y, w, swapped].map(|value| tape.constant(value));
        let dot = |a: Var<f64>, b: Var<f64>| {
            let (a, b) = (a.value(), b.value());
            assert_eq!(a.shape(), b.shape());
            a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| a * b).sum::<f64>()
        };
        let forth = dot(x.conv1d(w, None, spec), y);
        let back = dot(x, y.conv_transpose1d(swapped, None, spec, rest));
        prop_assert!((forth - back).abs() <= 1e-9 * (1.0 + forth.abs()), "{} is not {}", forth, back);
    }
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
