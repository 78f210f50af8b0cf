//! Convolutions against their definition, written as seven loops.

use gradbook_autograd::{Conv1dSpec, Tape, Tensor, Var, check::Sampler};
use proptest::prelude::*;

use crate::conv_goldens::cast;

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

/// y, ∂/∂x and ∂/∂w of ⟨y, dy⟩.
fn by_definition(
    spec: Conv1dSpec,
    x: &Tensor<f64>,
    w: &Tensor<f64>,
    bias: &Tensor<f64>,
    dy: &Tensor<f64>,
) -> [Tensor<f64>; 3] {
    let mut y: Vec<f64> = bias.as_slice().iter().copied().cycle().take(dy.as_slice().len()).collect();
    let (mut dx, mut dw) = (vec![0.0; x.as_slice().len()], vec![0.0; w.as_slice().len()]);
    let [batch, length, input] = x.shape()[..] else { unreachable!("three axes") };
    definition(spec, [batch, length, input], [w.shape()[0], w.shape()[2]], |iy, ix, iw| {
        y[iy] += x.as_slice()[ix] * w.as_slice()[iw];
        dx[ix] += dy.as_slice()[iy] * w.as_slice()[iw];
        dw[iw] += dy.as_slice()[iy] * x.as_slice()[ix];
    });
    [Tensor::new(*dy.shape(), y), Tensor::new(*x.shape(), dx), Tensor::new(*w.shape(), dw)]
}

/// Normal x, w, bias and dy.
fn draw(spec: Conv1dSpec, x: [usize; 3], [taps, output]: [usize; 2], seed: u64) -> [Tensor<f64>; 4] {
    let mut s = Sampler::new(seed);
    let windows = spec.output_len(x[1], taps).expect("a window fits");
    let w = [taps, x[2] / spec.groups, output];
    [s.normal(&x), s.normal(&w), s.normal(&[output]), s.normal(&[x[0], windows, output])]
}

fn close(got: &Tensor<f64>, expected: &Tensor<f64>) -> Result<(), TestCaseError> {
    prop_assert_eq!(got.shape(), expected.shape());
    for (got, expected) in got.as_slice().iter().zip(expected.as_slice()) {
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
        let spec = Conv1dSpec { stride, pad_left, pad_right, dilation, groups, winograd: false };
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
        let spec = Conv1dSpec { pad_left, pad_right, groups, winograd: true, ..Conv1dSpec::default() };
        (spec, [batch, length, groups * per_group], [3, groups * outputs])
    }
}

fn any_settings() -> impl Strategy<Value = (Conv1dSpec, [usize; 3], [usize; 2])> {
    prop_oneof![3 => settings(), 1 => three_taps()]
}

proptest! {
    #[test]
    fn conv1d_is_its_definition((spec, x_shape, [taps, output]) in any_settings(), seed: u64) {
        let [x, w, bias, dy] = draw(spec, x_shape, [taps, output], seed);
        let [y, dx, dw] = by_definition(spec, &x, &w, &bias, &dy);
        let tape = Tape::new();
        let [x, w, bias] = [x, w, bias].map(|value| tape.var(value));
        let got = x.conv1d(w, Some(bias), spec);
        close(&got.value(), &y)?;
        let grads = got.backward_with(dy);
        close(&grads[x], &dx)?;
        close(&grads[w], &dw)?;
    }

    /// Lifting changes how sums round, and nothing else: in f32, too, whole numbers that need no rounding give what the
    /// definition gives. Multiples of 24 stay whole under the transforms' factors 1/6 and 1/24.
    #[test]
    fn whole_numbers_convolve_exactly((spec, x_shape, [taps, output]) in any_settings(), seed: u64) {
        let whole = |x: &Tensor<f64>, factor: f64| x.map(|x| factor * x.round().clamp(-1.0, 1.0));
        let [x, w, bias, dy] = draw(spec, x_shape, [taps, output], seed);
        let [x, w, bias, dy] = [whole(&x, 24.0), whole(&w, 24.0), whole(&bias, 1.0), whole(&dy, 1.0)];
        let [y, dx, dw] = by_definition(spec, &x, &w, &bias, &dy);
        let tape = Tape::<f32>::new();
        let [x, w, bias] = [x, w, bias].map(|value| tape.var(cast(&value)));
        let got = x.conv1d(w, Some(bias), spec);
        prop_assert!(cast::<f32>(&y) == got.value(), "y");
        let grads = got.backward_with(cast(&dy));
        prop_assert!(cast::<f32>(&dx) == grads[x], "dx");
        prop_assert!(cast::<f32>(&dw) == grads[w], "dw");
    }

    /// Sums run term by term, each with one rounding: over the taps and channels of a window (with dilation, of a tap) on top
    /// of the bias, for x over the outputs of each tap, for w over the windows of the batch (fewer than a stretch of 512).
    #[cfg(not(feature = "openblas"))]
    #[test]
    fn a_convolution_has_the_bits_of_its_definition_unless_winograd_is_asked_for(
        (spec, x_shape, [taps, output]) in settings(),
        seed: u64,
    ) {
        let [x, w, bias, dy] = draw(spec, x_shape, [taps, output], seed).map(|x| cast::<f32>(&x));
        let per_tap = w.as_slice().len() / taps;
        let depthwise = spec.groups > 1 && w.shape()[1] == 1 && output == spec.groups; // rounds the products, too
        prop_assume!(!depthwise);
        let mut y = vec![vec![0.0; dy.as_slice().len()]; taps];
        let mut dx = vec![vec![0.0; x.as_slice().len()]; taps];
        let mut dw = vec![0.0; w.as_slice().len()];
        definition(spec, x_shape, [taps, output], |iy, ix, iw| {
            let [x, w, dy] = [(&x, ix), (&w, iw), (&dy, iy)].map(|(values, at)| values.as_slice()[at]);
            let tap = iw / per_tap;
            let add = |sum: &mut f32, a: f32, b: f32| *sum = a.mul_add(b, *sum);
            add(&mut y[if spec.dilation == 1 { 0 } else { tap }][iy], x, w);
            add(&mut dx[tap][ix], dy, w);
            add(&mut dw[iw], dy, x);
        });
        let over_taps = |start: f32, taps: &[Vec<f32>], i: usize| taps.iter().fold(start, |sum, tap| sum + tap[i]);
        let tape = Tape::<f32>::new();
        let bias_of = |i: usize| bias.as_slice()[i % output];
        let [vx, vw, vb] = [&x, &w, &bias].map(|value| tape.var(value.clone()));
        let got = vx.conv1d(vw, Some(vb), spec);
        for (i, &got) in got.value().as_slice().iter().enumerate() {
            prop_assert_eq!(got, over_taps(bias_of(i), &y, i), "y");
        }
        let grads = got.backward_with(dy);
        for (i, &got) in grads[vx].as_slice().iter().enumerate() {
            prop_assert_eq!(got, over_taps(0.0, &dx, i), "dx");
        }
        prop_assert_eq!(grads[vw].as_slice(), dw, "dw");
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
