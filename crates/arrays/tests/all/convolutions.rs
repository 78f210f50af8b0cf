//! Convolutions by their kernels alone: the seven loops at the size of the model, and that an output depends on the
//! samples under its own taps and on nothing else.

use gradbook_arrays::{Conv1dSpec, ConvError, Tensor, conv::Windows};
use ndarray_rand::{
    rand::{SeedableRng, distr::Distribution},
    rand_distr::StandardNormal,
};
use rand_chacha::ChaCha8Rng;

fn normal(shape: [usize; 3], seed: u64) -> Tensor<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Tensor::build(shape, |out| out.iter_mut().for_each(|x| *x = StandardNormal.sample(&mut rng)))
}

fn y_of(spec: Conv1dSpec, x: &Tensor<f32>, w: &Tensor<f32>) -> Vec<f32> {
    let [batch, length, _] = x.shape()[..] else { unreachable!("three axes") };
    let short = spec.output_len(length, w.shape()[0]).expect("a window fits");
    Windows::new(spec, w.shape()[0], batch, length, short).correlate(x, w, None).as_slice().to_vec()
}

/// The first `length` samples of the only item.
fn first(x: &Tensor<f32>, length: usize) -> Tensor<f32> {
    let channels = x.shape()[2];
    Tensor::new([1, length, channels], x.as_slice()[..length * channels].to_vec())
}

const CHANNELS: usize = 48;

/// All paddings up to three zeros on each side.
fn paddings() -> impl Iterator<Item = Conv1dSpec> {
    (0..16).map(|i| Conv1dSpec { pad_left: i / 4, pad_right: i % 4, ..Conv1dSpec::default() })
}

#[test]
fn outputs_of_a_longer_input_begin_with_those_of_a_shorter_one() {
    for taps in [1, 2, 3, 4] {
        let (x, w) = (normal([1, 40, CHANNELS], 1), normal([taps, CHANNELS, CHANNELS], 2));
        for spec in paddings() {
            for spec in [spec, Conv1dSpec { stride: 2, ..spec }, Conv1dSpec { dilation: 2, ..spec }] {
                let whole = y_of(spec, &x, &w);
                for length in [8, 9, 10, 11, 23] {
                    let own = Conv1dSpec { pad_right: 0, ..spec }; // outputs that see no zero at the end
                    let part = y_of(own, &first(&x, length), &w);
                    assert_eq!(part, whole[..part.len()], "{taps} taps, {length} samples, {spec:?}");
                }
            }
        }
    }
}

#[test]
fn one_sample_moves_the_outputs_over_it_and_no_other() {
    let (length, w) = (17, normal([3, CHANNELS, CHANNELS], 3));
    let x = normal([1, length, CHANNELS], 4);
    for spec in paddings() {
        let calm = y_of(spec, &x, &w);
        for at in [0, 1, 5, 16] {
            for value in [1e6, f32::INFINITY, f32::NAN] {
                let mut x = x.clone();
                x.as_mut_slice()[at * CHANNELS] = value;
                let y = y_of(spec, &x, &w);
                for (m, (y, calm)) in y.chunks(CHANNELS).zip(calm.chunks(CHANNELS)).enumerate() {
                    let over = (m..m + 3).contains(&(at + spec.pad_left));
                    assert_eq!(y != calm, over, "x[{at}] = {value}, y[{m}], {spec:?}");
                }
            }
        }
    }
}

#[test]
fn gradients_are_as_local_as_outputs() {
    let (length, w) = (17, normal([3, CHANNELS, CHANNELS], 5));
    for spec in paddings().filter(|spec| spec.pad_left < 3 && spec.pad_right < 3) {
        let short = spec.output_len(length, 3).expect("a window fits");
        let windows = Windows::new(spec, 3, 1, length, short);
        let g = normal([1, short, CHANNELS], 6);
        let calm = windows.adjoint(&g, (&w, true), None);
        let mut spiked = g.clone();
        spiked.as_mut_slice()[5 * CHANNELS] = f32::INFINITY;
        let dx = windows.adjoint(&spiked, (&w, true), None);
        let rows = dx.as_slice().chunks(CHANNELS).zip(calm.as_slice().chunks(CHANNELS));
        for (p, (dx, calm)) in rows.enumerate() {
            let under = (5..8).contains(&(p + spec.pad_left));
            assert_eq!(dx != calm, under, "∂/∂x[{p}] of y[5], {spec:?}");
        }
    }
}

#[test]
fn transforms_are_asked_for_by_name_and_never_used_by_a_causal_convolution() {
    let (x, w) = (normal([1, 16, CHANNELS], 7), normal([3, CHANNELS, CHANNELS], 8));
    for spec in paddings() {
        let transformed = Conv1dSpec { winograd: true, ..spec };
        let (plain, transformed) = (y_of(spec, &x, &w), y_of(transformed, &x, &w));
        let causal = spec.pad_left > 0 && spec.pad_right == 0;
        assert_eq!(plain == transformed, causal, "{spec:?}");
        plain.iter().zip(&transformed).for_each(|(a, b)| assert!((a - b).abs() < 1e-4, "{a} or {b}"));
    }
    // Two taps, a stride, a dilation or few channels have no transform.
    let with = |spec: Conv1dSpec| Conv1dSpec { winograd: true, pad_left: 1, pad_right: 1, ..spec };
    let plain = Conv1dSpec::default();
    let [stride, dilation] =
        [Conv1dSpec { stride: 2, ..plain }, Conv1dSpec { dilation: 2, ..plain }].map(with);
    let few = (normal([1, 16, 31], 9), normal([3, 31, 48], 10));
    let two = normal([2, CHANNELS, CHANNELS], 11);
    for (spec, x, w) in
        [(stride, &x, &w), (dilation, &x, &w), (with(plain), &few.0, &few.1), (with(plain), &x, &two)]
    {
        assert_eq!(y_of(spec, x, w), y_of(Conv1dSpec { winograd: false, ..spec }, x, w), "{spec:?}");
    }
}

#[test]
fn what_shares_a_tile_shares_its_roundings_and_its_infinities() {
    let spec = Conv1dSpec { pad_left: 1, pad_right: 1, winograd: true, ..Conv1dSpec::default() };
    let (mut x, w) = (normal([1, 16, CHANNELS], 12), normal([3, CHANNELS, CHANNELS], 13));
    x.as_mut_slice()[9 * CHANNELS] = f32::INFINITY; // seen by y[8] to y[10], and so by the tile of y[8] to y[11] …
    let y = y_of(spec, &x, &w);
    let broken = |m: usize| y[m * CHANNELS..(m + 1) * CHANNELS].iter().all(|y| !y.is_finite());
    let sound = |m: usize| y[m * CHANNELS..(m + 1) * CHANNELS].iter().all(|y| y.is_finite());
    assert!((8..12).all(broken) && (0..8).chain(12..16).all(sound));
}

/// x [4, 96, 256], as a training batch has it: y, its gradient in x and that in w, against sums in f64. Long enough for
/// threads, and for several chunks of tiles.
#[test]
fn at_the_size_of_the_model_the_kernels_are_the_seven_loops() {
    let (batch, length, inputs, outputs) = (6, 192, 256, 192);
    let (x, w) = (normal([batch, length, inputs], 14), normal([3, inputs, outputs], 15));
    let g = normal([batch, length, outputs], 16);
    let at = |p: usize| p.checked_sub(1).filter(|&p| p < length); // one zero on either side
    let x_at = |b: usize, p: usize, i: usize| f64::from(x.as_slice()[(b * length + p) * inputs + i]);
    let g_at = |b: usize, m: usize, o: usize| f64::from(g.as_slice()[(b * length + m) * outputs + o]);
    let w_at = |k: usize, i: usize, o: usize| f64::from(w.as_slice()[(k * inputs + i) * outputs + o]);
    for winograd in [false, true] {
        let spec = Conv1dSpec { pad_left: 1, pad_right: 1, winograd, ..Conv1dSpec::default() };
        let windows = Windows::new(spec, 3, batch, length, length);
        let (y, dx) = (windows.correlate(&x, &w, None), windows.adjoint(&g, (&w, true), None));
        let dw = windows.weights(&x, &g);
        let close = |got: f32, expected: f64, size: f64, what: &str| {
            let rounding = if winograd { 6e-6 } else { 2e-6 };
            assert!((f64::from(got) - expected).abs() < rounding * size, "{what}: {got} is not {expected}");
        };
        let places = [(0, 0, 0), (0, 1, 255), (2, 95, 17), (3, 100, 128), (5, 190, 1), (5, 191, 191)];
        for (b, m, c) in places {
            let (o, i) = (c % outputs, c % inputs);
            let taps = || (0..3).filter_map(|k| at(m + k).map(|p| (k, p)));
            let sum: f64 = taps()
                .flat_map(|(k, p)| (0..inputs).map(move |i| (k, p, i)))
                .map(|(k, p, i)| x_at(b, p, i) * w_at(k, i, o))
                .sum();
            close(y.as_slice()[(b * length + m) * outputs + o], sum, 30.0, "y");
            // ∂/∂x[m]: the outputs that it is under tap k of.
            let over =
                || (0..3).filter_map(|k| (m + 1).checked_sub(k).filter(|&n| n < length).map(|n| (k, n)));
            let sum: f64 = over()
                .flat_map(|(k, n)| (0..outputs).map(move |o| (k, n, o)))
                .map(|(k, n, o)| g_at(b, n, o) * w_at(k, i, o))
                .sum();
            close(dx.as_slice()[(b * length + m) * inputs + i], sum, 30.0, "dx");
            let k = c % 3;
            let meetings =
                (0..batch).flat_map(|b| (0..length).filter_map(move |m| at(m + k).map(|p| (b, m, p))));
            let sum: f64 = meetings.map(|(b, m, p)| x_at(b, p, i) * g_at(b, m, o)).sum();
            close(dw.as_slice()[(k * inputs + i) * outputs + o], sum, 35.0, "dw");
        }
    }
}

#[test]
fn lengths_follow_from_the_specification_by_hand() {
    let spec = Conv1dSpec { stride: 3, pad_left: 2, pad_right: 1, dilation: 2, groups: 2, winograd: false };
    assert_eq!(spec.output_len(10, 4), Ok(3)); // ⌊(13 − 7)/3⌋ + 1
    assert_eq!(spec.output_len(4, 4), Ok(1)); // the window fits exactly
    assert_eq!(spec.output_len(3, 4), Err(ConvError::TooShort { span: 7, padded: 6 }));
    assert_eq!(spec.transposed_len(3, 4, 0), Ok(10)); // 2·3 + 7 − 3
    assert_eq!(spec.transposed_len(3, 4, 2), Ok(12));
    assert_eq!(spec.transposed_len(3, 4, 3), Err(ConvError::OutputPadding { output_padding: 3, stride: 3 }));
    assert_eq!(spec.transposed_len(0, 4, 0), Err(ConvError::OverPadded { padding: 3, full: 0 }));
    let tight = Conv1dSpec { pad_left: 4, pad_right: 3, ..spec };
    assert_eq!(tight.transposed_len(1, 4, 0), Err(ConvError::OverPadded { padding: 7, full: 7 }));
    assert_eq!(tight.transposed_len(1, 4, 1), Ok(1));
    for length in 4..40 {
        let short = spec.output_len(length, 4).expect("a window fits");
        let back: Vec<_> = (0..3).filter_map(|extra| spec.transposed_len(short, 4, extra).ok()).collect();
        assert!(back.contains(&length), "{length} → {short} → {back:?}");
    }
}

#[test]
fn a_setting_of_zero_and_lengths_beyond_counting_have_a_sentence() {
    let plain = Conv1dSpec::default();
    assert_eq!(Conv1dSpec { stride: 0, ..plain }.output_len(9, 3), Err(ConvError::Zero("stride")));
    assert_eq!(Conv1dSpec { dilation: 0, ..plain }.output_len(9, 3), Err(ConvError::Zero("dilation")));
    assert_eq!(Conv1dSpec { groups: 0, ..plain }.output_len(9, 3), Err(ConvError::Zero("groups")));
    assert_eq!(plain.output_len(9, 0), Err(ConvError::Zero("taps")));
    assert_eq!(Conv1dSpec { groups: 0, ..plain }.check_channels(4, 4), Err(ConvError::Zero("groups")));
    assert_eq!(plain.check_channels(0, 4), Err(ConvError::NoChannels { input: 0, output: 4 }));
    assert_eq!(plain.check_channels(4, 0), Err(ConvError::NoChannels { input: 4, output: 0 }));
    let three = Conv1dSpec { groups: 3, ..plain };
    assert_eq!(three.check_channels(6, 9), Ok(()));
    assert_eq!(three.check_channels(4, 9), Err(ConvError::Groups { channels: 4, groups: 3 }));
    assert_eq!(three.check_channels(6, 8), Err(ConvError::Groups { channels: 8, groups: 3 }));
    let huge = Conv1dSpec { dilation: usize::MAX, ..plain };
    assert_eq!(huge.output_len(9, 3), Err(ConvError::TooLong));
    assert_eq!(Conv1dSpec { pad_left: usize::MAX, ..plain }.output_len(9, 3), Err(ConvError::TooLong));
    assert_eq!(Conv1dSpec { stride: usize::MAX, ..plain }.transposed_len(9, 3, 0), Err(ConvError::TooLong));
}
