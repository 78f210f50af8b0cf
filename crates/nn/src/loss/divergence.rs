//! Kullback–Leibler divergence between distributions.

use gradbook_autograd::{Real, Var, case, ops::Op};

use super::Reduction;

pub static KL_DIV: Op = Op {
    name: "kl_div",
    formula: "t·(ln t − x)",
    cases: |s| {
        let shape = s.dims::<2>();
        let (x, target) = (s.normal(&shape), s.uniform(&shape, 0.1, 1.0));
        let log_target = s.normal(&shape);
        vec![
            case!([x.clone(), target], |x| kl_div(x[0], x[1], Reduction::BatchMean)),
            case!([x, log_target], |x| kl_div_log(x[0], x[1], Reduction::Mean)),
        ]
    },
};

/// t·(ln t − x) for *log*-probabilities x and target probabilities t, with 0·ln 0 = 0.
///
/// [`Reduction::BatchMean`] gives KL(t‖eˣ) per row.
///
/// ```
/// use gradbook_autograd::{Tape, Tensor};
/// use gradbook_nn::loss::{Reduction, kl_div};
/// let tape = Tape::<f64>::new();
/// let x = tape.var(Tensor::filled([1, 2], 0.5f64.ln()));
/// let target = tape.constant(Tensor::new([1, 2], vec![1.0, 0.0]));
/// let loss = kl_div(x, target, Reduction::BatchMean);
/// assert!((loss.item() - 2f64.ln()).abs() < 1e-12);
/// ```
#[track_caller]
pub fn kl_div<'t, T: Real>(x: Var<'t, T>, target: Var<'t, T>, reduction: Reduction) -> Var<'t, T> {
    // The smallest normal number of T stands in for 0, whose logarithm is infinite.
    let single = T::of(f64::MIN_POSITIVE) == T::ZERO;
    let tiny = if single { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
    let log = target.clamp(tiny, f64::INFINITY).ln();
    reduction.apply(target * (log - x))
}

/// [`kl_div`] for target *log*-probabilities: eᵗ·(t − x).
#[track_caller]
pub fn kl_div_log<'t, T: Real>(x: Var<'t, T>, log_target: Var<'t, T>, reduction: Reduction) -> Var<'t, T> {
    reduction.apply(log_target.exp() * (log_target - x))
}
