//! y = sin(a·b + a), differentiated by hand.

use crate::{Answer, Case, Mistake, Rung, Seen::Program, Stage, Trial, Verdict};

/// What the reader sees of it.
pub static RUNG: Rung = Rung {
    name: "r01_chain_rule",
    title: "the chain rule by hand",
    stage: Stage::Scalars,
    chapter: "1, Derivatives: \"By hand\"",
    template: include_str!("../../templates/src/r01_chain_rule.rs"),
    hints: &[
        "The last step is y = sin v. Its local derivative is cos v, so v̄ = 1 · cos v.",
        "v = u + a hands v̄ to u and to a as it is. u = a·b hands ū·b to a and ū·a to b.",
        "a is used twice, in u and in v, and gets a share from each: ā = v̄ + ū·b.",
    ],
};

fn answer(y: f64, a: f64, b: f64) -> Answer {
    vec![("y", y.into()), ("∂y/∂a", a.into()), ("∂y/∂b", b.into())]
}

/// The cases, the right answer, the mistakes.
pub fn trial() -> Trial<(f64, f64)> {
    let case = |a: f64, b: f64| Case { name: format!("a = {a}, b = {b}"), input: (a, b) };
    Trial {
        rung: &RUNG,
        cases: vec![case(2.0, 3.0), case(-0.5, 0.25), case(0.0, 4.0)],
        right: |&(a, b)| {
            let v = a * b + a;
            answer(v.sin(), v.cos() * (b + 1.0), v.cos() * a)
        },
        mistakes: vec![
            Mistake {
                name: "forgets a path",
                why: "a is used twice, and each use hands it a share. One of the two is missing",
                seen: Program(|&(a, b)| {
                    let v = a * b + a;
                    answer(v.sin(), v.cos() * b, v.cos() * a)
                }),
            },
            Mistake {
                name: "overwrites instead of adding",
                why: "the share of a from v = u + a is right, but the other one has to be added to it",
                seen: Program(|&(a, b)| {
                    let v = a * b + a;
                    answer(v.sin(), v.cos(), v.cos() * a)
                }),
            },
            Mistake {
                name: "value in place of the derivative",
                why: "the derivative of sin v is cos v; sin v is its value",
                seen: Program(|&(a, b)| {
                    let v = a * b + a;
                    answer(v.sin(), v.sin() * (b + 1.0), v.sin() * a)
                }),
            },
            Mistake {
                name: "wrong sign",
                why: "the derivative of sin is cos. It is cos whose derivative has a minus",
                seen: Program(|&(a, b)| {
                    let v = a * b + a;
                    answer(v.sin(), -v.cos() * (b + 1.0), -v.cos() * a)
                }),
            },
            Mistake {
                name: "factors exchanged",
                why: "∂(a·b)/∂a is b, the other factor",
                seen: Program(|&(a, b)| {
                    let v = a * b + a;
                    answer(v.sin(), v.cos() * (a + 1.0), v.cos() * b)
                }),
            },
        ],
    }
}

/// Judges y and [∂y/∂a, ∂y/∂b] as a function of a and b.
///
/// # Errors
/// What does not hold.
pub fn judge(program: impl Fn(f64, f64) -> (f64, [f64; 2])) -> Verdict {
    trial().run(|&(a, b)| {
        let (y, [da, db]) = program(a, b);
        answer(y, da, db)
    })
}

/// Judges the reader's file.
#[macro_export]
macro_rules! r01_chain_rule {
    ($ladder:ident) => {
        $crate::rungs::r01_chain_rule::judge($ladder::r01_chain_rule::value_and_gradient)
    };
}
