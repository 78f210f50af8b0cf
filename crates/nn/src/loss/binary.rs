//! Binary cross-entropy of logits: each number by itself is a yes or a no.

use gradbook_autograd::{Real, Var, case, check::GradCase};

use super::{Reduction, one_shape};

pub static BINARY: GradCase = GradCase {
    name: "binary_cross_entropy_with_logits",
    formula: "t·ln(1 + e⁻ˣ) + (1 − t)·ln(1 + eˣ)",
    cases: |s| {
        let shape = s.dims::<2>();
        let (x, target) = (s.normal(&shape), s.uniform(&shape, 0.0, 1.0));
        vec![case!([x, target], |x| binary_cross_entropy_with_logits(x[0], x[1], Reduction::Mean))]
    },
};

/// −t·log σ(x) − (1 − t)·log(1 − σ(x)) for targets t between 0 and 1, as t·ln(1 + e⁻ˣ) + (1 − t)·ln(1 + eˣ): no term is
/// negative, so that even a loss of 10⁻²⁰ is exact.
///
/// ```
/// use gradbook_autograd::{Tape, Tensor};
/// use gradbook_nn::loss::{Reduction, binary_cross_entropy_with_logits};
/// let tape = Tape::<f64>::new();
/// let x = tape.scalar(0.0);
/// let loss = binary_cross_entropy_with_logits(x, tape.constant(Tensor::scalar(1.0)), Reduction::Mean);
/// assert!((loss.item() - 2f64.ln()).abs() < 1e-12);
/// assert_eq!(loss.backward()[x].item(), -0.5); // σ(x) − t
/// ```
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn binary_cross_entropy_with_logits<'t, T: Real>(
    x: Var<'t, T>,
    target: Var<'t, T>,
    reduction: Reduction,
) -> Var<'t, T> {
    one_shape("binary_cross_entropy_with_logits", x, target);
    reduction.apply(target * (-x).softplus() + (1.0 - target) * x.softplus())
}
