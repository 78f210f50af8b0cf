//! Distances of numbers: squared, absolute, and the two smooth mixtures of both.

use gradbook_autograd::{Real, Var, case, check::GradCase};

use super::{Reduction, one_shape, setting};

pub static REGRESSION: GradCase = GradCase {
    name: "mse, l1, smooth_l1, huber",
    formula: "d², |d|, d²/2β or |d| − β/2, with d = x − t",
    cases: |s| {
        let shape = s.dims::<2>();
        let target = s.normal(&shape);
        // Differences away from the kink at 0 and from β.
        let x = target.zip(&s.away_from(&shape, &[0.0, 0.6, -0.6]), |t, d| t + d);
        vec![
            case!([x.clone(), target.clone()], |x| mse(x[0], x[1], Reduction::Mean)),
            case!([x.clone(), target.clone()], |x| l1(x[0], x[1], Reduction::Sum)),
            case!([x.clone(), target.clone()], |x| smooth_l1(x[0], x[1], 0.6, Reduction::BatchMean)),
            case!([x.clone(), target.clone()], |x| huber(x[0], x[1], 0.6, Reduction::Mean)),
            case!([x, target], |x| huber(x[0], x[1], f64::INFINITY, Reduction::None)),
        ]
    },
};

/// (x − t)²
///
/// ```
/// use gradbook_autograd::{Tape, Tensor};
/// use gradbook_nn::loss::{Reduction, mse};
/// let tape = Tape::<f64>::new();
/// let x = tape.var(Tensor::new([2], vec![1.0, 4.0]));
/// let target = tape.constant(Tensor::new([2], vec![0.0, 2.0]));
/// let loss = mse(x, target, Reduction::Mean);
/// assert_eq!(loss.item(), 2.5);
/// assert_eq!(loss.backward()[x].as_slice(), [1.0, 2.0]);
/// ```
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn mse<'t, T: Real>(x: Var<'t, T>, target: Var<'t, T>, reduction: Reduction) -> Var<'t, T> {
    one_shape("mse", x, target);
    reduction.apply((x - target).square())
}

/// |x − t|, with derivative 0 at x = t.
///
/// ```
/// use gradbook_autograd::{Tape, Tensor};
/// use gradbook_nn::loss::{Reduction, l1};
/// let tape = Tape::<f64>::new();
/// let x = tape.var(Tensor::new([2], vec![-3.0, 2.0]));
/// let loss = l1(x, tape.constant(Tensor::new([2], vec![0.0, 2.0])), Reduction::Mean);
/// assert_eq!(loss.item(), 1.5);
/// assert_eq!(loss.backward()[x].as_slice(), [-0.5, 0.0]);
/// ```
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn l1<'t, T: Real>(x: Var<'t, T>, target: Var<'t, T>, reduction: Reduction) -> Var<'t, T> {
    one_shape("l1", x, target);
    reduction.apply((x - target).abs())
}

/// d²/(2β) where d = |x − t| < β, else d − β/2 (Girshick 2015). β = 0 is [`l1`].
///
/// ```
/// use gradbook_autograd::{Tape, Tensor};
/// use gradbook_nn::loss::{Reduction, smooth_l1};
/// let tape = Tape::<f64>::new();
/// let x = tape.var(Tensor::new([2], vec![1.0, 5.0]));
/// let loss = smooth_l1(x, tape.constant(Tensor::zeros([2])), 2.0, Reduction::Sum);
/// assert_eq!(loss.item(), 0.25 + 4.0);
/// assert_eq!(loss.backward()[x].as_slice(), [0.5, 1.0]);
/// ```
///
/// # Panics
/// If the shapes differ, or unless 0 ≤ β < ∞.
#[track_caller]
pub fn smooth_l1<'t, T: Real>(
    x: Var<'t, T>,
    target: Var<'t, T>,
    beta: f64,
    reduction: Reduction,
) -> Var<'t, T> {
    one_shape("smooth_l1", x, target);
    setting("smooth_l1", "beta", beta, beta.is_finite() && beta >= 0.0, "0 ≤ beta < ∞");
    if T::of(beta) == T::ZERO {
        return l1(x, target, reduction);
    }
    let distance = (x - target).abs();
    let inner = distance.clamp(0.0, beta); // the part of the way on which the loss is a parabola
    reduction.apply(inner * (inner / beta) * 0.5 + (distance - inner))
}

/// d²/2 where d = |x − t| < δ, else δ(d − δ/2) (Huber 1964). δ = ∞ is half of [`mse`].
///
/// ```
/// use gradbook_autograd::{Tape, Tensor};
/// use gradbook_nn::loss::{Reduction, huber};
/// let tape = Tape::<f64>::new();
/// let x = tape.var(Tensor::new([2], vec![1.0, 5.0]));
/// let loss = huber(x, tape.constant(Tensor::zeros([2])), 2.0, Reduction::Sum);
/// assert_eq!(loss.item(), 0.5 + 8.0);
/// assert_eq!(loss.backward()[x].as_slice(), [1.0, 2.0]);
/// ```
///
/// # Panics
/// If the shapes differ, or unless δ > 0.
#[track_caller]
pub fn huber<'t, T: Real>(x: Var<'t, T>, target: Var<'t, T>, delta: f64, reduction: Reduction) -> Var<'t, T> {
    one_shape("huber", x, target);
    setting("huber", "delta", delta, delta > 0.0, "delta > 0");
    let distance = (x - target).abs();
    let inner = distance.clamp(0.0, delta);
    reduction.apply(inner * (distance - inner * 0.5))
}
