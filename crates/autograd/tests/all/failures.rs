//! Wrong gradients of one's own: which oracle sees them, and where it says that they are.

use gradbook_autograd::{
    Dual, Real, Tape, Tensor, Var, case,
    check::{Oracle, Sabotage, Sampler, catches, catches_by, verify_op},
    ops::{self, Op},
};

/// y = x², whose gradient is put through `spoil(element, g)`.
fn square<'t, T: Real>(x: Var<'t, T>, spoil: fn(usize, f64) -> f64) -> Var<'t, T> {
    x.tape().custom(
        "square",
        &[x],
        |x| x[0].map(|x| x * x),
        move |x, _, mut g, sink| {
            g.zip_assign(&x[0], |g, x| g * T::of(2.0) * x);
            let spoilt = g.as_slice().iter().enumerate().map(|(i, &g)| g * T::of(spoil(i, 1.0)));
            let spoilt = Tensor::new(*g.shape(), spoilt.collect());
            sink.give(0, || spoilt);
        },
    )
}

#[test]
fn the_element_that_is_wrong_is_named() {
    let x = || Tensor::new([2, 2], vec![1.0, -2.0, 3.0, 0.5]);
    assert!(case!([x()], |x| square(x[0], |_, g| g)).verify(3).is_ok());
    for (spoil, element) in [
        ((|i, g| if i == 2 { 1.01 * g } else { g }) as fn(usize, f64) -> f64, 2),
        (
            |i, g| {
                if i == 0 {
                    1.001 * g
                } else if i == 3 {
                    2.0 * g
                } else {
                    g
                }
            },
            3,
        ), // the worst of two
        (|i, _| if i == 1 { f64::NAN } else { 1.0 }, 1),
    ] {
        let failure = case!([x()], |x| square(x[0], spoil)).verify(3).expect_err("a wrong gradient");
        assert_eq!((failure.oracle, failure.at), ("central differences", Some((0, element))));
        let ratio = failure.got / failure.expected;
        let wanted = spoil(element, 1.0);
        assert!((ratio - wanted).abs() < 1e-6 || ratio.is_nan() && wanted.is_nan(), "{ratio}, {wanted}");
    }
}

/// y = x, whose gradient is twice as large in numbers that cannot tell 1 + 10⁻⁹ from 1.
#[test]
fn what_single_precision_has_otherwise_is_named() {
    fn same<'t, T: Real>(x: Var<'t, T>) -> Var<'t, T> {
        let factor = if T::ONE + T::of(1e-9) == T::ONE { T::of(2.0) } else { T::ONE };
        let backward = move |g: Tensor<T>| g.map(|g| factor * g);
        x.tape().custom("same", &[x], |x| x[0].clone(), move |_, _, g, sink| sink.give(0, || backward(g)))
    }
    let failure = case!([Tensor::scalar(0.3)], |x| same(x[0])).verify(1).expect_err("in f32");
    assert_eq!((failure.oracle, failure.at), ("single precision", Some((0, 0))));
    assert!((failure.got / failure.expected - 2.0).abs() < 1e-6);
}

/// y = a + b, whose gradient in a is another one if nobody asks for that in b.
#[test]
fn a_gradient_that_depends_on_what_else_is_wanted_is_caught() {
    fn sum<'t, T: Real>(a: Var<'t, T>, b: Var<'t, T>) -> Var<'t, T> {
        a.tape().custom(
            "sum",
            &[a, b],
            |x| x[0].zip(&x[1], |a, b| a + b),
            |_, _, g, sink| {
                let factor = T::of(if sink.wants(1) { 1.0 } else { 2.0 });
                sink.give(0, || g.map(|g| g * factor));
                sink.give(1, || g);
            },
        )
    }
    let x = || Tensor::new([2], vec![0.3, 0.4]);
    let failure = case!([x(), x()], |x| sum(x[0], x[1])).verify(1).expect_err("twice the gradient");
    assert_eq!((failure.oracle, failure.at), ("making another argument constant", Some((0, 0))));
    assert_eq!(failure.got, 2.0 * failure.expected);
}

/// A gradient that is cut off where it is large: right for small cotangents, wrong for twice as large ones.
#[test]
fn a_gradient_that_is_not_linear_in_the_cotangent_is_caught() {
    fn cut<'t, T: Real>(x: Var<'t, T>) -> Var<'t, T> {
        let cut = |g: T| if g.abs() > T::ONE { T::ONE } else { g };
        x.tape().custom("cut", &[x], |x| x[0].clone(), move |_, _, g, sink| sink.give(0, || g.map(cut)))
    }
    let found: Vec<_> = (0..40)
        .filter_map(|seed| case!([Tensor::scalar(0.3)], |x| cut(x[0])).verify(seed).err())
        .map(|failure| failure.oracle)
        .collect();
    assert!(found.contains(&"doubling the cotangent") && found.contains(&"central differences"), "{found:?}");
}

/// An op with one right case and one wrong one.
static HALF_WRONG: Op = Op {
    name: "half_wrong",
    formula: "x²",
    cases: |s| {
        let x = s.nonzero(&[3]);
        vec![case!([x.clone()], |x| square(x[0], |_, g| g)), case!([x], |x| square(x[0], |_, g| 1.5 * g))]
    },
};

#[test]
fn all_cases_of_an_op_are_verified_and_one_that_fails_is_named() {
    let failure = verify_op(&HALF_WRONG, 9).expect_err("the second case is wrong");
    assert_eq!(failure.case, "half_wrong case 1 (seed 9)");
    let exp = ops::ALL.iter().find(|op| op.name == "exp").expect("an op");
    let (cases, errors) = verify_op(exp, 9).expect("right");
    assert_eq!(cases, (exp.cases)(&mut Sampler::new(9)).len());
    assert!(cases > 0 && errors.central > 0.0 && errors.central <= 1e-6 && errors.dual <= 1e-12);
}

#[test]
fn a_mistake_in_an_argument_that_an_op_does_not_have_is_none() {
    let exp = ops::ALL.iter().find(|op| op.name == "exp").expect("an op");
    let oracles = [Oracle::CentralDifferences, Oracle::DualNumbers, Oracle::SecondOrder];
    for (argument, seen) in [(0, true), (1, false)] {
        assert_eq!(catches(exp, argument, Sabotage::Zero, 1), seen);
        assert_eq!(oracles.map(|oracle| catches_by(oracle, exp, argument, Sabotage::Zero, 1)), [seen; 3]);
    }
}

#[test]
fn two_cotangents_of_one_root_add_up() {
    let tape = Tape::<f64>::new();
    let x = tape.scalar(3.0);
    let y = x * x;
    assert_eq!(tape.backward(&[(y, 1.0), (y, 0.5)])[x].item(), 9.0); // 1.5 · 2x
}

#[test]
fn a_dual_number_is_finite_if_its_value_and_its_derivative_are() {
    let finite = |re, du| Dual::new(re, du).is_finite();
    assert_eq!([finite(1.0, 2.0), finite(f64::NAN, 2.0), finite(1.0, f64::INFINITY)], [true, false, false]);
}
