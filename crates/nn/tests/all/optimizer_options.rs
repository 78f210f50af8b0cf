//! Each option of an optimizer has a number that someone worked out: change the option, and
//! the number changes in the stated way.

use gradbook_autograd::{ParamGrads, ParamStore, Role, Tensor};
use gradbook_nn::{Adam, Group, Method, Momentum, Optimizer, OptimizerConfig, Schedule};

use crate::panics::says;

const SGD: Method = Method::Sgd { momentum: Momentum::None };

/// θ after each step, from θ = 1 with these gradients.
fn path(config: OptimizerConfig, gradients: &[f64]) -> Vec<f64> {
    let mut store = ParamStore::<f64>::new();
    let id = store.add("w", Tensor::filled([1], 1.0), Role::Trainable);
    let mut optimizer = Optimizer::new(config, &store).expect("sound");
    let step = |&g: &f64| {
        let mut grads = ParamGrads::default();
        grads.set(id, Tensor::filled([1], g));
        optimizer.step(&mut store, &grads);
        store.get(id).item()
    };
    gradients.iter().map(step).collect()
}

/// The path of a method at rate 0.1 with weight decay λ.
#[track_caller]
fn goes(method: Method, weight_decay: f64, gradients: &[f64], expected: &[f64]) {
    let config = OptimizerConfig { weight_decay, ..OptimizerConfig::new(method, 0.1) };
    let got = path(config, gradients);
    assert!(
        got.iter().zip(expected).all(|(g, e)| (g - e).abs() < 1e-12) && got.len() == expected.len(),
        "{got:?}, not {expected:?}"
    );
}

#[test]
fn sgd_and_its_momenta() {
    goes(SGD, 0.0, &[0.5, 0.5], &[0.95, 0.9]);
    goes(SGD, 0.2, &[0.5, 0.5], &[0.93, 0.8614]); // 1 − 0.1(0.5 + 0.2·1), 0.93 − 0.1(0.5 + 0.2·0.93)
    // m = 0.5, then 0.9·0.5 + 0.5 = 0.95.
    goes(Method::Sgd { momentum: Momentum::Classical(0.9) }, 0.0, &[0.5, 0.5], &[0.95, 0.855]);
    goes(Method::Sgd { momentum: Momentum::Classical(0.5) }, 0.0, &[0.5, 0.5], &[0.95, 0.875]);
    // g + μm = 0.5 + 0.45, then 0.5 + 0.855.
    goes(Method::Sgd { momentum: Momentum::Nesterov(0.9) }, 0.0, &[0.5, 0.5], &[0.905, 0.7695]);
    // Decay joins the gradient and so the momentum: m = 0.7, then 0.63 + 0.5 + 0.186.
    goes(Method::Sgd { momentum: Momentum::Classical(0.9) }, 0.2, &[0.5, 0.5], &[0.93, 0.7984]);
    goes(Method::Sgd { momentum: Momentum::Nesterov(0.9) }, 0.2, &[0.5], &[0.867]); // 1 − 0.1·0.7·1.9
}

#[test]
fn adam_and_its_options() {
    let adam = |betas, eps, amsgrad| Method::Adam(Adam { betas, eps, amsgrad });
    // The first step is −rate·g/(|g| + ε) whatever β.
    goes(adam([0.9, 0.999], 0.5, false), 0.0, &[0.5], &[0.95]);
    goes(adam([0.9, 0.999], 1.5, false), 0.0, &[0.5], &[0.975]);
    goes(adam([0.3, 0.2], 0.5, false), 0.0, &[-0.5], &[1.05]);
    // m = 1.75, v = 2.4375, m̂ = 1.75/0.75, v̂ = 2.4375/0.4375.
    goes(adam([0.5, 0.75], 1.0, false), 0.0, &[1.0, 3.0], &[0.95, 0.880_563_560_944_783_2]);
    goes(adam([0.9, 0.75], 1.0, false), 0.0, &[1.0, 3.0], &[0.95, 0.888_916_816_770_974_7]);
    goes(adam([0.5, 0.999], 1.0, false), 0.0, &[1.0, 3.0], &[0.95, 0.877_906_001_778_314_3]);
    let (fading, kept) = (
        [0.902_393_225_657_483, 0.886_121_822_058_713_4],
        [0.908_013_606_859_115_3, 0.896_638_987_036_072_8],
    );
    goes(adam([0.5, 0.5], 1.0, false), 0.0, &[2.0, 0.0, 0.0], &[14.0 / 15.0, fading[0], fading[1]]);
    goes(adam([0.5, 0.5], 1.0, true), 0.0, &[2.0, 0.0, 0.0], &[14.0 / 15.0, kept[0], kept[1]]);
    // λ in the gradient: g = 0.5 + 0.2; or beside it: 0.98·θ first.
    goes(adam([0.9, 0.999], 0.7, false), 0.2, &[0.5, 0.5], &[0.95, 0.900_198_628_618_846_4]);
    let beside = Method::AdamW(Adam { eps: 0.5, ..Adam::default() });
    goes(beside, 0.2, &[0.5, 0.5], &[0.93, 0.8614]);
    assert_eq!(Adam::default(), Adam { betas: [0.9, 0.999], eps: 1e-8, amsgrad: false });
    assert_eq!(
        (OptimizerConfig::adam(0.1).weight_decay, OptimizerConfig::adam_w(0.1).weight_decay),
        (0.0, 0.01)
    );
}

#[test]
fn lion_and_muon() {
    // Each step is ±rate after the decay. m = 0.005; then c = 0.9·0.005 − 0.1·0.04 > 0, but 0.5·0.005 − 0.5·0.04 < 0.
    goes(Method::Lion { betas: [0.9, 0.99] }, 0.2, &[0.5, -0.04], &[0.88, 0.7624]);
    goes(Method::Lion { betas: [0.5, 0.99] }, 0.2, &[0.5, -0.04], &[0.88, 0.9624]);
    // With β₂ = 0.9 the first gradient weighs 0.05, and 0.5·0.05 outweighs 0.5·0.04.
    goes(Method::Lion { betas: [0.5, 0.9] }, 0.2, &[0.5, -0.04], &[0.88, 0.7624]);
    goes(Method::Lion { betas: [0.9, 0.99] }, 0.0, &[0.0], &[1.0]);

    let muon = |momentum, weight_decay, gradients: &[f64]| {
        let mut store = ParamStore::<f64>::new();
        let id = store.add("w", Tensor::filled([1, 1], 1.0), Role::Trainable);
        let config = OptimizerConfig {
            weight_decay,
            ..OptimizerConfig::new(Method::Muon { momentum, adam: Adam::default() }, 0.5)
        };
        let mut optimizer = Optimizer::new(config, &store).expect("sound");
        for &g in gradients {
            let mut grads = ParamGrads::default();
            grads.set(id, Tensor::filled([1, 1], g));
            optimizer.step(&mut store, &grads);
        }
        store.get(id).item()
    };
    let step = 0.069_643_640_946_975; // 0.5 · 0.2√1 · 0.69643641, what the polynomial makes of 1 in five rounds
    assert!((muon(0.95, 0.0, &[3.0]) - (1.0 - step)).abs() < 1e-12);
    assert!((muon(0.95, 0.4, &[3.0]) - (0.8 - step)).abs() < 1e-12); // 1 − ηλ = 0.8
    // m = 0.15, then 0.95·0.15 − 0.05 > 0, and so is d; with μ = 0.1, m = 2.7 − … and d < 0.
    assert!((muon(0.95, 0.0, &[3.0, -1.0]) - (1.0 - 2.0 * step)).abs() < 1e-12);
    assert!((muon(0.1, 0.0, &[3.0, -1.0]) - 1.0).abs() < 1e-12);
}

#[test]
fn groups_and_the_schedule_scale_the_rate_and_the_report_tells_it() {
    let mut store = ParamStore::<f64>::new();
    let ids = ["a.w", "b.w"].map(|name| store.add(name, Tensor::filled([1], 1.0), Role::Trainable));
    let group = Group { prefix: "b".into(), rate_factor: 0.5, weight_decay: Some(1.0), method: None };
    let schedule = Schedule::Step { every: 1, factor: 0.5 };
    let mut optimizer = Optimizer::new(
        OptimizerConfig { schedule, groups: vec![group], ..OptimizerConfig::new(SGD, 0.4) },
        &store,
    )
    .unwrap();
    let mut grads = ParamGrads::default();
    ids.iter().for_each(|id| grads.set(*id, Tensor::filled([1], 1.0)));
    let report = optimizer.step(&mut store, &grads);
    assert_eq!((report.rate, report.grad_norm, optimizer.steps()), (0.4, None, 1));
    assert_eq!(ids.map(|id| store.get(id).item()), [0.6, 1.0 - 0.2 * 2.0]);
    let report = optimizer.step(&mut store, &grads);
    assert_eq!((report.rate, optimizer.steps()), (0.2, 2));
    assert!(
        (store.get(ids[0]).item() - 0.4).abs() < 1e-15
            && (store.get(ids[1]).item() - (0.6 - 0.1 * 1.6)).abs() < 1e-15
    );
}

#[test]
fn an_optimizer_belongs_to_one_store() {
    let store_of = || {
        let mut store = ParamStore::<f64>::new();
        let id = store.add("w", Tensor::filled([2], 1.0), Role::Trainable);
        (store, id)
    };
    let ((mut store, id), (mut other, foreign)) = (store_of(), store_of());
    let mut optimizer = Optimizer::new(OptimizerConfig::adam(0.1), &store).unwrap();
    let grads = |id| {
        let mut grads = ParamGrads::default();
        grads.set(id, Tensor::filled([2], 1.0));
        grads
    };
    let rule =
        "optimizer: it was made for another store\n  rule: one optimizer moves the parameters of one store";
    says!(optimizer.step(&mut other, &grads(foreign)), rule);
    says!(optimizer.step(&mut store, &grads(foreign)), "store: entry 0 of another store was asked for");
    says!(optimizer.reset_rows(foreign, &[0]), rule);
    says!(optimizer.resize(foreign, &other), rule);
    says!(
        optimizer.reset_rows(id, &[2]),
        "optimizer: there is no row 2 in `w`",
        "rule: reset rows that exist"
    );
    assert_eq!(optimizer.steps(), 0);
    // A clone has the same parameters, and what is added later finds its place.
    let mut clone = store.clone();
    optimizer.step(&mut clone, &grads(id));
    let late = clone.add("late", Tensor::filled([2], 1.0), Role::Trainable);
    optimizer.step(&mut clone, &grads(late));
    assert!((clone.get(late).as_slice()[0] - 0.9).abs() < 1e-8 && optimizer.steps() == 2);
}
