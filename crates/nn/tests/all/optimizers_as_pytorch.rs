//! Optimizers, schedules and clipping against PyTorch.

use crate::common::{Case, Goldens, assert_close};
use gradbook_autograd::{ParamGrads, ParamId, ParamStore, Role, Tensor};
use gradbook_nn::{Adam, Clip, Method, Momentum, Optimizer, OptimizerConfig, Schedule};

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
        "Muon" => Method::Muon { momentum: number("momentum", 0.95), adam },
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
            assert!(
                (loss - losses.as_slice()[step - 1]).abs() < 1e-10 * loss.max(1.0),
                "{} step {step}",
                case.name
            );
            optimizer.step(&mut problem.store, &grads);
            if let Some(kept) = [1, 2, 5, 20].iter().position(|s| *s == step) {
                let at = |all: &Tensor<f64>| {
                    Tensor::from(all.view().index_axis(ndarray::Axis(0), kept).to_owned())
                };
                assert_close(&format!("{} w after {step}", case.name), problem.store.get(problem.w), &at(&w));
                assert_close(&format!("{} b after {step}", case.name), problem.store.get(problem.b), &at(&b));
            }
        }
        seen += 1;
    }
    assert_eq!(seen, 15, "SGD, Adam, AdamW, Lion and Muon with their options");
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
        let mut optimizer =
            Optimizer::new(OptimizerConfig { schedule, ..config }, &problem.store).expect("sound");
        for _ in 0..20 {
            let (_, grads) = problem.loss_and_grads();
            optimizer.step(&mut problem.store, &grads);
        }
        assert_close(&case.name, problem.store.get(problem.w), &case.tensor("w"));
        assert_close(&case.name, problem.store.get(problem.b), &case.tensor("b"));
        seen += 1;
    }
    assert_eq!(seen, 15 * 9);
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
