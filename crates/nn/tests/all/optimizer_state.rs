//! What optimizers and averages carry along: moments and ages row by row, as a checkpoint has them.

use gradbook_autograd::{ParamGrads, ParamId, ParamStore, Role, Tensor};
use gradbook_nn::{Adam, Method, Optimizer, OptimizerConfig, State, Value, WeightAverage};

use crate::panics::says;

const MUON: Method =
    Method::Muon { momentum: 0.75, adam: Adam { betas: [0.9, 0.999], eps: 1e-8, amsgrad: false } };

fn weight(values: [f64; 6]) -> (ParamStore<f64>, ParamId) {
    let mut store = ParamStore::new();
    let id = store.add("w", Tensor::new([3, 2], values.to_vec()), Role::Trainable);
    (store, id)
}

fn grads_of(id: ParamId, g: Tensor<f64>) -> ParamGrads<f64> {
    let mut grads = ParamGrads::default();
    grads.set(id, g);
    grads
}

fn value(optimizer: &Optimizer<f64>, name: &str) -> Value<f64> {
    optimizer.state().into_iter().find(|(own, _)| own == name).expect("part of the state").1
}

#[test]
fn every_row_has_its_age() {
    let (mut store, id) = weight([1.0; 6]);
    let mut adam = Optimizer::new(OptimizerConfig::adam(0.1), &store).expect("sound");
    let ages = |adam: &Optimizer<f64>| value(adam, "age/w");
    assert_eq!(ages(&adam), Value::Counts(vec![0; 3]));
    let grads = grads_of(id, Tensor::filled([3, 2], 1.0));
    adam.step(&mut store, &grads);
    assert_eq!(ages(&adam), Value::Counts(vec![1; 3]));
    adam.reset_rows(id, &[1]);
    adam.step(&mut store, &grads);
    assert_eq!(ages(&adam), Value::Counts(vec![2, 1, 2]));
    *store.get_mut(id) = Tensor::filled([4, 2], 1.0);
    adam.resize(id, &store);
    assert_eq!(ages(&adam), Value::Counts(vec![2, 1, 2, 0]));
    *store.get_mut(id) = Tensor::filled([1, 2], 1.0);
    adam.resize(id, &store);
    assert_eq!(ages(&adam), Value::Counts(vec![2]));
}

/// m ← μm + (1 − μ)g: 0.25 · 8, then 0.75 · 2 + 0.25 · 4.
#[test]
fn the_momentum_of_muon_is_an_average_of_gradients() {
    let (mut store, id) = weight([0.0; 6]);
    let mut muon = Optimizer::new(OptimizerConfig::new(MUON, 0.1), &store).expect("sound");
    for (g, m) in [(8.0, 2.0), (4.0, 2.5)] {
        muon.step(&mut store, &grads_of(id, Tensor::filled([3, 2], g)));
        assert_eq!(value(&muon, "m/w"), Value::Tensor(Tensor::filled([3, 2], m)));
    }
}

/// A matrix is orthogonalized as a whole, however old its rows are.
#[test]
fn rows_of_several_ages_are_one_matrix_to_muon() {
    let step = |reset: bool| {
        let (mut store, id) = weight([0.0; 6]);
        let mut muon = Optimizer::new(OptimizerConfig::new(MUON, 0.1), &store).expect("sound");
        let g = Tensor::new([3, 2], vec![3.0, 1.0, 0.0, 0.0, -2.0, 5.0]); // row 1 has no momentum to lose
        muon.step(&mut store, &grads_of(id, g));
        if reset {
            muon.reset_rows(id, &[1]);
        }
        muon.step(&mut store, &grads_of(id, Tensor::new([3, 2], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])));
        store.get(id).clone()
    };
    assert_eq!(step(true), step(false));
}

#[test]
fn a_gradient_of_another_shape_is_refused_although_the_parameter_fits() {
    let (mut store, id) = weight([0.0; 6]);
    let mut adam = Optimizer::new(OptimizerConfig::adam(0.1), &store).expect("sound");
    let grads = grads_of(id, Tensor::filled([2, 3], 1.0));
    says!(
        adam.step(&mut store, &grads),
        "optimizer: `w` changed its shape",
        "parameter [3, 2]   gradient [2, 3]"
    );
}

#[test]
fn a_group_moves_at_the_common_rate_unless_it_says_otherwise() {
    let config: OptimizerConfig = toml::from_str(
        "rate = 0.1\nmethod = { kind = \"adam\" }\n[[groups]]\nprefix = \"w\"\nweight_decay = 0.5",
    )
    .expect("sound");
    let rule = config.rule("w");
    assert_eq!((rule.rate_factor, rule.decay), (1.0, 0.5));
}

/// s ← s + (1 − γ)(θ − s) with γ = ¾, and rows that were overwritten begin anew.
#[test]
fn an_average_takes_over_the_rows_that_were_overwritten_and_no_others() {
    let (mut store, id) = weight([0.0; 6]);
    let other = store.add("v", Tensor::new([1], vec![8.0]), Role::Trainable);
    let buffer = store.add("b", Tensor::new([1], vec![8.0]), Role::Buffer);
    let mut average = WeightAverage::new(0.75, &store);
    *store.get_mut(id) = Tensor::new([3, 2], vec![4.0, 8.0, 12.0, 16.0, 20.0, 24.0]);
    *store.get_mut(other) = Tensor::new([1], vec![0.0]);
    average.update(&store);
    average.overwrite_rows(id, &[1], &store);
    average.overwrite_rows(buffer, &[0], &store); // of which there is no average
    let shadow = |average: &WeightAverage<f64>| {
        average
            .state()
            .into_iter()
            .map(|(name, value)| match value {
                Value::Tensor(value) => (name, value.as_slice().to_vec()),
                Value::Counts(_) => panic!("an average is a tensor"),
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        shadow(&average),
        [("w".into(), vec![1.0, 2.0, 12.0, 16.0, 5.0, 6.0]), ("v".into(), vec![6.0])]
    );
    average.overwrite_rows(id, &[0, 2], &store);
    assert_eq!(shadow(&average)[0].1, [4.0, 8.0, 12.0, 16.0, 20.0, 24.0]);
    // Of another shape, all of it.
    *store.get_mut(id) = Tensor::new([2, 2], vec![7.0; 4]);
    average.overwrite_rows(id, &[0], &store);
    assert_eq!(shadow(&average), [("w".into(), vec![7.0; 4]), ("v".into(), vec![6.0])]);
    // And all of a store.
    average.replace(&store);
    assert_eq!(shadow(&average)[1].1, [0.0]);
}
