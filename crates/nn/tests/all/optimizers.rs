//! What optimizers do beyond PyTorch's: rows that start anew, shapes that change, groups by name, bits without threads.

use gradbook_autograd::{ParamGrads, ParamId, ParamStore, Role, Shape, Tensor};
use gradbook_nn::{Adam, Clip, Group, Method, Momentum, Optimizer, OptimizerConfig, Schedule};
use proptest::prelude::*;

const METHODS: [Method; 5] = [
    Method::Sgd { momentum: Momentum::Nesterov(0.9) },
    Method::Adam(Adam { betas: [0.9, 0.999], eps: 1e-8, amsgrad: false }),
    Method::AdamW(Adam { betas: [0.8, 0.9], eps: 1e-8, amsgrad: false }),
    Method::AdamW(Adam { betas: [0.9, 0.8], eps: 1e-8, amsgrad: true }),
    Method::Lion { betas: [0.9, 0.99] },
];

/// A made-up gradient of step `t` at element `i`.
pub fn gradient(t: usize, i: usize) -> f64 {
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
        let error = Optimizer::new(config, &store(&[2, 3]).0).expect_err("a setting is wrong");
        format!("{} = {}", error.what, error.got)
    };
    let method = |method| wrong(&|c: &mut OptimizerConfig| c.method = method);
    let schedule = |schedule: Schedule| wrong(&|c: &mut OptimizerConfig| c.schedule = schedule.clone());
    let muon = |momentum, eps| Method::Muon { momentum, adam: Adam { eps, ..Adam::default() } };
    assert_eq!(wrong(&|c: &mut OptimizerConfig| c.rate = f64::NAN), "optimizer.rate = NaN");
    assert_eq!(wrong(&|c: &mut OptimizerConfig| c.weight_decay = -0.1), "optimizer.weight_decay = -0.1");
    assert_eq!(wrong(&|c: &mut OptimizerConfig| c.clip = Clip::Norm(0.0)), "optimizer.clip.norm = 0.0");
    assert_eq!(wrong(&|c: &mut OptimizerConfig| c.clip = Clip::Value(-1.0)), "optimizer.clip.value = -1.0");
    assert_eq!(method(muon(1.0, 1e-8)), "optimizer.method.momentum = 1.0");
    assert_eq!(method(muon(0.9, 0.0)), "optimizer.method.adam.eps = 0.0");
    assert_eq!(method(Method::Adam(Adam { eps: -1.0, ..Adam::default() })), "optimizer.method.eps = -1.0");
    assert_eq!(method(Method::Lion { betas: [0.9, 1.0] }), "optimizer.method.betas = 1.0");
    for (momentum, name) in [(Momentum::Classical(7.0), "classical"), (Momentum::Nesterov(7.0), "nesterov")] {
        assert_eq!(method(Method::Sgd { momentum }), format!("optimizer.method.momentum.{name} = 7.0"));
    }
    let group = Group { prefix: "w".into(), rate_factor: -1.0, weight_decay: None, method: None };
    let groups = |group: &Group| wrong(&|c: &mut OptimizerConfig| c.groups = vec![group.clone()]);
    assert_eq!(groups(&group), "optimizer.groups.w.rate_factor = -1.0");
    let group = Group { rate_factor: 1.0, weight_decay: Some(f64::INFINITY), ..group };
    assert_eq!(groups(&group), "optimizer.groups.w.weight_decay = inf");
    let group = Group { weight_decay: None, method: Some(muon(2.0, 1e-8)), ..group };
    assert_eq!(groups(&group), "optimizer.groups.w.method.momentum = 2.0");

    let late = 2_000_000_000_000_000;
    let then = Schedule::Constant.then(late, Schedule::Constant);
    for (wanted, wrong) in [
        ("start = -1.0", Schedule::Warmup { start: -1.0, steps: 3 }),
        ("steps = 0", Schedule::Warmup { start: 0.0, steps: 0 }),
        ("steps = 0", Schedule::Cosine { min: 0.0, steps: 0 }),
        ("min = inf", Schedule::Cosine { min: f64::INFINITY, steps: 3 }),
        ("steps = 0", Schedule::Linear { end: 0.0, steps: 0 }),
        ("end = -0.5", Schedule::Linear { end: -0.5, steps: 3 }),
        ("every = 0", Schedule::Step { every: 0, factor: 0.5 }),
        ("factor = -0.5", Schedule::Step { every: 3, factor: -0.5 }),
        ("factor = NaN", Schedule::Exponential { factor: f64::NAN }),
        ("factor = -0.5", Schedule::Piecewise { milestones: vec![], factor: -0.5 }),
        ("milestones = 2000000000000000", Schedule::Piecewise { milestones: vec![1, late], factor: 0.5 }),
        ("steps = 0", Schedule::OneCycle { steps: 0, rise: 0.3, div: 25.0, final_div: 1e4 }),
        ("rise = 1.0", Schedule::OneCycle { steps: 10, rise: 1.0, div: 25.0, final_div: 1e4 }),
        ("div = 0.0", Schedule::OneCycle { steps: 10, rise: 0.3, div: 0.0, final_div: 1e4 }),
        ("final_div = -1.0", Schedule::OneCycle { steps: 10, rise: 0.3, div: 25.0, final_div: -1.0 }),
        ("steps = 2000000000000000", then),
        ("first.factor = -1.0", Schedule::Exponential { factor: -1.0 }.then(3, Schedule::Constant)),
        ("second.factor = -1.0", Schedule::Constant.then(3, Schedule::Exponential { factor: -1.0 })),
    ] {
        assert_eq!(schedule(wrong), format!("optimizer.schedule.{wanted}"));
    }
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
