//! Kullback–Leibler divergence between distributions.

use gradbook_autograd::{Real, Tensor, Var, case, check::GradCase};

use super::{Reduction, one_shape};

pub static KL_DIV: GradCase = GradCase {
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

/// t·(ln t − x) for *log*-probabilities x and target probabilities t. What has probability 0 does not count, even where
/// x = −∞ (PyTorch has NaN there); a negative t gives NaN.
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
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn kl_div<'t, T: Real>(x: Var<'t, T>, target: Var<'t, T>, reduction: Reduction) -> Var<'t, T> {
    one_shape("kl_div", x, target);
    let t = target.value();
    let counts = |i: usize| t.as_slice()[i].to_f64() != 0.0;
    let [x, target] = [(x, 0.0), (target, 1.0)].map(|(x, instead)| x.select(counts, like(x, instead)));
    reduction.apply(target * (target.ln() - x)) // 1·(ln 1 − 0) = 0 where nothing counts
}

/// [`kl_div`] for target *log*-probabilities: eᵗ·(t − x).
///
/// ```
/// use gradbook_autograd::{Tape, Tensor};
/// use gradbook_nn::loss::{Reduction, kl_div_log};
/// let tape = Tape::<f64>::new();
/// let x = tape.var(Tensor::filled([1, 2], 0.5f64.ln()));
/// let target = tape.constant(Tensor::new([1, 2], vec![0.0, f64::NEG_INFINITY]));
/// let loss = kl_div_log(x, target, Reduction::BatchMean);
/// assert!((loss.item() - 2f64.ln()).abs() < 1e-12);
/// ```
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn kl_div_log<'t, T: Real>(x: Var<'t, T>, log_target: Var<'t, T>, reduction: Reduction) -> Var<'t, T> {
    one_shape("kl_div_log", x, log_target);
    let t = log_target.value();
    let counts = |i: usize| t.as_slice()[i].to_f64() != f64::NEG_INFINITY;
    let [x, log_target] = [x, log_target].map(|x| x.select(counts, like(x, 0.0)));
    reduction.apply(log_target.exp() * (log_target - x))
}

/// A constant in the shape of x.
fn like<T: Real>(x: Var<'_, T>, value: f64) -> Var<'_, T> {
    x.tape().constant(Tensor::filled(x.shape(), T::of(value)))
}
