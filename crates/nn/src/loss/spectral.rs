//! Distances of magnitude spectrograms (Arik et al. 2019): one looks at the peaks, the other at the quiet parts.

use gradbook_autograd::{Real, Var, case, check::GradCase};

use super::{one_shape, setting};

pub static SPECTRAL: GradCase = GradCase {
    name: "spectral_convergence, log_magnitude",
    formula: "‖t − x‖/‖t‖, mean |ln t − ln x|",
    cases: |s| {
        let shape = s.dims::<2>();
        let x = s.uniform(&shape, 0.5, 1.0);
        let target = s.uniform(&shape, 1.1, 2.0);
        vec![
            case!([x.clone(), target.clone()], |x| spectral_convergence(x[0], x[1])),
            case!([x, target], |x| log_magnitude(x[0], x[1], 1e-3)),
        ]
    },
};

/// ‖t − x‖ / ‖t‖ over all elements of magnitude spectrograms of one shape.
///
/// ```
/// use gradbook_autograd::{Tape, Tensor};
/// use gradbook_nn::loss::spectral_convergence;
/// let tape = Tape::<f64>::new();
/// let x = tape.var(Tensor::new([1, 2], vec![0.0, 4.0]));
/// let target = tape.constant(Tensor::new([1, 2], vec![3.0, 4.0]));
/// assert!((spectral_convergence(x, target).item() - 0.6).abs() < 1e-12);
/// ```
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn spectral_convergence<'t, T: Real>(x: Var<'t, T>, target: Var<'t, T>) -> Var<'t, T> {
    one_shape("spectral_convergence", x, target);
    // The tiny term keeps the derivative of the root finite where there is no error at all.
    let norm = |x: Var<'t, T>| (x.square().sum_all() + 1e-24).sqrt();
    norm(target - x) / norm(target)
}

/// The mean of |ln t − ln x|, magnitudes below `floor` counting as `floor`.
///
/// ```
/// use gradbook_autograd::{Tape, Tensor};
/// use gradbook_nn::loss::log_magnitude;
/// let tape = Tape::<f64>::new();
/// let x = tape.var(Tensor::new([2], vec![1.0, 0.0]));
/// let target = tape.constant(Tensor::new([2], vec![1f64.exp(), 1e-5]));
/// assert!((log_magnitude(x, target, 1e-5).item() - 0.5).abs() < 1e-12);
/// ```
///
/// # Panics
/// If the shapes differ, or unless 0 < floor < ∞.
#[track_caller]
pub fn log_magnitude<'t, T: Real>(x: Var<'t, T>, target: Var<'t, T>, floor: f64) -> Var<'t, T> {
    one_shape("log_magnitude", x, target);
    setting("log_magnitude", "the floor", floor, floor > 0.0 && floor.is_finite(), "0 < floor < ∞");
    let log = |x: Var<'t, T>| x.clamp(floor, f64::INFINITY).ln();
    (log(target) - log(x)).abs().mean_all()
}
