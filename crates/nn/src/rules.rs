//! The rules that numbers in a configuration keep, each with its sentence. Every config type has a `check` beside its
//! fields, made of these.

use std::ops::RangeInclusive;

use crate::ConfigError;

/// The last step that anything may happen at: exact as an `f64`, and further than any run comes.
pub const LAST_STEP: u64 = 1_000_000_000_000_000;

/// A finite number above 0.
///
/// # Errors
/// That `what` is `x`, which is not.
///
/// ```
/// use gradbook_nn::rules;
/// assert!(rules::positive("eps", 1e-8).is_ok());
/// assert_eq!(rules::positive("eps", -1.0).unwrap_err().to_string(), "eps = -1.0: a finite number above 0");
/// ```
pub fn positive(what: &str, x: f64) -> Result<(), ConfigError> {
    ConfigError::unless(x > 0.0 && x.is_finite(), what, x, "a finite number above 0")
}

/// A finite number, 0 or more.
///
/// # Errors
/// That `what` is `x`, which is not.
pub fn not_negative(what: &str, x: f64) -> Result<(), ConfigError> {
    ConfigError::unless(x >= 0.0 && x.is_finite(), what, x, "a finite number, 0 or more")
}

/// 0 ≤ x < 1.
///
/// # Errors
/// That `what` is `x`, which is not.
pub fn share(what: &str, x: f64) -> Result<(), ConfigError> {
    ConfigError::unless((0.0..1.0).contains(&x), what, x, "0 ≤ x < 1")
}

/// 0 ≤ x ≤ 1.
///
/// # Errors
/// That `what` is `x`, which is not.
pub fn fraction(what: &str, x: f64) -> Result<(), ConfigError> {
    ConfigError::unless((0.0..=1.0).contains(&x), what, x, "0 ≤ x ≤ 1")
}

/// A whole number within limits.
///
/// # Errors
/// That `what` is `n`, which is beyond them.
///
/// ```
/// use gradbook_nn::rules;
/// assert_eq!(rules::count("batch", 0, 1..=4096).unwrap_err().to_string(), "batch = 0: 1 to 4096");
/// ```
pub fn count(what: &str, n: usize, limits: RangeInclusive<usize>) -> Result<(), ConfigError> {
    let rule = format!("{} to {}", limits.start(), limits.end());
    ConfigError::unless(limits.contains(&n), what, n, &rule)
}

/// A step at which something happens, or a number of steps: at most [`LAST_STEP`].
///
/// # Errors
/// That `what` is `n`, which is more.
pub fn step(what: &str, n: u64) -> Result<(), ConfigError> {
    ConfigError::unless(n <= LAST_STEP, what, n, "0 to 10¹⁵ steps")
}

/// A number of steps that something takes, or from one time to the next: 1 to [`LAST_STEP`].
///
/// # Errors
/// That `what` is `n`, which is not.
pub fn steps(what: &str, n: u64) -> Result<(), ConfigError> {
    ConfigError::unless((1..=LAST_STEP).contains(&n), what, n, "1 to 10¹⁵ steps")
}

/// The value of a programmer's setting that keeps its rule.
#[track_caller]
pub(crate) fn required<X>(rule: Result<(), ConfigError>, value: X) -> X {
    match rule {
        Ok(()) => value,
        Err(error) => panic!("{error}"),
    }
}
