//! The sweep back over the tape.

use crate::{Answer, Case, Mistake, Rung, Seen::Program, Stage, Trial, Values, Verdict};

/// What the reader sees of it.
pub static RUNG: Rung = Rung {
    name: "r03_backward",
    title: "the sweep back, and its +=",
    stage: Stage::Scalars,
    chapter: "2, The tape: \"A scalar tape, complete\"",
    template: include_str!("../../templates/src/r03_backward.rs"),
    hints: &[
        "Walk `(0..=output).rev()`: a node can only use earlier ones, so its own gradient is complete when you come to it.",
        "`(nodes[id].backward)(&grads[id])` gives one share for each of `nodes[id].inputs`.",
        "`grads[input] = grads[input].plus(&share)`: a value that is used twice adds both shares.",
    ],
};

/// A step of a small program on the reader's tape. Numbers are places on the tape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// A value of its own.
    Var(f64),
    /// The sum of two.
    Add(usize, usize),
    /// The product of two.
    Mul(usize, usize),
    /// The sine of one.
    Sin(usize),
}

/// Steps, and the place of the output.
pub struct Input {
    /// In the order of the tape.
    pub steps: Vec<Step>,
    /// Usually the last.
    pub output: usize,
}

/// The input places and local derivatives of each step.
fn locals(steps: &[Step]) -> Vec<Vec<(usize, f64)>> {
    let (mut values, mut all): (Vec<f64>, _) = (Vec::new(), Vec::new());
    for &step in steps {
        let (value, local) = match step {
            Step::Var(x) => (x, vec![]),
            Step::Add(a, b) => (values[a] + values[b], vec![(a, 1.0), (b, 1.0)]),
            Step::Mul(a, b) => (values[a] * values[b], vec![(a, values[b]), (b, values[a])]),
            Step::Sin(a) => (values[a].sin(), vec![(a, values[a].cos())]),
        };
        values.push(value);
        all.push(local);
    }
    all
}

fn swept(i: &Input, order: &mut dyn Iterator<Item = usize>, give: fn(&mut f64, f64)) -> Answer {
    let locals = locals(&i.steps);
    let mut grads = vec![0.0; locals.len()];
    grads[i.output] = 1.0;
    for id in order {
        let g = grads[id];
        locals[id].iter().for_each(|&(input, local)| give(&mut grads[input], g * local));
    }
    vec![("the list of gradients, in the order of the tape,", Values::list(grads))]
}

fn add(sum: &mut f64, share: f64) {
    *sum += share;
}

/// The cases, the right answer, the mistakes.
pub fn trial() -> Trial<Input> {
    use Step::{Add, Mul, Sin, Var};
    let case = |name: &str, steps: &[Step], output| Case {
        name: name.to_owned(),
        input: Input { steps: steps.to_vec(), output },
    };
    Trial {
        rung: &RUNG,
        cases: vec![
            case("z = x·y, x = 2, y = 5", &[Var(2.0), Var(5.0), Mul(0, 1)], 2),
            case("z = sin(x·y), x = 2, y = 5", &[Var(2.0), Var(5.0), Mul(0, 1), Sin(2)], 3),
            case("y = x·x + x, x = 3", &[Var(3.0), Mul(0, 0), Add(1, 0)], 2),
            case(
                "u = a·b, d = u·u + u, a = 2, b = 3",
                &[Var(2.0), Var(3.0), Mul(0, 1), Mul(2, 2), Add(3, 2)],
                4,
            ),
            case("y = sin x, then z = y·y; the output is y, x = 1", &[Var(1.0), Sin(0), Mul(1, 1)], 1),
        ],
        right: |i| swept(i, &mut (0..=i.output).rev(), add),
        mistakes: vec![
            Mistake {
                name: "overwrites instead of adding",
                why: "a value that is used twice is given two shares, and the second must not erase the first",
                seen: Program(|i| swept(i, &mut (0..=i.output).rev(), |sum, share| *sum = share)),
            },
            Mistake {
                name: "walks forward",
                why: "from the first node to the last, a node is asked before its own gradient has arrived. Only the inputs of the output get theirs",
                seen: Program(|i| swept(i, &mut (0..=i.output), add)),
            },
            Mistake {
                name: "skips the output",
                why: "the output is a node too: its function is the first to be called",
                seen: Program(|i| swept(i, &mut (0..i.output).rev(), add)),
            },
            Mistake {
                name: "starts at the end of the tape with 1",
                why: "the gradient of the output by itself is 1, wherever it stands. What was computed after it is no concern of it",
                seen: Program(|i| {
                    let last = i.steps.len() - 1;
                    let steps = i.steps.clone();
                    swept(&Input { steps, output: last }, &mut (0..=last).rev(), add)
                }),
            },
        ],
    }
}

/// Judges the gradients of all places of the tape.
///
/// # Errors
/// What does not hold.
pub fn judge(program: impl Fn(&Input) -> Vec<f64>) -> Verdict {
    trial()
        .run(|input| vec![("the list of gradients, in the order of the tape,", Values::list(program(input)))])
}

/// Judges the reader's file.
#[macro_export]
macro_rules! r03_backward {
    ($ladder:ident) => {
        $crate::rungs::r03_backward::judge(|input| {
            use $crate::rungs::r03_backward::Step;
            let tape = $ladder::r02_tape::Tape::<f64>::new();
            let mut vars: Vec<$ladder::r02_tape::Var<'_, f64>> = Vec::new();
            for &step in &input.steps {
                vars.push(match step {
                    Step::Var(x) => tape.var(x),
                    Step::Add(a, b) => vars[a].add(vars[b]),
                    Step::Mul(a, b) => vars[a].mul(vars[b]),
                    Step::Sin(a) => vars[a].sin(),
                });
            }
            vars[input.output].backward()
        })
    };
}
