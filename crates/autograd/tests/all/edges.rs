//! Where numbers end: what PyTorch 2.15 answers to −∞, +∞ and NaN, in values and in gradients.

use gradbook_autograd::{Real, Tape, Tensor, Var};

use crate::conv_goldens::cast;

const MASKED: f64 = f64::NEG_INFINITY;
const INFINITE: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// Bits do not count, NaN is NaN.
fn same<T: Real>(what: &str, got: &Tensor<T>, expected: &[f64], tolerance: f64) {
    let got: Vec<f64> = got.as_slice().iter().map(|x| x.to_f64()).collect();
    let near = |(g, e): (&f64, &f64)| g == e || g.is_nan() && e.is_nan() || (g - e).abs() < tolerance;
    assert!(
        got.len() == expected.len() && got.iter().zip(expected).all(near),
        "{what}: {got:?}, PyTorch has {expected:?}"
    );
}

/// Value and gradient, with the cotangent 1, 2, 3, …, in both precisions.
fn check(name: &str, x: [f64; 3], value: &[f64], gradient: &[f64; 3]) {
    fn in_<T: Real>(name: &str, x: Tensor<T>, value: &[f64], gradient: &[f64], tolerance: f64) {
        let tape = Tape::new();
        let x = tape.var(x);
        let op: fn(Var<'_, T>) -> Var<'_, T> = match name {
            "softmax" => |x| x.softmax(0),
            "log_softmax" => |x| x.log_softmax(0),
            _ => |x| x.logsumexp(&[0]),
        };
        let y = op(x);
        let what = format!("{name} of {:?}", x.value());
        same(&what, &y.value(), value, tolerance);
        let count = (1..=value.len()).map(|i| T::of(i as f64)).collect();
        same(
            &format!("gradient of {what}"),
            &y.backward_with(Tensor::new(y.shape(), count))[x],
            gradient,
            tolerance,
        );
    }
    let x = Tensor::new([3], x.to_vec());
    in_::<f32>(name, cast(&x), value, gradient, 1e-6);
    in_::<f64>(name, x, value, gradient, 1e-14);
}

#[test]
fn a_masked_number_has_probability_zero_and_its_neighbors_share_the_rest() {
    let x = [1.0, 2.0, MASKED];
    check(
        "softmax",
        x,
        &[0.268_941_421_369_995, 0.731_058_578_630_005, 0.0],
        &[-0.196_611_933_241_482, 0.196_611_933_241_482, 0.0],
    );
    let log = [-1.313_261_687_518_223, -0.313_261_687_518_223, MASKED];
    check("log_softmax", x, &log, &[-0.613_648_528_219_97, -2.386_351_471_780_03, 3.0]);
    check("logsumexp", x, &[2.313_261_687_518_223], &[0.268_941_421_369_995, 0.731_058_578_630_005, 0.0]);
}

#[test]
fn where_all_are_masked_there_is_no_distribution() {
    check("softmax", [MASKED; 3], &[NAN; 3], &[NAN; 3]);
    check("log_softmax", [MASKED; 3], &[NAN; 3], &[NAN; 3]);
    // PyTorch has a gradient of NaN here: a sum over no choices at all would spoil every parameter.
    check("logsumexp", [MASKED; 3], &[MASKED], &[0.0; 3]);
}

#[test]
fn an_infinite_number_leaves_no_distribution_either() {
    for x in [[INFINITE, 1.0, 2.0], [INFINITE, INFINITE, 1.0], [INFINITE, MASKED, 1.0]] {
        check("softmax", x, &[NAN; 3], &[NAN; 3]);
        check("log_softmax", x, &[NAN; 3], &[NAN; 3]);
    }
    check("logsumexp", [INFINITE, 1.0, 2.0], &[INFINITE], &[NAN, 0.0, 0.0]);
    check("logsumexp", [INFINITE, INFINITE, 1.0], &[INFINITE], &[NAN, NAN, 0.0]);
    check("logsumexp", [INFINITE, MASKED, 1.0], &[INFINITE], &[NAN, 0.0, 0.0]);
}

#[test]
fn a_nan_shows() {
    for op in ["softmax", "log_softmax"] {
        check(op, [NAN, 1.0, 2.0], &[NAN; 3], &[NAN; 3]);
    }
    check("logsumexp", [NAN, 1.0, 2.0], &[NAN], &[NAN; 3]);
}

#[test]
fn the_smallest_of_numbers_ties_without_vanishing() {
    let tiny = f64::from_bits(1); // 5e-324, half of which is 0
    for x in [tiny, -tiny, 0.0, 1.0, f64::MAX, INFINITE, MASKED] {
        let tape = Tape::<f64>::new();
        let (a, b) = (tape.scalar(x), tape.scalar(x));
        let (most, least) = (a.maximum(b), a.minimum(b));
        assert_eq!((most.item(), least.item()), (x, x));
        let grads = (most + least * 10.0).backward();
        assert_eq!((grads[a].item(), grads[b].item()), (5.5, 5.5));
    }
}
