//! Clipping and averaging by hand: limits, shares, and gradients that are no numbers.

use gradbook_autograd::{ParamGrads, ParamStore, Role, Tensor};
use gradbook_nn::{Clip, Method, Momentum, Optimizer, OptimizerConfig, WeightAverage, grad_norm};

const SGD: Method = Method::Sgd { momentum: Momentum::None };

/// The gradients [3, 4] of `a` and [12] of `b`, whose norm is 13, after clipping; and the norm that was told.
fn clipped(clip: Clip, first: f64) -> ([f64; 3], Option<f64>) {
    let (mut store, mut grads) = (ParamStore::<f64>::new(), ParamGrads::default());
    let a = store.add("a", Tensor::zeros([2]), Role::Trainable);
    let b = store.add("b", Tensor::zeros([1]), Role::Trainable);
    grads.set(a, Tensor::new([2], vec![first, 4.0]));
    grads.set(b, Tensor::new([1], vec![12.0]));
    let by_step = {
        let mut store = store.clone();
        let mut optimizer =
            Optimizer::new(OptimizerConfig { clip, ..OptimizerConfig::new(SGD, 1.0) }, &store).unwrap();
        let report = optimizer.step(&mut store, &grads);
        let [x, y] = [a, b].map(|id| store.get(id).map(|x| 0.0 - x));
        ([x.as_slice()[0], x.as_slice()[1], y.item()], report.grad_norm)
    };
    let norm = clip.apply(&store, &mut grads);
    let g = |id| grads.get(id).unwrap().as_slice();
    let alone = ([g(a)[0], g(a)[1], g(b)[0]], norm);
    assert_eq!(format!("{alone:?}"), format!("{by_step:?}"), "alone and in a step");
    alone
}

#[test]
fn clipping_holds_gradients_within_its_limit() {
    assert_eq!(clipped(Clip::None, 3.0), ([3.0, 4.0, 12.0], None));
    assert_eq!(clipped(Clip::Value(3.5), 3.0), ([3.0, 3.5, 3.5], None));
    assert_eq!(clipped(Clip::Value(3.5), -30.0), ([-3.5, 3.5, 3.5], None));
    assert_eq!(clipped(Clip::Norm(13.1), 3.0), ([3.0, 4.0, 12.0], Some(13.0)));
    let (g, norm) = clipped(Clip::Norm(6.5), 3.0);
    let scale = 6.5 / (13.0 + 1e-6);
    assert_eq!(norm, Some(13.0));
    assert!(g.iter().zip([3.0, 4.0, 12.0]).all(|(g, x)| (g - scale * x).abs() < 1e-14));
    // Already at the limit, the 10⁻⁶ in the denominator still counts, as in PyTorch.
    assert!((clipped(Clip::Norm(13.0), 3.0).0[2] - 12.0 * (13.0 / 13.000_001)).abs() < 1e-14);
}

#[test]
fn a_gradient_that_is_no_number_is_not_hidden_by_clipping() {
    let nan = f64::NAN;
    let (g, norm) = clipped(Clip::Norm(1.0), nan);
    assert!(g.iter().all(|g| g.is_nan()) && norm.unwrap().is_nan(), "{g:?}");
    let (g, norm) = clipped(Clip::Norm(1.0), f64::INFINITY);
    assert!(g[0].is_nan() && g[1..] == [0.0, 0.0] && norm == Some(f64::INFINITY), "{g:?}");
    let (g, _) = clipped(Clip::Value(1.0), nan);
    assert!(g[0].is_nan() && g[1..] == [1.0, 1.0], "{g:?}");
    assert_eq!(clipped(Clip::Value(1.0), f64::NEG_INFINITY).0, [-1.0, 1.0, 1.0]);
}

#[test]
fn the_norm_is_over_what_learns() {
    let (mut store, mut grads) = (ParamStore::<f32>::new(), ParamGrads::default());
    let w = store.add("w", Tensor::zeros([100_003]), Role::Trainable);
    let buffer = store.add("b", Tensor::zeros([1]), Role::Buffer);
    grads.set(w, Tensor::filled([100_003], 0.1));
    grads.set(buffer, Tensor::filled([1], 1e6));
    let norm = grad_norm(&store, &grads);
    assert!((norm - (100_003.0 * f64::from(0.1f32).powi(2)).sqrt()).abs() < 1e-9, "{norm}");
}

#[test]
fn an_average_moves_by_its_share() {
    for (decay, expected) in [(0.9, 1.1), (0.5, 1.5), (0.0, 2.0), (1.0, 1.0)] {
        let mut store = ParamStore::<f64>::new();
        let id = store.add("w", Tensor::filled([1], 1.0), Role::Trainable);
        let fixed = store.add("b", Tensor::filled([1], 5.0), Role::Buffer);
        let mut average = WeightAverage::new(decay, &store);
        *store.get_mut(id) = Tensor::filled([1], 2.0);
        *store.get_mut(fixed) = Tensor::filled([1], 6.0);
        average.update(&store);
        average.swap(&mut store);
        assert!((store.get(id).item() - expected).abs() < 1e-15 && store.get(fixed).item() == 6.0);
        average.swap(&mut store);
        assert_eq!(store.get(id).item(), 2.0);
    }
}
