//! Muon: how far it moves a matrix, and what it leaves to other methods.

use gradbook_autograd::{ParamGrads, ParamStore, Role, Shape, Tensor};
use gradbook_nn::{Adam, Group, Method, Momentum, Optimizer, OptimizerConfig};
use ndarray::{Array1, Array2};
use proptest::prelude::*;

use crate::optimizers::gradient;

/// The first step of Muon on a weight of zeros, with rate 1.
fn muon_step(gradient: Array2<f64>) -> Array2<f64> {
    let mut store = ParamStore::new();
    let id = store.add("w", Tensor::zeros(Shape::new(gradient.shape())), Role::Trainable);
    let config = OptimizerConfig::new(Method::Muon { momentum: 0.95, adam: Adam::default() }, 1.0);
    let mut grads = ParamGrads::default();
    grads.set(id, Tensor::from(gradient));
    Optimizer::new(config, &store).expect("sound").step(&mut store, &grads);
    store.get(id).rows().to_owned()
}

proptest! {
    #[test]
    fn muon_moves_a_matrix_about_as_far_along_all_its_directions((r, c) in (1..7usize, 1..7usize), seed in 0..99usize) {
        let g = Array2::from_shape_fn((r, c), |(i, j)| gradient(seed + i, j));
        let step = muon_step(g.clone());
        let flipped = muon_step(g.t().to_owned());
        prop_assert!((&step.t() - &flipped).iter().all(|d| d.abs() < 1e-9), "{step} and {flipped}");
        // −0.2√max(r, c)·O: along the gradient at first, and no direction farther than the polynomial's 1.2.
        let o = step / (-0.2 * (r.max(c) as f64).sqrt());
        prop_assert!((&o * &g).sum() > 0.0);
        let longest = |v: usize| o.dot(&Array1::from_shape_fn(c, |j| gradient(v, j))).pow2().sum()
            / Array1::from_shape_fn(c, |j| gradient(v, j)).pow2().sum();
        prop_assert!((0..20).all(|v| longest(v) < 1.25 * 1.25));
        // The largest singular value of the gradient, and so any matrix of rank one, comes to 0.7 … 1.2.
        if r.min(c) == 1 {
            let length = o.iter().map(|o| o * o).sum::<f64>().sqrt();
            prop_assert!((0.67..1.25).contains(&length), "{length}");
        }
    }
}

#[test]
fn under_muon_biases_follow_adam_w_and_a_group_may_have_another_method() {
    let mut store = ParamStore::<f64>::new();
    let names = ["bias", "codes"];
    let shapes = [Shape::new(&[2]), Shape::new(&[2, 2])];
    let ids = [0, 1].map(|i| store.add(names[i], Tensor::filled(shapes[i], 1.0), Role::Trainable));
    let codes = Group {
        prefix: "codes".into(),
        rate_factor: 1.0,
        weight_decay: Some(0.0),
        method: Some(Method::Sgd { momentum: Momentum::None }),
    };
    let muon = Method::Muon { momentum: 0.95, adam: Adam::default() };
    let config =
        OptimizerConfig { weight_decay: 0.5, groups: vec![codes], ..OptimizerConfig::new(muon, 0.1) };
    let mut optimizer = Optimizer::new(config, &store).expect("sound");
    let mut grads = ParamGrads::default();
    (0..2).for_each(|i| grads.set(ids[i], Tensor::filled(shapes[i], 2.0)));
    optimizer.step(&mut store, &grads);
    let after = ids.map(|id| store.get(id).as_slice()[0]);
    assert!((after[0] - (0.95 - 0.1)).abs() < 1e-7 && (after[1] - 0.8).abs() < 1e-12, "{after:?}");
}
