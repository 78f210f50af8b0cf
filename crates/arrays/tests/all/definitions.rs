//! Convolutions and batched products against their definitions, in whole numbers, which no order of a sum rounds.

use gradbook_arrays::{Conv1dSpec, Shape, Tensor, conv::Windows, matmul};

/// Small whole numbers without a pattern that a mistake could keep.
fn whole(shape: impl Into<Shape>, seed: usize) -> Tensor<f64> {
    Tensor::build(shape, |out| {
        for (i, x) in out.iter_mut().enumerate() {
            *x = ((i * 7919 + seed * 104_729) % 23) as f64 - 11.0;
        }
    })
}

/// Every product of a convolution: f(place in y, place in x, place in w).
fn meetings(
    spec: Conv1dSpec,
    [batch, length, inputs]: [usize; 3],
    [taps, outputs]: [usize; 2],
    mut f: impl FnMut(usize, usize, usize),
) {
    let short = spec.output_len(length, taps).expect("a window fits");
    let (group_in, group_out) = (inputs / spec.groups, outputs / spec.groups);
    for (b, m) in (0..batch).flat_map(|b| (0..short).map(move |m| (b, m))) {
        for (k, o) in (0..taps).flat_map(|k| (0..outputs).map(move |o| (k, o))) {
            let p = (m * spec.stride + k * spec.dilation).wrapping_sub(spec.pad_left);
            for c in 0..if p < length { group_in } else { 0 } {
                let x = (b * length + p) * inputs + o / group_out * group_in + c;
                f((b * short + m) * outputs + o, x, (k * group_in + c) * outputs + o);
            }
        }
    }
}

/// Groups, channels in and out.
const CHANNELS: [[usize; 3]; 7] =
    [[1, 2, 3], [1, 1, 1], [2, 4, 6], [2, 2, 4], [2, 4, 2], [3, 3, 3], [1, 3, 3]];

fn settings() -> impl Iterator<Item = (Conv1dSpec, usize)> {
    (0..3 * 3 * 3 * 4 * 3).map(|i| {
        let (stride, dilation, taps) = (i % 3 + 1, i / 3 % 3 + 1, i / 9 % 3 + 1);
        let (pad_left, pad_right) = (i / 27 % 4, i / 108);
        (Conv1dSpec { stride, dilation, pad_left, pad_right, ..Conv1dSpec::default() }, taps)
    })
}

#[test]
fn outputs_and_gradients_of_every_specification_are_the_sums_of_their_definition() {
    for (spec, taps) in settings() {
        for ([groups, inputs, outputs], (batch, length)) in
            CHANNELS.into_iter().flat_map(|channels| [(1, 5), (3, 7), (3, 18)].map(|size| (channels, size)))
        {
            let spec = Conv1dSpec { groups, ..spec };
            let Ok(short) = spec.output_len(length, taps) else { continue };
            let windows = Windows::new(spec, taps, batch, length, short);
            let (x, w) = (whole([batch * length, inputs], 1), whole([taps, inputs / groups, outputs], 2));
            let (g, bias, bias_in) =
                (whole([batch * short, outputs], 3), whole([outputs], 4), whole([inputs], 5));
            let mut y: Vec<f64> = (0..batch * short).flat_map(|_| bias.as_slice()).copied().collect();
            let mut dx: Vec<f64> = (0..batch * length).flat_map(|_| bias_in.as_slice()).copied().collect();
            let mut dw = vec![0.0; w.as_slice().len()];
            meetings(spec, [batch, length, inputs], [taps, outputs], |iy, ix, iw| {
                y[iy] += x.as_slice()[ix] * w.as_slice()[iw];
                dx[ix] += g.as_slice()[iy] * w.as_slice()[iw];
                dw[iw] += g.as_slice()[iy] * x.as_slice()[ix];
            });
            let case = format!("{taps} taps, [{batch}, {length}, {inputs}] → {outputs}, {spec:?}");
            assert_eq!(windows.correlate(&x, &w, Some(&bias)).as_slice(), y, "y of {case}");
            assert_eq!(windows.adjoint(&g, (&w, true), Some(&bias_in)).as_slice(), dx, "∂/∂x of {case}");
            assert_eq!(windows.weights(&x, &g).as_slice(), dw, "∂/∂w of {case}");
            assert_eq!(windows.weights(&x, &g).shape(), w.shape());
            let turned = w.permuted(&[0, 2, 1]); // [tap, out, in/groups]
            assert_eq!(
                windows.adjoint(&g, (&turned, false), Some(&bias_in)).as_slice(),
                dx,
                "turned, {case}"
            );
        }
    }
}

/// (1 + 2⁻¹³)² − 1 = 2⁻¹² + 2⁻²⁶, of which the last bit is lost if the product is rounded before it is added.
#[test]
fn a_group_for_each_channel_rounds_products_and_sums_and_all_others_round_once() {
    let (one, more) = (1.0, 1.0 + 2f32.powi(-13));
    let [once, twice] = [2f32.powi(-12) + 2f32.powi(-26), 2f32.powi(-12)];
    for (groups, inputs, outputs, expected) in
        [(1, 1, 1, once), (1, 2, 2, once), (2, 2, 2, twice), (2, 2, 4, once)]
    {
        let of = |first: f32| -> Vec<f32> { [vec![first; inputs], vec![more; inputs]].concat() };
        let spec = Conv1dSpec { groups, ..Conv1dSpec::default() };
        let x = Tensor::new([2, inputs], of(-one));
        let w = Tensor::build([2, inputs / groups, outputs], |w| {
            let (first, second) = w.split_at_mut(inputs / groups * outputs);
            first.fill(one);
            second.fill(more);
            // Of two channels in one group, the second meets zeros.
            if inputs / groups == 2 {
                first[outputs..].fill(0.0);
                second[outputs..].fill(0.0);
            }
        });
        let y = Windows::new(spec, 2, 1, 2, 1).correlate(&x, &w, None);
        let once_only = cfg!(not(feature = "openblas"));
        assert!(!once_only || y.as_slice() == vec![expected; outputs], "{groups} groups: {:?}", y.as_slice());
    }
}

/// Where there is no window, nothing but the bias is left.
#[test]
fn the_adjoint_of_no_window_is_the_bias_everywhere() {
    let spec = Conv1dSpec { groups: 2, ..Conv1dSpec::default() };
    let (w, bias) = (whole([4, 3, 4], 1), whole([6], 2));
    for (batch, short) in [(2, 0), (0, 2)] {
        let windows = Windows::new(spec, 4, batch, 5, short);
        let dx = windows.adjoint(&Tensor::zeros([0, 4]), (&w, true), Some(&bias));
        assert_eq!(dx.shape()[..], [5 * batch, 6]);
        assert!(dx.as_slice().chunks(6).all(|row| row == bias.as_slice()));
        assert_eq!(
            windows.weights(&whole([5 * batch, 6], 3), &Tensor::zeros([0, 4])),
            Tensor::zeros([4, 3, 4])
        );
    }
}

/// A recording of 20,000 samples in one piece: several chunks of tiles, and several blocks of the sums over them.
#[test]
fn long_items_are_transformed_in_chunks_and_summed_in_blocks() {
    let (length, channels) = (20_003, 32);
    let (x, w) = (whole([length, channels], 6), whole([3, channels, channels], 7));
    let (g, bias) = (whole([length, channels], 8), whole([channels], 9));
    let spec = Conv1dSpec { pad_left: 1, pad_right: 1, winograd: true, ..Conv1dSpec::default() };
    let windows = Windows::new(spec, 3, 1, length, length);
    let y = windows.correlate(&x, &w, Some(&bias));
    let (dx, dw) = (windows.adjoint(&g, (&w, true), Some(&bias)), windows.weights(&x, &g));
    let [x_at, g_at] =
        [&x, &g].map(|x| |p: usize, c: usize| if p < length { x.as_slice()[p * channels + c] } else { 0.0 });
    let w_at = |k: usize, i: usize, o: usize| w.as_slice()[(k * channels + i) * channels + o];
    let close = |got: f64, expected: f64| assert!((got - expected).abs() < 1e-6, "{got} is not {expected}");
    let terms = || (0..3).flat_map(|k| (0..channels).map(move |c| (k, c)));
    for m in (0..length).step_by(97).chain([length - 2, length - 1]) {
        let c = m % channels;
        let sum: f64 = terms().map(|(k, i)| x_at((m + k).wrapping_sub(1), i) * w_at(k, i, c)).sum();
        close(y.as_slice()[m * channels + c], bias.as_slice()[c] + sum);
        let sum: f64 = terms().map(|(k, o)| g_at((m + 1).wrapping_sub(k), o) * w_at(k, c, o)).sum();
        close(dx.as_slice()[m * channels + c], bias.as_slice()[c] + sum);
    }
    for (k, i, o) in [(0, 0, 0), (1, 5, 31), (2, 31, 7), (0, 17, 20)] {
        let sum: f64 = (0..length).map(|m| x_at((m + k).wrapping_sub(1), i) * g_at(m, o)).sum();
        close(dw.as_slice()[(k * channels + i) * channels + o], sum);
    }
}

/// cᵢⱼ = Σ aᵢₖ·bₖⱼ, over all pairs of matrices that a matrix of C belongs to.
#[test]
fn batched_products_are_the_sums_of_their_definition() {
    let (m, k, n) = (3, 5, 4);
    for (batch_a, batch_b, batch_c) in [
        (&[][..], &[][..], &[][..]),
        (&[6], &[6], &[6]),
        (&[2, 3], &[3], &[2, 3]),
        (&[2, 1], &[1, 3], &[2, 3]),
        (&[2, 3], &[2, 3], &[3]),
        (&[2, 3], &[2, 3], &[2, 1]),
        (&[40], &[40], &[]),
        (&[0], &[0], &[]),
        (&[0], &[0], &[0]),
    ] {
        let shape = |batch: &[usize], matrix: [usize; 2]| Shape::new(&[batch, &matrix].concat());
        let (a, b) = (whole(shape(batch_a, [m, k]), 1), whole(shape(batch_b, [k, n]), 2));
        let whole_batch = Shape::new(batch_a).broadcast(&Shape::new(batch_b)).expect("they broadcast");
        let expand = |x: &Tensor<f64>, matrix: [usize; 2]| x.expand(shape(&whole_batch, matrix)).to_array();
        let (all_a, all_b) = (expand(&a, [m, k]), expand(&b, [k, n]));
        let products = Tensor::build(shape(&whole_batch, [m, n]), |out| {
            for (at, out) in out.iter_mut().enumerate() {
                let (item, i, j) = (at / (m * n), at / n % m, at % n);
                let row = all_a.as_slice().expect("row-major")[(item * m + i) * k..].iter();
                let column = all_b.as_slice().expect("row-major")[item * k * n + j..].iter().step_by(n);
                *out = row.zip(column).take(k).map(|(a, b)| a * b).sum();
            }
        });
        let expected = products.sum_to(&shape(batch_c, [m, n]));
        let turned = |x: &Tensor<f64>| {
            let (mut axes, last) = (x.shape().all_axes(), x.shape().len() - 1);
            axes.swap(last - 1, last);
            x.permuted(&axes)
        };
        let (at, bt) = (turned(&a), turned(&b));
        for (a, b) in [
            ((&a, false), (&b, false)),
            ((&at, true), (&b, false)),
            ((&a, false), (&bt, true)),
            ((&at, true), (&bt, true)),
        ] {
            assert_eq!(
                matmul(a, b, shape(batch_c, [m, n])),
                expected,
                "{batch_a:?} · {batch_b:?} = {batch_c:?}"
            );
        }
    }
}
