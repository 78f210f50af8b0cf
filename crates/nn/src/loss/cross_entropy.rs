//! Cross-entropy of logits with class indices.

use gradbook_autograd::{Real, Shape, Tensor, Var, case, check::GradCase};

use super::{Reduction, setting};

pub static CROSS_ENTROPY: GradCase = GradCase {
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
/// row loss = −Σₖ qₖ·log softmax(x)ₖ        qₖ = wₖ·((1 − ε)·[k = target] + ε/K)       K classes
/// mean     = Σ row loss / Σ w[target]      over rows that are not ignored
/// ```
///
/// With ε label smoothing (Szegedy et al. 2016) and w class weights, as in PyTorch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CrossEntropy {
    /// ε, the share of the target that all classes divide up. With a class that is masked out the loss is ∞.
    pub label_smoothing: f64,
    /// Rows with this target do not count.
    pub ignore_index: Option<usize>,
    /// w ≥ 0, one per class; empty for all ones.
    pub class_weights: Vec<f64>,
}

impl CrossEntropy {
    /// The loss of logits x `[…, class]` with one target per row: of −∞ for a class that is masked out, say. With
    /// [`Reduction::None`] it has the shape of x without the classes, and ignored rows are 0. If all rows are ignored, the
    /// mean is 0 (PyTorch has NaN).
    ///
    /// # Panics
    /// If there is not one target per row, a target is no class, ε is not within 0 to 1, or there is not one finite
    /// weight ≥ 0 per class.
    #[track_caller]
    pub fn loss<'t, T: Real>(&self, x: Var<'t, T>, targets: &[usize], reduction: Reduction) -> Var<'t, T> {
        let shape = x.shape();
        let classes = self.check(&shape, targets);
        let weight = |class: usize| self.class_weights.get(class).copied().unwrap_or(1.0);
        let count = |row: &usize| Some(targets[*row]) != self.ignore_index;
        let rows: Vec<usize> = (0..targets.len()).filter(count).collect();
        // Ignored rows are left out from the start: whatever they hold, they get gradient 0.
        let mut log_p = x.reshape([targets.len(), classes]);
        if rows.len() < targets.len() {
            log_p = log_p.gather_rows(&rows);
        }
        log_p = log_p.log_softmax(1);
        let column = |values: Vec<f64>| {
            x.tape().constant(Tensor::new([values.len()], values.into_iter().map(T::of).collect()))
        };
        let places: Vec<usize> =
            rows.iter().enumerate().map(|(i, &row)| i * classes + targets[row]).collect();
        let hits = log_p.reshape([rows.len() * classes]).gather_rows(&places);
        let share = self.label_smoothing;
        let mut losses =
            hits * column(rows.iter().map(|&row| -weight(targets[row]) * (1.0 - share)).collect());
        if share > 0.0 {
            let smooth = column((0..classes).map(|class| -weight(class) * share / classes as f64).collect());
            losses = losses + (log_p * smooth).sum(&[1]);
        }
        let total: f64 = rows.iter().map(|&row| weight(targets[row])).sum();
        match reduction {
            Reduction::None => {
                let lead = &shape[..shape.len() - 1];
                losses.scatter_add(&rows, targets.len()).reshape(lead)
            }
            Reduction::Mean if rows.is_empty() => losses.sum_all(),
            Reduction::Mean => losses.sum_all() * (1.0 / total),
            Reduction::Sum => losses.sum_all(),
            Reduction::BatchMean => {
                let batch = if shape.len() > 1 { shape[0] } else { 1 };
                losses.sum_all() * (1.0 / batch as f64)
            }
        }
    }

    /// The number of classes, if everything fits.
    #[track_caller]
    fn check(&self, shape: &Shape, targets: &[usize]) -> usize {
        let classes = shape.last().copied().unwrap_or(0);
        assert!(
            targets.len() * classes == shape.size() && classes > 0,
            "cross_entropy: {} targets for x {shape:?} (…, class)\n  rule: one target per row",
            targets.len()
        );
        let wrong = targets.iter().find(|target| **target >= classes && Some(**target) != self.ignore_index);
        if let Some(target) = wrong {
            panic!(
                "cross_entropy: the target {target} is none of {classes} classes\n  rule: below {classes}"
            );
        }
        let share = self.label_smoothing;
        setting("cross_entropy", "label_smoothing", share, (0.0..=1.0).contains(&share), "between 0 and 1");
        let weights = &self.class_weights;
        assert!(
            weights.is_empty() || weights.len() == classes,
            "cross_entropy: {} class weights for {classes} classes\n  rule: one weight per class",
            weights.len()
        );
        for &w in weights {
            setting(
                "cross_entropy",
                "a class weight",
                w,
                w.is_finite() && w >= 0.0,
                "finite and not negative",
            );
        }
        classes
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
