//! What ops do where the mathematics leaves a choice: at kinks, at ties, and at the rim of their domain. The reverse
//! sweep and forward mode make the same choice.

use gradbook_autograd::{Dual, Tape, Tensor, Var, jvp};

const INFINITY: f64 = f64::INFINITY;

/// The derivative of `$f` at a number, by the reverse sweep; forward mode must say the same.
macro_rules! slope {
    ($x:expr, |$v:ident| $f:expr) => {{
        let f = |$v: Var<'_, f64>| $f.backward()[$v].item();
        let tape = Tape::new();
        let reverse = f(tape.scalar($x));
        let forward = jvp(
            |v| {
                let $v = v[0];
                $f
            },
            &[Tensor::scalar($x)],
            &[Tensor::scalar(1.0)],
        );
        assert_eq!(forward.1.item(), reverse, "forward mode against the sweep at {}", $x);
        reverse
    }};
}

/// The value of `$f` at a number.
macro_rules! value {
    ($x:expr, |$v:ident| $f:expr) => {{
        let tape = Tape::<f64>::new();
        let $v = tape.scalar($x);
        $f.item()
    }};
}

/// Both partial derivatives of a function of two numbers, by the reverse sweep; forward mode must say the same.
macro_rules! slopes {
    ([$x:expr, $y:expr], |$a:ident, $b:ident| $f:expr) => {{
        let tape = Tape::<f64>::new();
        let ($a, $b) = (tape.scalar($x), tape.scalar($y));
        let grads = $f.backward();
        let reverse = (grads[$a].item(), grads[$b].item());
        let forward = |v: [f64; 2]| {
            let f = |v: &[Var<'_, Dual>]| {
                let ($a, $b) = (v[0], v[1]);
                $f.value().item().du
            };
            let tape = Tape::new();
            f(&[
                tape.constant(Tensor::scalar(Dual::new($x, v[0]))),
                tape.constant(Tensor::scalar(Dual::new($y, v[1]))),
            ])
        };
        assert_eq!((forward([1.0, 0.0]), forward([0.0, 1.0])), reverse, "forward mode against the sweep");
        reverse
    }};
}

#[test]
fn relu_is_flat_at_zero() {
    assert_eq!(slope!(0.0, |x| x.relu()), 0.0);
}

#[test]
fn relu_of_minus_infinity_is_zero_and_a_nan_stays_a_nan() {
    assert_eq!(value!(-INFINITY, |x| x.relu()), 0.0);
    assert!(value!(f64::NAN, |x| x.relu()).is_nan());
}

#[test]
fn leaky_relu_takes_the_slope_of_its_left_side_at_zero() {
    assert_eq!(slope!(0.0, |x| x.leaky_relu(0.2)), 0.2);
}

#[test]
fn elu_takes_the_slope_of_its_left_side_at_zero() {
    assert_eq!(slope!(0.0, |x| x.elu(0.7)), 0.7);
}

#[test]
#[should_panic(expected = "elu")]
fn elu_refuses_a_negative_alpha() {
    value!(-1.0, |x| x.elu(-0.5));
}

#[test]
fn abs_is_flat_at_zero() {
    assert_eq!(slope!(0.0, |x| x.abs()), 0.0);
}

#[test]
fn clamp_is_flat_at_both_bounds_and_outside() {
    for (x, expected) in [(-1.0, 0.0), (-0.5, 0.0), (0.3, 1.0), (2.0, 0.0), (3.0, 0.0)] {
        assert_eq!(slope!(x, |x| x.clamp(-0.5, 2.0)), expected, "at {x}");
    }
}

#[test]
fn clamp_keeps_a_nan() {
    assert!(value!(f64::NAN, |x| x.clamp(-0.5, 2.0)).is_nan());
}

#[test]
#[should_panic(expected = "clamp")]
fn clamp_refuses_bounds_in_the_wrong_order() {
    value!(0.0, |x| x.clamp(1.0, -1.0));
}

#[test]
fn a_tie_of_maximum_or_minimum_is_shared_in_halves() {
    assert_eq!(slopes!([2.0, 2.0], |a, b| a.maximum(b)), (0.5, 0.5));
    assert_eq!(slopes!([2.0, 2.0], |a, b| a.minimum(b)), (0.5, 0.5));
}

#[test]
fn a_tie_is_still_shared_when_a_dual_number_moves_one_side() {
    let tape = Tape::new();
    let (a, b) =
        (tape.var(Tensor::scalar(Dual::new(2.0, 1.0))), tape.var(Tensor::scalar(Dual::new(2.0, -3.0))));
    let grads = a.maximum(b).backward();
    assert_eq!((grads[a].item().re, grads[b].item().re), (0.5, 0.5));
}

#[test]
fn a_value_against_itself_has_slope_one() {
    assert_eq!(slope!(2.0, |x| x.maximum(x)), 1.0);
    assert_eq!(slope!(2.0, |x| x.minimum(x)), 1.0);
}

#[test]
fn a_tie_of_infinities_has_their_value() {
    assert_eq!(value!(INFINITY, |x| x.maximum(x)), INFINITY);
    assert_eq!(value!(-INFINITY, |x| x.minimum(x)), -INFINITY);
}

#[test]
fn a_nan_on_either_side_wins_maximum_and_minimum() {
    for (a, b) in [(f64::NAN, 1.0), (1.0, f64::NAN)] {
        let tape = Tape::<f64>::new();
        let (a, b) = (tape.scalar(a), tape.scalar(b));
        assert!(a.maximum(b).item().is_nan() && a.minimum(b).item().is_nan());
    }
}

#[test]
fn softplus_rises_by_a_half_at_zero() {
    assert_eq!(slope!(0.0, |x| x.softplus()), 0.5);
}

#[test]
fn a_power_of_zero_does_not_move_with_its_exponent() {
    for p in [0.0, 0.5, 2.0] {
        let tape = Tape::<f64>::new();
        let (x, p) = (tape.constant(Tensor::scalar(0.0)), tape.scalar(p));
        assert_eq!(x.pow(p).backward()[p].item(), 0.0);
    }
}

#[test]
fn a_constant_power_of_zero_has_the_limit_as_slope() {
    assert_eq!(slope!(0.0, |x| x.powf(2.0)), 0.0);
    assert_eq!(slope!(0.0, |x| x.powf(1.0)), 1.0);
    assert_eq!(slope!(0.0, |x| x.powf(0.0)), 0.0);
    assert_eq!(slope!(0.0, |x| x.powf(0.5)), INFINITY);
}

#[test]
fn what_select_leaves_out_gets_a_zero_even_if_it_is_not_finite() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::new([3], vec![1.0, f64::NAN, INFINITY]));
    let y = tape.var(Tensor::new([3], vec![-INFINITY, 5.0, 6.0]));
    let z = x.select(|i| i == 0, y);
    assert_eq!(z.value().as_slice(), [1.0, 5.0, 6.0]);
    let grads = z.backward_with(Tensor::new([3], vec![7.0, 8.0, 9.0]));
    assert_eq!((grads[x].as_slice(), grads[y].as_slice()), (&[7.0, 0.0, 0.0][..], &[0.0, 8.0, 9.0][..]));
}

#[test]
fn select_sums_the_gradient_of_what_it_broadcast() {
    let tape = Tape::<f64>::new();
    let (x, y) = (tape.scalar(1.0), tape.var(Tensor::zeros([2, 3])));
    let grads = x.select(|i| i % 2 == 0, y).sum_all().backward();
    assert_eq!((grads[x].item(), grads[y].as_slice()), (3.0, &[0.0, 1.0, 0.0, 1.0, 0.0, 1.0][..]));
}
