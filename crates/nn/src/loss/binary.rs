//! Binary cross-entropy of logits: each number by itself is a yes or a no.

use gradbook_autograd::{Real, Var, case, ops::Op};

use super::Reduction;

pub static BINARY: Op = Op {
    name: "binary_cross_entropy_with_logits",
    formula: "ln(1 + eˣ) − t·x",
    cases: |s| {
        let shape = s.dims::<2>();
        let (x, target) = (s.normal(&shape), s.uniform(&shape, 0.0, 1.0));
        vec![case!([x, target], |x| binary_cross_entropy_with_logits(x[0], x[1], Reduction::Mean))]
    },
};

/// −t·log σ(x) − (1 − t)·log(1 − σ(x)) = ln(1 + eˣ) − t·x, for targets t between 0 and 1.
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
#[track_caller]
pub fn binary_cross_entropy_with_logits<'t, T: Real>(
    x: Var<'t, T>,
    target: Var<'t, T>,
    reduction: Reduction,
) -> Var<'t, T> {
    reduction.apply(x.softplus() - target * x)
}
