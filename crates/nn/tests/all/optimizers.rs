//! What optimizers do beyond PyTorch's: rows that start anew, shapes that change, groups by name, bits without threads.

use gradbook_autograd::{ParamGrads, ParamId, ParamStore, Role, Shape, Tensor};
use gradbook_nn::{Adam, Clip, Group, Method, Momentum, Optimizer, OptimizerConfig, Schedule};
use ndarray::{Array1, Array2};
use proptest::prelude::*;

const METHODS: [Method; 5] = [
    Method::Sgd { momentum: Momentum::Nesterov(0.9) },
    Method::Adam(Adam { betas: [0.9, 0.999], eps: 1e-8, amsgrad: false }),
    Method::AdamW(Adam { betas: [0.8, 0.9], eps: 1e-8, amsgrad: false }),
    Method::AdamW(Adam { betas: [0.9, 0.8], eps: 1e-8, amsgrad: true }),
    Method::Lion { betas: [0.9, 0.99] },
];

/// A made-up gradient of step `t` at element `i`.
fn gradient(t: usize, i: usize) -> f64 {
    ((t * 7 + i * 13) as f64).sin() + 0.1
}

fn store(shape: &[usize]) -> (ParamStore<f64>, ParamId) {
    let mut store = ParamStore::new();
    let elements = (0..shape.iter().product()).map(|i| (i as f64).cos()).collect();
    let id = store.add("codes", Tensor::new(shape, elements), Role::Trainable);
    (store, id)
}

fn step(optimizer: &mut Optimizer<f64>, store: &mut ParamStore<f64>, id: ParamId, g: impl Fn(usize) -> f64) {
    let shape = *store.get(id).shape();
    let mut grads = ParamGrads::default();
    grads.set(id, Tensor::new(shape, (0..shape.size()).map(g).collect()));
    optimizer.step(store, &grads);
}

proptest! {
    #[test]
    fn a_reset_row_learns_exactly_like_a_new_parameter(method in 0..5usize, before in 1..6usize, after in 1..6usize) {
        let config = OptimizerConfig { weight_decay: 0.1, ..OptimizerConfig::new(METHODS[method], 0.01) };
        let (mut whole, id) = store(&[4, 3]);
        let mut optimizer = Optimizer::new(config.clone(), &whole).expect("sound");
        let (mut untouched, other) = store(&[4, 3]);
        let mut reference = Optimizer::new(config.clone(), &untouched).expect("sound");
        for t in 0..before {
            step(&mut optimizer, &mut whole, id, |i| gradient(t, i));
            step(&mut reference, &mut untouched, other, |i| gradient(t, i));
        }
        optimizer.reset_rows(id, &[2]);
        let mut fresh = ParamStore::new();
        let row = whole.get(id).rows().row(2).to_owned();
        let new = fresh.add("codes", Tensor::from(row), Role::Trainable);
        let mut beginner = Optimizer::new(config, &fresh).expect("sound");
        for t in before..before + after {
            step(&mut optimizer, &mut whole, id, |i| gradient(t, i));
            step(&mut reference, &mut untouched, other, |i| gradient(t, i));
            step(&mut beginner, &mut fresh, new, |i| gradient(t, 6 + i));
        }
        prop_assert_eq!(whole.get(id).rows().row(2).to_vec(), fresh.get(new).as_slice());
        for row in [0, 1, 3] {
            prop_assert_eq!(whole.get(id).rows().row(row).to_vec(), untouched.get(other).rows().row(row).to_vec());
        }
    }

    #[test]
    fn a_grown_parameter_keeps_its_old_rows_and_starts_new_ones_afresh(method in 0..5usize, before in 1..5usize) {
        let config = OptimizerConfig::new(METHODS[method], 0.01);
        let (mut small, id) = store(&[2, 3]);
        let mut optimizer = Optimizer::new(config.clone(), &small).expect("sound");
        for t in 0..before {
            step(&mut optimizer, &mut small, id, |i| gradient(t, i));
        }
        let (mut alone, mut unchanged) = (small.clone(), optimizer.clone());
        let grown = [small.get(id).as_slice(), &[0.5; 6]].concat();
        *small.get_mut(id) = Tensor::new([4, 3], grown);
        optimizer.resize(id, &small);
        let mut fresh = ParamStore::new();
        let new = fresh.add("codes", Tensor::filled([2, 3], 0.5), Role::Trainable);
        let mut beginner = Optimizer::new(config, &fresh).expect("sound");
        for t in 9..12 {
            step(&mut optimizer, &mut small, id, |i| gradient(t, i));
            step(&mut unchanged, &mut alone, id, |i| gradient(t, i));
            step(&mut beginner, &mut fresh, new, |i| gradient(t, 6 + i));
        }
        prop_assert_eq!(&small.get(id).as_slice()[..6], alone.get(id).as_slice());
        prop_assert_eq!(&small.get(id).as_slice()[6..], fresh.get(new).as_slice());
    }
}

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

#[test]
fn a_group_has_its_own_rate_and_decay() {
    let mut store = ParamStore::<f64>::new();
    let names = ["enc.w", "enc.code.w", "encoder.w"];
    let ids = names.map(|name| store.add(name, Tensor::filled([1], 1.0), Role::Trainable));
    let group = |prefix: &str, rate_factor, weight_decay| Group {
        prefix: prefix.into(),
        rate_factor,
        weight_decay,
        method: None,
    };
    let sgd = Method::Sgd { momentum: Momentum::None };
    let config = OptimizerConfig {
        weight_decay: 0.5,
        groups: vec![group("enc", 0.1, None), group("enc.code", 0.0, Some(0.0))],
        ..OptimizerConfig::new(sgd, 1.0)
    };
    let mut optimizer = Optimizer::new(config.clone(), &store).expect("sound");
    let mut grads = ParamGrads::default();
    ids.iter().for_each(|id| grads.set(*id, Tensor::filled([1], 1.0)));
    optimizer.step(&mut store, &grads);
    let after = ids.map(|id| store.get(id).item());
    assert_eq!(after, [1.0 - 0.1 * 1.5, 1.0, 1.0 - 1.5]);

    let typo = OptimizerConfig { groups: vec![group("encodr", 1.0, None)], ..config };
    let error = Optimizer::new(typo, &store).expect_err("no parameter has this prefix").to_string();
    assert!(error.contains("encodr"), "{error}");
}

/// However wide the vectors are in which the rule computes.
#[test]
fn a_weight_among_many_learns_what_it_learns_alone() {
    for method in METHODS {
        let learned = |start: Tensor<f64>, first: usize| {
            let mut store = ParamStore::new();
            let id = store.add("weights", start, Role::Trainable);
            let config = OptimizerConfig { weight_decay: 0.1, ..OptimizerConfig::new(method, 0.01) };
            let mut optimizer = Optimizer::new(config, &store).expect("sound");
            (0..4).for_each(|t| step(&mut optimizer, &mut store, id, |i| gradient(t, first + i)));
            store.get(id).clone()
        };
        let (store, id) = store(&[103]);
        let many = store.get(id);
        let each = many.as_slice().iter().enumerate();
        let alone: Vec<f64> = each.map(|(i, &x)| learned(Tensor::new([1], vec![x]), i).item()).collect();
        assert_eq!(learned(many.clone(), 0).as_slice(), alone, "{method:?}");
    }
}

#[test]
fn an_update_has_the_same_bits_on_any_number_of_threads() {
    let train = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            let (mut store, id) = store(&[500, 300]);
            let config = OptimizerConfig { clip: Clip::Norm(1.0), ..OptimizerConfig::adam_w(1e-2) };
            let mut optimizer = Optimizer::new(config, &store).expect("sound");
            (0..3).for_each(|t| step(&mut optimizer, &mut store, id, |i| gradient(t, i)));
            store.get(id).clone()
        })
    };
    assert!(train(1) == train(3));
}

#[test]
#[should_panic(expected = "call `resize`")]
fn a_parameter_that_grew_unannounced_is_noticed() {
    let (mut store, id) = store(&[2, 3]);
    let mut optimizer = Optimizer::new(OptimizerConfig::adam(0.1), &store).expect("sound");
    *store.get_mut(id) = Tensor::zeros(Shape::new(&[4, 3]));
    step(&mut optimizer, &mut store, id, |_| 1.0);
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let wrong = |edit: &dyn Fn(&mut OptimizerConfig)| {
        let mut config = OptimizerConfig::adam(1e-3);
        edit(&mut config);
        config.validate().expect_err("a setting is wrong").what
    };
    assert_eq!(wrong(&|c: &mut OptimizerConfig| c.rate = f64::NAN), "optimizer.rate");
    let muon = |momentum, eps| Method::Muon { momentum, adam: Adam { eps, ..Adam::default() } };
    assert_eq!(wrong(&|c: &mut OptimizerConfig| c.method = muon(1.0, 1e-8)), "optimizer.method.momentum");
    assert_eq!(wrong(&|c: &mut OptimizerConfig| c.method = muon(0.9, 0.0)), "optimizer.method.eps");
    assert_eq!(wrong(&|c: &mut OptimizerConfig| c.clip = Clip::Norm(0.0)), "optimizer.clip");
    assert_eq!(
        wrong(&|c: &mut OptimizerConfig| c.method = Method::Lion { betas: [0.9, 1.0] }),
        "optimizer.method.betas"
    );
    assert_eq!(
        wrong(&|c: &mut OptimizerConfig| c.schedule = Schedule::Cosine { min: 0.0, steps: 0 }),
        "schedule.steps"
    );
    let unknown = "rate = 1.0\nmethod = { kind = \"adam\", beta = [0.9, 0.99] }";
    assert!(toml::from_str::<OptimizerConfig>(unknown).expect_err("unknown").to_string().contains("beta"));
    let unknown = "kind = \"cosine\"\nsteps = 3\nstart = 0.1";
    assert!(toml::from_str::<Schedule>(unknown).expect_err("unknown").to_string().contains("start"));
}

#[test]
fn a_configuration_survives_toml() {
    let warm = Schedule::Warmup { start: 0.0, steps: 10 };
    let config = OptimizerConfig {
        clip: Clip::Value(0.5),
        schedule: warm.then(10, Schedule::OneCycle { steps: 100, rise: 0.3, div: 25.0, final_div: 1e4 }),
        groups: vec![Group {
            prefix: "codebook".into(),
            rate_factor: 0.1,
            weight_decay: Some(0.0),
            method: None,
        }],
        ..OptimizerConfig::new(Method::Sgd { momentum: Momentum::Nesterov(0.9) }, 0.1)
    };
    let text = toml::to_string(&config).expect("a table");
    assert_eq!(toml::from_str::<OptimizerConfig>(&text).expect(&text), config);
}
