//! Losses where numbers end and where options reach their bounds: what PyTorch 2.15 says, in values and gradients, or a
//! sentence.

use gradbook_autograd::{Real, Tape, Tensor, Var};
use gradbook_nn::loss::{
    Reduction, binary_cross_entropy_with_logits, huber, kl_div, kl_div_log, l1, log_magnitude, mse,
    smooth_l1, spectral_convergence,
};

use crate::panics::says;

pub const MASKED: f64 = f64::NEG_INFINITY;
pub const INFINITE: f64 = f64::INFINITY;
pub const NAN: f64 = f64::NAN;

/// Fails unless every number is the expected one; NaN is NaN.
#[track_caller]
pub fn same<T: Real>(got: &Tensor<T>, expected: &[f64], tolerance: f64) {
    let got: Vec<f64> = got.as_slice().iter().map(|x| x.to_f64()).collect();
    let near = |(g, e): (&f64, &f64)| g == e || g.is_nan() && e.is_nan() || (g - e).abs() <= tolerance;
    assert!(
        got.len() == expected.len() && got.iter().zip(expected).all(near),
        "{got:?}, PyTorch has {expected:?}"
    );
}

#[test]
fn a_binary_cross_entropy_is_exact_on_both_sides() {
    fn of<T: Real>(x: f64, t: f64) -> (f64, f64, f64) {
        let tape = Tape::<T>::new();
        let (x, t) = (tape.scalar(x), tape.scalar(t));
        let loss = binary_cross_entropy_with_logits(x, t, Reduction::Mean);
        let grads = loss.backward();
        (loss.item(), grads[x].item().to_f64(), grads[t].item().to_f64())
    }
    // ln(1 + e⁻²⁰) = 2.0611536e−9, of which f32 keeps seven digits; PyTorch has 0 on the second side.
    for (x, t, slope) in [(20.0, 1.0, -2.061_153_6e-9), (-20.0, 0.0, 2.061_153_6e-9)] {
        for (loss, by_x, by_t) in [of::<f32>(x, t), of::<f64>(x, t)] {
            assert!(
                (loss - 2.061_153_62e-9).abs() < 1e-15 && (by_x - slope).abs() < 1e-15 && by_t == -x,
                "{loss} {by_x}"
            );
        }
    }
    for (x, t, value, slope) in [
        (800.0, 0.5, 400.0, 0.5),
        (0.0, 0.3, std::f64::consts::LN_2, 0.2),
        (-800.0, 1.0, 800.0, -1.0),
        (800.0, 0.0, 800.0, 1.0),
    ] {
        for (loss, by_x, _) in [of::<f32>(x, t), of::<f64>(x, t)] {
            assert!((loss - value).abs() < 1e-7 * value && (by_x - slope).abs() < 1e-7, "{loss} {by_x}");
        }
    }
    assert_eq!((of::<f64>(INFINITE, 0.0).0, of::<f64>(MASKED, 1.0).0), (INFINITE, INFINITE));
}

type Pairwise = for<'t> fn(Var<'t, f64>, Var<'t, f64>, Reduction) -> Var<'t, f64>;

/// Value and both gradients, element by element, with the cotangent 1, 2, 3, ….
#[track_caller]
fn elements(f: Pairwise, x: &[f64], t: &[f64], value: &[f64], by_x: &[f64], by_t: &[f64]) {
    let tape = Tape::new();
    let [x, t] = [x, t].map(|x| tape.var(Tensor::new([x.len()], x.to_vec())));
    let y = f(x, t, Reduction::None);
    same(&y.value(), value, 1e-14);
    let grads = y.backward_with(Tensor::new(y.shape(), (1..=value.len()).map(|i| i as f64).collect()));
    same(&grads[x], by_x, 1e-14);
    same(&grads[t], by_t, 1e-14);
}

#[test]
fn smooth_l1_without_a_parabola_is_l1_and_huber_without_an_end_half_of_mse() {
    let (x, t) = ([0.0, 1.0, -2.0], [0.0; 3]);
    for f in [(|x, t, r| smooth_l1(x, t, 0.0, r)) as Pairwise, |x, t, r| smooth_l1(x, t, 1e-310, r), l1] {
        elements(f, &x, &t, &[0.0, 1.0, 2.0], &[0.0, 2.0, -3.0], &[0.0, -2.0, 3.0]);
    }
    elements(
        |x, t, r| huber(x, t, INFINITE, r),
        &x,
        &t,
        &[0.0, 0.5, 2.0],
        &[0.0, 2.0, -6.0],
        &[0.0, -2.0, 6.0],
    );
    elements(mse, &x, &t, &[0.0, 1.0, 4.0], &[0.0, 4.0, -12.0], &[0.0, -4.0, 12.0]);
    let tiny = [0.0, 1e-310, 2e-310];
    elements(
        |x, t, r| huber(x, t, 1e-310, r),
        &x,
        &t,
        &tiny,
        &[0.0, 2e-310, -3e-310],
        &[0.0, -2e-310, 3e-310],
    );
    // β below every f32 is 0 there.
    let tape = Tape::<f32>::new();
    let x = tape.var(Tensor::new([2], vec![0.0, 3.0]));
    same(&smooth_l1(x, tape.constant(Tensor::zeros([2])), 1e-60, Reduction::None).value(), &[0.0, 3.0], 0.0);
}

#[test]
fn beta_and_delta_say_where_the_parabola_ends() {
    let (x, t) = ([0.5, 1.0, -1.0, 4.0], [0.0; 4]);
    elements(
        |x, t, r| huber(x, t, 1.0, r),
        &x,
        &t,
        &[0.125, 0.5, 0.5, 3.5],
        &[0.5, 2.0, -3.0, 4.0],
        &[-0.5, -2.0, 3.0, -4.0],
    );
    elements(
        |x, t, r| huber(x, t, 2.0, r),
        &x,
        &t,
        &[0.125, 0.5, 0.5, 6.0],
        &[0.5, 2.0, -3.0, 8.0],
        &[-0.5, -2.0, 3.0, -8.0],
    );
    elements(
        |x, t, r| smooth_l1(x, t, 2.0, r),
        &x,
        &t,
        &[0.0625, 0.25, 0.25, 3.0],
        &[0.25, 1.0, -1.5, 4.0],
        &[-0.25, -1.0, 1.5, -4.0],
    );
    elements(
        |x, t, r| smooth_l1(x, t, 0.5, r),
        &x,
        &t,
        &[0.25, 0.75, 0.75, 3.75],
        &[1.0, 2.0, -3.0, 4.0],
        &[-1.0, -2.0, 3.0, -4.0],
    );
}

#[test]
fn what_has_probability_zero_does_not_count_and_a_negative_one_is_nan() {
    let ln = 0.5f64.ln();
    elements(
        kl_div,
        &[-1.0, -2.0],
        &[-0.5, 0.5],
        &[NAN, 0.5 * (ln + 2.0)],
        &[0.5, -1.0],
        &[NAN, 2.0 * (ln + 3.0)],
    );
    // PyTorch has NaN where both sides say probability 0, and for the gradient of a target of 0.
    elements(kl_div, &[-1.0, MASKED], &[1.0, 0.0], &[1.0, 0.0], &[-1.0, 0.0], &[2.0, 0.0]);
    elements(
        kl_div,
        &[MASKED, -1.0],
        &[0.5, 0.5],
        &[INFINITE, 0.5 * (ln + 1.0)],
        &[-0.5, -1.0],
        &[INFINITE, 2.0 * (ln + 2.0)],
    );
    elements(kl_div_log, &[-1.0, MASKED], &[0.0, MASKED], &[1.0, 0.0], &[-1.0, 0.0], &[2.0, 0.0]);
    let p = (-1.0f64).exp();
    elements(
        kl_div_log,
        &[MASKED, -1.0],
        &[-1.0, -1.0],
        &[INFINITE, 0.0],
        &[-p, -2.0 * p],
        &[INFINITE, 2.0 * p],
    );
    // A probability of 10⁻⁴⁰ is below the normal numbers of f32, and counts.
    let tape = Tape::<f32>::new();
    let (x, t) = (tape.var(Tensor::new([1], vec![0.0])), tape.constant(Tensor::new([1], vec![1e-40])));
    let value = kl_div(x, t, Reduction::Sum).item();
    assert!((value / (1e-40 * 1e-40f64.ln()) - 1.0).abs() < 1e-4, "{value}");
}

#[test]
fn every_loss_of_pairs_wants_one_shape() {
    let tape = Tape::<f64>::new();
    let (x, t) = (tape.var(Tensor::filled([5, 1], 1.0)), tape.var(Tensor::filled([5], 1.0)));
    let (shapes, r) = ("  x [5, 1]   target [5]\n  rule: one shape", Reduction::Mean);
    says!(mse(x, t, r), "mse: x and its target differ", shapes);
    says!(l1(x, t, r), "l1: x and its target differ", shapes);
    says!(smooth_l1(x, t, 1.0, r), "smooth_l1: x and its target differ", shapes);
    says!(huber(x, t, 1.0, r), "huber: x and its target differ", shapes);
    says!(
        binary_cross_entropy_with_logits(x, t, r),
        "binary_cross_entropy_with_logits: x and its target differ",
        shapes
    );
    says!(kl_div(x, t, r), "kl_div: x and its target differ", shapes);
    says!(kl_div_log(x, t, r), "kl_div_log: x and its target differ", shapes);
    says!(spectral_convergence(x, t), "spectral_convergence: x and its target differ", shapes);
    says!(log_magnitude(x, t, 1e-5), "log_magnitude: x and its target differ", shapes);
}

#[test]
fn every_setting_of_a_loss_has_a_rule() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::filled([2], 1.0));
    let r = Reduction::Mean;
    for beta in [-1.0, NAN, INFINITE] {
        says!(smooth_l1(x, x, beta, r), format!("smooth_l1: beta is {beta}\n  rule: 0 ≤ beta < ∞"));
    }
    for delta in [0.0, -1.0, NAN] {
        says!(huber(x, x, delta, r), format!("huber: delta is {delta}\n  rule: delta > 0"));
    }
    for floor in [0.0, -1.0, NAN, INFINITE] {
        says!(
            log_magnitude(x, x, floor),
            format!("log_magnitude: the floor is {floor}\n  rule: 0 < floor < ∞")
        );
    }
}
