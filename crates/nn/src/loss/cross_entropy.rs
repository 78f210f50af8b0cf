//! Cross-entropy of logits with class indices.

use gradbook_autograd::{Real, Tensor, Var, case, ops::Op};

use super::Reduction;

pub static CROSS_ENTROPY: Op = Op {
    name: "cross_entropy",
    formula: "−Σₖ qₖ·log softmax(x)ₖ",
    cases: |s| {
        let ([n, l], classes) = (s.dims(), s.int(2, 5));
        let x = s.normal(&[n, l, classes]);
        let target: &[usize] = (0..n * l).map(|_| s.int(0, classes - 1)).collect::<Vec<_>>().leak();
        let first = target[0];
        vec![
            case!([x.clone()], |x| cross_entropy(x[0], target)),
            case!([x.clone()], |x| {
                let smoothed = CrossEntropy { label_smoothing: 0.1, ..CrossEntropy::default() };
                smoothed.loss(x[0], target, Reduction::Sum)
            }),
            case!([x], |x| {
                let ignoring = CrossEntropy { ignore_index: Some(first), ..CrossEntropy::default() };
                ignoring.loss(x[0], target, Reduction::Mean)
            }),
        ]
    },
};

/// Cross-entropy with its options; [`cross_entropy`] is the plain one.
///
/// ```text
/// row loss = −Σₖ qₖ·log softmax(x)ₖ        qₖ = wₖ·((1 − ε)·[k = target] + ε/K)
/// mean     = Σ row loss / Σ w[target]      over rows that are not ignored
/// ```
///
/// With ε label smoothing (Szegedy et al. 2016) and w class weights, as in PyTorch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CrossEntropy {
    /// ε
    pub label_smoothing: f64,
    /// Rows with this target do not count.
    pub ignore_index: Option<usize>,
    /// w, one per class; empty for all ones.
    pub class_weights: Vec<f64>,
}

impl CrossEntropy {
    /// The loss of logits x `[…, class]` with one target per row. If all rows are ignored, it is 0.
    ///
    /// # Panics
    /// If there is not one target per row, or a target is no class.
    #[track_caller]
    pub fn loss<'t, T: Real>(&self, x: Var<'t, T>, targets: &[usize], reduction: Reduction) -> Var<'t, T> {
        let shape = x.shape();
        let classes = shape.last().copied().unwrap_or(0);
        assert!(
            targets.len() * classes == shape.size() && classes > 0,
            "cross_entropy: {} targets for x {shape:?} (…, class)\n  rule: one target per row",
            targets.len()
        );
        let weight = |class: usize| self.class_weights.get(class).copied().unwrap_or(1.0);
        let mut q = Tensor::zeros(shape);
        let mut total = 0.0;
        for (row, &target) in q.as_mut_slice().chunks_exact_mut(classes).zip(targets) {
            if Some(target) == self.ignore_index {
                continue;
            }
            assert!(target < classes, "cross_entropy: the target {target} is none of {classes} classes");
            for (class, q) in row.iter_mut().enumerate() {
                let hit = if class == target { 1.0 - self.label_smoothing } else { 0.0 };
                *q = T::of(-weight(class) * (hit + self.label_smoothing / classes as f64));
            }
            total += weight(target);
        }
        let sum = (x.log_softmax(shape.len() - 1) * x.tape().constant(q)).sum_all();
        match reduction {
            Reduction::Sum => sum,
            Reduction::Mean if total > 0.0 => sum * (1.0 / total),
            Reduction::Mean => sum, // every row is ignored
            Reduction::BatchMean => sum * (1.0 / shape[0] as f64),
        }
    }
}

/// The mean of `−log softmax(x)[target]` over rows, for logits x `[…, class]`.
///
/// ```
/// use gradbook_autograd::{Tape, Tensor};
/// use gradbook_nn::loss::cross_entropy;
/// let tape = Tape::<f64>::new();
/// let x = tape.var(Tensor::new([1, 2], vec![0.0, 3f64.ln()])); // probabilities ¼ and ¾
/// let loss = cross_entropy(x, &[1]);
/// assert!((loss.item() + 0.75f64.ln()).abs() < 1e-12);
/// assert!((loss.backward()[x].as_slice()[1] + 0.25).abs() < 1e-12); // p − 1
/// ```
#[track_caller]
pub fn cross_entropy<'t, T: Real>(x: Var<'t, T>, targets: &[usize]) -> Var<'t, T> {
    CrossEntropy::default().loss(x, targets, Reduction::Mean)
}
