//! The exponential of `f32`, which fills vector registers, is as good as that of the standard library.

use gradbook_arrays::Real;

/// The distance from x to the next larger number of its magnitude.
fn ulp(x: f32) -> f64 {
    f64::from(f32::from_bits(x.abs().to_bits() + 1)) - f64::from(x.abs())
}

#[test]
fn the_exponential_in_f32_is_within_one_ulp_over_the_whole_range() {
    // Every 509th of all bit patterns: both signs, every exponent, results from subnormal to overflow.
    for x in (0..=u32::MAX).step_by(509).map(f32::from_bits).filter(|x| !x.is_nan()) {
        let (got, expected) = (Real::exp(x), f64::from(x).exp());
        if expected < f64::from(f32::MAX) {
            let error = (f64::from(got) - expected).abs() / ulp(expected as f32);
            assert!(error < 1.0, "exp({x:e}) = {got:e} is {error} ulp from {expected:e}");
        } else {
            assert_eq!(got, f32::INFINITY, "exp({x:e})");
        }
    }
}

#[test]
fn the_exponential_in_f32_knows_its_limits() {
    let exp = <f32 as Real>::exp;
    assert_eq!(
        (exp(0.0), exp(-0.0), exp(f32::INFINITY), exp(f32::NEG_INFINITY)),
        (1.0, 1.0, f32::INFINITY, 0.0)
    );
    assert!(exp(f32::NAN).is_nan() && exp(-f32::NAN).is_nan());
    assert_eq!(exp(-103.0), f32::from_bits(1)); // the smallest number there is
    assert_eq!((exp(-104.0), exp(88.8)), (0.0, f32::INFINITY));
}
