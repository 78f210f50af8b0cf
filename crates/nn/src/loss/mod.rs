//! Losses: scalars that measure how far an output is from its target. Functions of values on a tape, no state.

mod binary;
mod cross_entropy;
mod divergence;
mod regression;
mod spectral;

pub use binary::binary_cross_entropy_with_logits;
pub use cross_entropy::{CrossEntropy, cross_entropy};
pub use divergence::{kl_div, kl_div_log};
pub use regression::{huber, l1, mse, smooth_l1};
pub use spectral::{log_magnitude, spectral_convergence};

use gradbook_autograd::{Real, Var, check::GradCase, mismatch};
use serde::{Deserialize, Serialize};

/// Every loss, with the cases that prove its gradients.
pub static ALL: &[&GradCase] = &[
    &binary::BINARY,
    &cross_entropy::CROSS_ENTROPY,
    &divergence::KL_DIV,
    &regression::REGRESSION,
    &spectral::SPECTRAL,
];

/// How the losses of single elements (of cross-entropy: of rows) become one number.
///
/// ```
/// use gradbook_autograd::{Tape, Tensor};
/// use gradbook_nn::loss::{Reduction, l1};
/// let tape = Tape::<f64>::new();
/// let x = tape.var(Tensor::new([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
/// let zero = tape.constant(Tensor::zeros([2, 3]));
/// let loss = |reduction| l1(x, zero, reduction).value();
/// assert_eq!(loss(Reduction::Mean).item(), 3.5);
/// assert_eq!(loss(Reduction::Sum).item(), 21.0);
/// assert_eq!(loss(Reduction::BatchMean).item(), 10.5); // 21 of two rows
/// assert_eq!(loss(Reduction::None), x.value());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// Their mean.
    #[default]
    Mean,
    /// Their sum.
    Sum,
    /// Their sum over the length of the first axis.
    BatchMean,
    /// All of them, one by one.
    None,
}

impl Reduction {
    #[track_caller]
    fn apply<T: Real>(self, elements: Var<'_, T>) -> Var<'_, T> {
        match self {
            Self::Mean => elements.mean_all(),
            Self::Sum => elements.sum_all(),
            Self::BatchMean => {
                let batch = elements.shape().first().copied().unwrap_or(1);
                elements.sum_all() * (1.0 / batch as f64)
            }
            Self::None => elements,
        }
    }
}

/// Panics at the caller's line unless x and the target have one shape: a target that broadcasts, as `[5]` to `[5, 1]`,
/// would be compared with every row.
#[track_caller]
fn one_shape<T: Real>(loss: &str, x: Var<'_, T>, target: Var<'_, T>) {
    let (x, target) = (x.shape(), target.shape());
    if x != target {
        let operands = [("x", &x, ""), ("target", &target, "")];
        mismatch(
            loss,
            "x and its target differ",
            &operands,
            "one shape; `reshape` or `broadcast_to` says what is meant",
        );
    }
}

/// Panics at the caller's line unless the setting `what` of a loss fits its rule.
#[track_caller]
fn setting(loss: &str, what: &str, value: f64, fits: bool, rule: &str) {
    assert!(fits, "{loss}: {what} is {value}\n  rule: {rule}");
}
