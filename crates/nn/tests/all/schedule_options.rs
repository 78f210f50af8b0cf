//! Schedules at their corners, and the rule of every setting of a schedule and an optimizer.

use gradbook_nn::{Adam, Clip, Group, Method, Momentum, OptimizerConfig, Schedule};

#[test]
fn schedules_at_their_corners() {
    let root = 0.5f64.sqrt();
    let one_cycle = Schedule::OneCycle { steps: 10, rise: 0.3, div: 25.0, final_div: 1e4 };
    let cases: [(Schedule, &[(u64, f64)]); 12] = [
        (Schedule::Constant, &[(0, 1.0), (u64::MAX, 1.0)]),
        (
            Schedule::Warmup { start: 0.2, steps: 4 },
            &[(0, 0.2), (1, 0.4), (3, 0.8), (4, 1.0), (5, 1.0), (u64::MAX, 1.0)],
        ),
        (Schedule::Warmup { start: 0.0, steps: 1 }, &[(0, 0.0), (1, 1.0)]),
        (
            Schedule::Cosine { min: 0.1, steps: 4 },
            &[
                (0, 1.0),
                (1, 0.55 + 0.45 * root),
                (2, 0.55),
                (3, 0.55 - 0.45 * root),
                (4, 0.1),
                (5, 0.1),
                (u64::MAX, 0.1),
            ],
        ),
        (
            Schedule::Linear { end: 0.2, steps: 4 },
            &[(0, 1.0), (1, 0.8), (2, 0.6), (4, 0.2), (5, 0.2), (u64::MAX, 0.2)],
        ),
        (
            Schedule::Step { every: 3, factor: 0.5 },
            &[(0, 1.0), (2, 1.0), (3, 0.5), (5, 0.5), (6, 0.25), (9, 0.125)],
        ),
        (Schedule::Exponential { factor: 0.5 }, &[(0, 1.0), (1, 0.5), (3, 0.125)]),
        (
            Schedule::Piecewise { milestones: vec![2, 5], factor: 0.1 },
            &[(0, 1.0), (1, 1.0), (2, 0.1), (4, 0.1), (5, 0.01), (99, 0.01)],
        ),
        // The peak is at 0.3·10 − 1 = 2, the end at 9, seven steps of a half cosine further on.
        (one_cycle.clone(), &[(0, 0.04), (1, 0.52), (2, 1.0), (9, 4e-6), (10, 4e-6), (u64::MAX, 4e-6)]),
        (
            Schedule::OneCycle { steps: 9, rise: 5.0 / 9.0, div: 10.0, final_div: 100.0 },
            &[(0, 0.1), (2, 0.55), (4, 1.0), (6, 0.5005), (8, 0.001)],
        ),
        (
            Schedule::Warmup { start: 0.0, steps: 2 }.then(2, Schedule::Exponential { factor: 0.5 }),
            &[(0, 0.0), (1, 0.5), (2, 1.0), (3, 0.5), (4, 0.25)],
        ),
        (
            Schedule::Constant.then(0, Schedule::Linear { end: 0.0, steps: 2 }),
            &[(0, 1.0), (1, 0.5), (2, 0.0)],
        ),
    ];
    for (schedule, corners) in cases {
        schedule.check().expect("sound");
        for &(t, expected) in corners {
            assert!(
                (schedule.at(t) - expected).abs() < 1e-12,
                "{schedule:?} at {t} is {}, not {expected}",
                schedule.at(t)
            );
        }
    }
    assert_eq!(one_cycle, toml::from_str("kind = \"one_cycle\"\nsteps = 10").expect("the rest has defaults"));
    assert_eq!(
        Schedule::Warmup { start: 0.0, steps: 3 },
        toml::from_str("kind = \"warmup\"\nsteps = 3").expect("from 0")
    );
}

#[test]
fn every_setting_of_a_schedule_and_an_optimizer_has_a_rule() {
    let one_cycle = |steps, rise, div, final_div| Schedule::OneCycle { steps, rise, div, final_div };
    let bad = f64::NAN;
    for (schedule, error) in [
        (Schedule::Warmup { start: -0.1, steps: 3 }, "start = -0.1: a finite number, 0 or more"),
        (Schedule::Warmup { start: 0.0, steps: 0 }, "steps = 0: 1 to 10¹⁵ steps"),
        (Schedule::Cosine { min: bad, steps: 3 }, "min = NaN: a finite number, 0 or more"),
        (Schedule::Cosine { min: 0.0, steps: 0 }, "steps = 0: 1 to 10¹⁵ steps"),
        (Schedule::Linear { end: f64::INFINITY, steps: 3 }, "end = inf: a finite number, 0 or more"),
        (Schedule::Linear { end: 0.0, steps: 0 }, "steps = 0: 1 to 10¹⁵ steps"),
        (Schedule::Step { every: 0, factor: 0.5 }, "every = 0: 1 to 10¹⁵ steps"),
        (Schedule::Step { every: 1, factor: -0.5 }, "factor = -0.5: a finite number, 0 or more"),
        (Schedule::Exponential { factor: -1.0 }, "factor = -1.0: a finite number, 0 or more"),
        (
            Schedule::Piecewise { milestones: vec![], factor: -1.0 },
            "factor = -1.0: a finite number, 0 or more",
        ),
        (one_cycle(10, 0.1, 25.0, 1e4), "rise = 0.1: 1 < rise · steps < steps: a rise and a fall"),
        (one_cycle(10, 1.0, 25.0, 1e4), "rise = 1.0: 1 < rise · steps < steps: a rise and a fall"),
        (one_cycle(10, 0.3, 0.0, 1e4), "div = 0.0: a finite number above 0"),
        (one_cycle(10, 0.3, 25.0, 0.0), "final_div = 0.0: a finite number above 0"),
        (
            Schedule::Constant.then(3, Schedule::Exponential { factor: -1.0 }),
            "second.factor = -1.0: a finite number, 0 or more",
        ),
        (
            Schedule::Exponential { factor: -2.0 }.then(3, Schedule::Constant),
            "first.factor = -2.0: a finite number, 0 or more",
        ),
    ] {
        assert_eq!(schedule.check().unwrap_err().to_string(), error);
        let config = OptimizerConfig { schedule, ..OptimizerConfig::adam(0.1) };
        assert_eq!(config.check().unwrap_err().to_string(), format!("schedule.{error}"));
    }
    let adam = |betas, eps| Method::Adam(Adam { betas, eps, amsgrad: false });
    let with = |method| OptimizerConfig::new(method, 0.1);
    let group = |rate_factor, weight_decay, method| OptimizerConfig {
        groups: vec![Group { prefix: "w".into(), rate_factor, weight_decay, method }],
        ..OptimizerConfig::adam(0.1)
    };
    for (config, error) in [
        (OptimizerConfig::adam(-0.1), "rate = -0.1: a finite number, 0 or more"),
        (
            OptimizerConfig { weight_decay: -1.0, ..OptimizerConfig::adam(0.1) },
            "weight_decay = -1.0: a finite number, 0 or more",
        ),
        (
            OptimizerConfig { clip: Clip::Value(0.0), ..OptimizerConfig::adam(0.1) },
            "clip.value = 0.0: a finite number above 0",
        ),
        (
            OptimizerConfig { clip: Clip::Norm(bad), ..OptimizerConfig::adam(0.1) },
            "clip.norm = NaN: a finite number above 0",
        ),
        (with(adam([1.0, 0.9], 1e-8)), "method.betas = 1.0: 0 ≤ x < 1"),
        (with(adam([0.9, -0.1], 1e-8)), "method.betas = -0.1: 0 ≤ x < 1"),
        (with(adam([0.9, 0.9], 0.0)), "method.eps = 0.0: a finite number above 0"),
        (
            with(Method::AdamW(Adam { eps: -1.0, ..Adam::default() })),
            "method.eps = -1.0: a finite number above 0",
        ),
        (
            with(Method::Sgd { momentum: Momentum::Classical(7.0) }),
            "method.momentum.classical = 7.0: 0 ≤ x < 1",
        ),
        (
            with(Method::Sgd { momentum: Momentum::Nesterov(1.0) }),
            "method.momentum.nesterov = 1.0: 0 ≤ x < 1",
        ),
        (with(Method::Lion { betas: [-0.1, 0.9] }), "method.betas = -0.1: 0 ≤ x < 1"),
        (group(-1.0, None, None), "groups.w.rate_factor = -1.0: a finite number, 0 or more"),
        (group(1.0, Some(bad), None), "groups.w.weight_decay = NaN: a finite number, 0 or more"),
        (group(1.0, None, Some(adam([2.0, 0.9], 1e-8))), "groups.w.method.betas = 2.0: 0 ≤ x < 1"),
    ] {
        assert_eq!(config.check().unwrap_err().to_string(), error);
    }
    let edges = OptimizerConfig { weight_decay: 0.0, ..OptimizerConfig::new(adam([0.0, 0.0], 1e-300), 0.0) };
    edges.check().expect("0 is a rate and a β");
    assert_eq!(
        Method::Muon { momentum: 0.95, adam: Adam::default() },
        toml::from_str("kind = \"muon\"").unwrap()
    );
    assert_eq!(Method::Lion { betas: [0.9, 0.99] }, toml::from_str("kind = \"lion\"").unwrap());
    assert_eq!(Method::Sgd { momentum: Momentum::None }, toml::from_str("kind = \"sgd\"").unwrap());
}
