//! Optimizers and schedules against PyTorch, and what PyTorch's do not have: rows that start anew, shapes that change.

mod common;

use common::{Case, Goldens, assert_close};
use gradbook_autograd::{ParamGrads, ParamId, ParamStore, Role, Shape, Tensor};
use gradbook_nn::{Adam, Clip, Group, Method, Momentum, Optimizer, OptimizerConfig, Schedule};
use proptest::prelude::*;

/// The least-squares problem of the golden trajectories: Σ(x·wᵀ + b − target)²/(2N).
struct Problem {
    x: Tensor<f64>,
    target: Tensor<f64>,
    store: ParamStore<f64>,
    w: ParamId,
    b: ParamId,
}

impl Problem {
    fn new(goldens: &Goldens) -> Self {
        let case = goldens.case("problem");
        let mut store = ParamStore::new();
        let w = store.add("w", case.tensor("w"), Role::Trainable);
        let b = store.add("b", case.tensor("b"), Role::Trainable);
        Self { x: case.tensor("x"), target: case.tensor("target"), store, w, b }
    }

    fn loss_and_grads(&self) -> (f64, ParamGrads<f64>) {
        let (x, w, b) = (self.x.rows(), self.store.get(self.w).rows(), self.store.get(self.b).rows());
        let n = x.nrows() as f64;
        let error = x.dot(&w.t()) + b - self.target.rows();
        let mut grads = ParamGrads::default();
        grads.set(self.w, Tensor::from(error.t().dot(&x) / n));
        grads.set(self.b, Tensor::from(error.sum_axis(ndarray::Axis(0)) / n));
        (error.mapv(|e| e * e).sum() / (2.0 * n), grads)
    }
}

/// PyTorch's name and arguments as our configuration; `None` for methods we do not have.
fn config(case: &Case) -> Option<OptimizerConfig> {
    let number = |name: &str, default: f64| case.number(name).unwrap_or(default);
    let betas = |default: [f64; 2]| match case.params["betas"].as_array() {
        Some(pair) => [0, 1].map(|i| pair[i].as_f64().expect("a number")),
        None => default,
    };
    let adam = Adam {
        betas: betas([0.9, 0.999]),
        eps: number("eps", 1e-8),
        amsgrad: case.params["amsgrad"].as_bool().unwrap_or(false),
    };
    let method = match case.op.as_str() {
        "SGD" => Method::Sgd {
            momentum: match (case.number("momentum"), case.params["nesterov"].as_bool()) {
                (None, _) => Momentum::None,
                (Some(mu), Some(true)) => Momentum::Nesterov(mu),
                (Some(mu), _) => Momentum::Classical(mu),
            },
        },
        "Adam" => Method::Adam(adam),
        "AdamW" => Method::AdamW(adam),
        "Lion" => Method::Lion { betas: betas([0.9, 0.99]) },
        _ => return None,
    };
    let config = OptimizerConfig::new(method, number("lr", 0.0));
    Some(OptimizerConfig { weight_decay: number("weight_decay", 0.0), ..config })
}

fn schedule(case: &Case) -> Option<Schedule> {
    let number = |name: &str| case.number(name).expect("a number");
    let int = |name: &str| case.int(name).expect("an integer") as u64;
    Some(match case.name.as_str() {
        "constant" => Schedule::Constant,
        "warmup" => Schedule::Warmup { start: number("start"), steps: int("steps") },
        "cosine" => Schedule::Cosine { min: number("min"), steps: int("steps") },
        "step" => Schedule::Step { every: int("every"), factor: number("factor") },
        "exponential" => Schedule::Exponential { factor: number("factor") },
        "one_cycle" => Schedule::OneCycle {
            steps: int("steps"),
            rise: number("rise"),
            div: number("div"),
            final_div: number("final_div"),
        },
        "linear" => Schedule::Linear { end: number("end"), steps: int("steps") },
        "piecewise" => Schedule::Piecewise {
            milestones: case.params["milestones"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|m| m.as_u64().expect("an integer"))
                .collect(),
            factor: number("factor"),
        },
        "warmup_cosine" => Schedule::Warmup { start: number("start"), steps: int("warmup") }.then(
            int("warmup"),
            Schedule::Cosine { min: number("min"), steps: int("steps") - int("warmup") },
        ),
        _ => return None,
    })
}

#[test]
fn twenty_steps_of_every_optimizer_are_those_of_pytorch() {
    let goldens = Goldens::read("optimizers.safetensors");
    let mut seen = 0;
    for case in goldens.iter() {
        let Some(config) = config(case) else { continue };
        let mut problem = Problem::new(&goldens);
        let mut optimizer = Optimizer::new(config, &problem.store).expect("a sound configuration");
        let (w, b, losses) = (case.tensor("w"), case.tensor("b"), case.tensor("losses"));
        for step in 1..=20 {
            let (loss, grads) = problem.loss_and_grads();
            assert!((loss - losses.as_slice()[step - 1]).abs() < 1e-10 * loss.max(1.0), "{} step {step}", case.name);
            optimizer.step(&mut problem.store, &grads);
            if let Some(kept) = [1, 2, 5, 20].iter().position(|s| *s == step) {
                let at = |all: &Tensor<f64>| Tensor::from(all.view().index_axis(ndarray::Axis(0), kept).to_owned());
                assert_close(&format!("{} w after {step}", case.name), problem.store.get(problem.w), &at(&w));
                assert_close(&format!("{} b after {step}", case.name), problem.store.get(problem.b), &at(&b));
            }
        }
        seen += 1;
    }
    assert_eq!(seen, 13, "SGD, Adam, AdamW and Lion with their options");
}

#[test]
fn every_optimizer_under_every_schedule_is_that_of_pytorch() {
    let problems = Goldens::read("optimizers.safetensors");
    let goldens = Goldens::read("schedules.safetensors");
    let mut seen = 0;
    for case in goldens.iter().filter(|case| case.name.contains('+')) {
        let (optimizer, rate) = case.name.split_once('+').expect("optimizer+schedule");
        let Some(config) = config(problems.case(optimizer)) else { continue };
        let schedule = schedule(goldens.case(rate)).expect("a schedule of ours");
        let mut problem = Problem::new(&problems);
        let mut optimizer = Optimizer::new(OptimizerConfig { schedule, ..config }, &problem.store).expect("sound");
        for _ in 0..20 {
            let (_, grads) = problem.loss_and_grads();
            optimizer.step(&mut problem.store, &grads);
        }
        assert_close(&case.name, problem.store.get(problem.w), &case.tensor("w"));
        assert_close(&case.name, problem.store.get(problem.b), &case.tensor("b"));
        seen += 1;
    }
    assert_eq!(seen, 13 * 9);
}

#[test]
fn schedules_have_the_values_of_pytorch() {
    let goldens = Goldens::read("schedules.safetensors");
    let found = goldens.iter().filter_map(|case| Some((case, schedule(case)?)));
    let mut seen = 0;
    for (case, schedule) in found {
        let got = (0..40).map(|t| schedule.at(t)).collect();
        assert_close(&case.name, &Tensor::new([40], got), &case.tensor("multiplier"));
        seen += 1;
    }
    assert_eq!(seen, 9);
}

#[test]
fn clipping_is_that_of_pytorch() {
    let goldens = Goldens::read("optimizers.safetensors");
    for (name, clip) in [
        ("clip_norm", Clip::Norm(1.5)),
        ("clip_norm_unclipped", Clip::Norm(50.0)),
        ("clip_value", Clip::Value(0.6)),
    ] {
        let (mut store, mut grads) = (ParamStore::new(), ParamGrads::default());
        let ids = ["a", "b", "c"].map(|key| {
            let g = goldens.case("clip_gradients").tensor(key);
            let id = store.add(key, g.clone(), Role::Trainable);
            grads.set(id, g);
            (key, id)
        });
        let norm = clip.apply(&store, &mut grads);
        let case = goldens.case(name);
        for (key, id) in ids {
            assert_close(name, grads.get(id).expect("set above"), &case.tensor(key));
        }
        assert_eq!(norm.is_some(), case.get("norm").is_some());
        if let (Some(got), Some(expected)) = (norm, case.get("norm")) {
            assert!((got - expected.item()).abs() < 1e-10);
        }
    }
}

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

#[test]
fn a_group_has_its_own_rate_and_decay() {
    let mut store = ParamStore::<f64>::new();
    let names = ["enc.w", "enc.code.w", "encoder.w"];
    let ids = names.map(|name| store.add(name, Tensor::filled([1], 1.0), Role::Trainable));
    let group = |prefix: &str, rate_factor, weight_decay| Group { prefix: prefix.into(), rate_factor, weight_decay };
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
    let wrong = |edit: fn(&mut OptimizerConfig)| {
        let mut config = OptimizerConfig::adam(1e-3);
        edit(&mut config);
        config.validate().expect_err("a setting is wrong").what
    };
    assert_eq!(wrong(|c| c.rate = f64::NAN), "optimizer.rate");
    assert_eq!(wrong(|c| c.clip = Clip::Norm(0.0)), "optimizer.clip");
    assert_eq!(wrong(|c| c.method = Method::Lion { betas: [0.9, 1.0] }), "optimizer.method.betas");
    assert_eq!(wrong(|c| c.schedule = Schedule::Cosine { min: 0.0, steps: 0 }), "schedule.steps");
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
        groups: vec![Group { prefix: "codebook".into(), rate_factor: 0.1, weight_decay: Some(0.0) }],
        ..OptimizerConfig::new(Method::Sgd { momentum: Momentum::Nesterov(0.9) }, 0.1)
    };
    let text = toml::to_string(&config).expect("a table");
    assert_eq!(toml::from_str::<OptimizerConfig>(&text).expect(&text), config);
}
