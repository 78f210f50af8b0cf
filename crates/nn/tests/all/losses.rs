//! Losses against PyTorch: values and gradients.

use crate::common::{Goldens, assert_close, permuted};
use gradbook_autograd::{Tape, Tensor, Var};
use gradbook_nn::loss::{
    CrossEntropy, Reduction, binary_cross_entropy_with_logits, cross_entropy, huber, kl_div, kl_div_log, l1,
    log_magnitude, mse, smooth_l1, spectral_convergence,
};

#[test]
fn losses_and_their_gradients_are_those_of_pytorch() {
    let goldens = Goldens::read("losses.safetensors");
    let mut seen = 0;
    for case in goldens.iter() {
        let reduction = match case.params["reduction"].as_str() {
            Some("sum") => Reduction::Sum,
            Some("batchmean") => Reduction::BatchMean,
            _ => Reduction::Mean,
        };
        // Classes are our last axis and PyTorch's second.
        let last = |x: Tensor<f64>| if case.name.ends_with("_length") { permuted(&x, &[0, 2, 1]) } else { x };
        let tape = Tape::new();
        let x = tape.var(last(case.tensor("x")));
        let t = case.get("target").map(|t| tape.var(t));
        let parameter = |name: &str| case.number(name).expect("a number");
        let pair = |f: for<'t> fn(Var<'t, f64>, Var<'t, f64>, Reduction) -> Var<'t, f64>| {
            f(x, t.expect("numbers"), reduction)
        };
        let loss = match case.op.as_str() {
            "mse" => pair(mse),
            "l1" => pair(l1),
            "smooth_l1" => smooth_l1(x, t.expect("numbers"), parameter("beta"), reduction),
            "huber" => huber(x, t.expect("numbers"), parameter("delta"), reduction),
            "kl_div" if case.params["log_target"] == true => pair(kl_div_log),
            "kl_div" => pair(kl_div),
            "bce_with_logits" if case.params["pos_weight"].is_null() => {
                pair(binary_cross_entropy_with_logits)
            }
            "cross_entropy" => {
                let index = |i: i64| usize::try_from(i).unwrap_or(usize::MAX);
                let targets: Vec<usize> = case.indices("target").iter().map(|i| index(*i)).collect();
                let weights = case.params["class_weights"].as_array();
                let options = CrossEntropy {
                    label_smoothing: case.number("label_smoothing").unwrap_or(0.0),
                    ignore_index: case.params["ignore_index"].as_i64().map(index),
                    class_weights: weights.iter().flat_map(|w| w.iter().filter_map(|w| w.as_f64())).collect(),
                };
                options.loss(x, &targets, reduction)
            }
            _ => continue,
        };
        assert_close(&case.name, &loss.value(), &case.tensor("y"));
        let grads = loss.backward();
        assert_close(&format!("{} dx", case.name), &grads[x], &last(case.tensor("dx")));
        if let (Some(t), Some(expected)) = (t, case.get("dtarget")) {
            assert_close(&format!("{} dtarget", case.name), &grads[t], &expected);
        }
        seen += 1;
    }
    assert_eq!(seen, 12 + 14 + 2 + 8, "all losses that we have");
}

#[test]
fn a_batch_of_ignored_rows_has_no_loss_and_no_gradient() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::new([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let options = CrossEntropy { ignore_index: Some(7), ..CrossEntropy::default() };
    let loss = options.loss(x, &[7, 7], Reduction::Mean);
    assert_eq!(loss.item(), 0.0);
    assert!(loss.backward()[x].as_slice().iter().all(|g| *g == 0.0));
}

#[test]
#[should_panic(expected = "none of 3 classes")]
fn a_target_that_is_no_class_is_named() {
    let tape = Tape::<f64>::new();
    cross_entropy(tape.var(Tensor::zeros([1, 3])), &[3]);
}

#[test]
fn spectral_losses_vanish_with_finite_gradients_where_both_are_equal() {
    let tape = Tape::<f32>::new();
    let x = tape.var(Tensor::new([1, 3], vec![0.0, 1.0, 2.0]));
    let target = tape.constant(x.value());
    let loss = spectral_convergence(x, target) + log_magnitude(x, target, 1e-5);
    assert!(loss.item() < 1e-6);
    assert!(loss.backward()[x].as_slice().iter().all(|g| g.is_finite()));
}

/// ‖t − x‖/‖t‖ with ‖t‖ = 5 and ‖t − x‖ = 3; and the mean of |ln t − ln x|, where 10⁻⁹ counts as 10⁻³.
#[test]
fn spectral_distances_by_hand() {
    use gradbook_nn::loss::{log_magnitude, spectral_convergence};
    let tape = Tape::<f64>::new();
    let row = |values: [f64; 2]| tape.constant(Tensor::new([1, 2], values.to_vec()));
    let near = |x: f64, expected: f64| assert!((x - expected).abs() < 1e-12, "{x} is not {expected}");
    near(spectral_convergence(row([0.0, 4.0]), row([3.0, 4.0])).item(), 0.6);
    near(spectral_convergence(row([6.0, 12.0]), row([3.0, 4.0])).item(), 73f64.sqrt() / 5.0);
    near(log_magnitude(row([1.0, 1e-9]), row([1f64.exp().powi(3), 1e-3]), 1e-3).item(), 1.5);
}
