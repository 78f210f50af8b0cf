//! What a step leaves on the tape.

use crate::{
    Answer, Case, Mistake, Rung, Seen,
    Seen::{Program, Sign},
    Stage, Trial, Values, Verdict,
};

/// What the reader sees of it.
pub static RUNG: Rung = Rung {
    name: "r02_tape",
    title: "the tape",
    stage: Stage::Scalars,
    chapter: "2, The tape: \"A scalar tape, complete\"",
    template: include_str!("../../templates/src/r02_tape.rs"),
    hints: &[
        "`record`: `self.nodes.borrow_mut()` is the list. Box the function. The first node stands at place 0.",
        "A node's function gets g = ∂L/∂(its value) and answers with g times each local derivative.",
        "z = x·y has the local derivatives y and x, in this order; y = sin x has cos x.",
    ],
};

/// An operation of the tape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// Nothing but x, on a fresh tape.
    Var,
    /// x + y
    Add,
    /// x·y
    Mul,
    /// sin x
    Sin,
}

/// x and y are put on a tape, then the operation; g is the gradient of its value.
pub struct Input {
    /// Which operation.
    pub op: Op,
    /// Its first input.
    pub x: f64,
    /// Its second input, if it has one.
    pub y: f64,
    /// What its function is given.
    pub g: f64,
}

/// What the operation left on the tape.
pub struct Recorded {
    /// The value of its node.
    pub value: f64,
    /// The place that its `Var` has.
    pub id: usize,
    /// The inputs of its node.
    pub inputs: Vec<usize>,
    /// What its function makes of g.
    pub shares: Vec<f64>,
}

impl From<Recorded> for Answer {
    fn from(r: Recorded) -> Self {
        let inputs: Vec<f64> = r.inputs.iter().map(|&id| id as f64).collect();
        vec![
            ("the value", r.value.into()),
            ("its place on the tape", (r.id as f64).into()),
            ("the list of inputs", Values::list(inputs)),
            ("the gradient that is handed on", Values::list(r.shares)),
        ]
    }
}

fn mistake(name: &'static str, why: &'static str, seen: Seen<Input>) -> Mistake<Input> {
    Mistake { name, why, seen }
}

fn node(i: &Input, shares: impl Fn(&Input) -> Vec<f64>) -> Answer {
    let (value, id, inputs) = match i.op {
        Op::Var => (i.x, 0, vec![]),
        Op::Add => (i.x + i.y, 2, vec![0, 1]),
        Op::Mul => (i.x * i.y, 2, vec![0, 1]),
        Op::Sin => (i.x.sin(), 2, vec![0]),
    };
    Recorded { value, id, inputs, shares: shares(i) }.into()
}

fn right(i: &Input) -> Vec<f64> {
    match i.op {
        Op::Var => vec![],
        Op::Add => vec![i.g, i.g],
        Op::Mul => vec![i.g * i.y, i.g * i.x],
        Op::Sin => vec![i.g * i.x.cos()],
    }
}

/// The shares of `mul` or `sin` replaced by others.
macro_rules! instead {
    ($op:ident, $i:ident => $shares:expr) => {
        Program(|input| node(input, |$i| if $i.op == Op::$op { $shares } else { right($i) }))
    };
}

/// The cases, the right answer, the mistakes.
pub fn trial() -> Trial<Input> {
    let case = |name: &str, op, x, y, g| Case { name: name.to_owned(), input: Input { op, x, y, g } };
    Trial {
        rung: &RUNG,
        cases: vec![
            case("x = 7 on a fresh tape", Op::Var, 7.0, 0.0, 1.0),
            case("z = x + y, x = 2, y = 5, g = 3", Op::Add, 2.0, 5.0, 3.0),
            case("z = x·y, x = 2, y = 5, g = 3", Op::Mul, 2.0, 5.0, 3.0),
            case("y = sin x, x = 1, g = -2", Op::Sin, 1.0, 0.0, -2.0),
        ],
        right: |i| node(i, right),
        mistakes: vec![
            mistake(
                "place of the next node",
                "the length of the list after the push is one more than the place of the node",
                Sign(|i: &Input, answer| i.op == Op::Var && answer[1].1 == 1.0.into()),
            ),
            mistake(
                "forgets the inputs",
                "a node without inputs hands nothing on, whatever its function says",
                Program(|i| {
                    let mut answer = node(i, right);
                    answer[2].1 = Values::list([]);
                    answer
                }),
            ),
            mistake(
                "factors exchanged",
                "x gets g times the *other* factor, and so does y",
                instead!(Mul, i => vec![i.g * i.x, i.g * i.y]),
            ),
            mistake(
                "forgets g",
                "the local derivative has to be multiplied by g, which is 1 only at the output",
                instead!(Mul, i => vec![i.y, i.x]),
            ),
            mistake(
                "product treated as a sum",
                "only a sum hands g on as it is",
                instead!(Mul, i => vec![i.g, i.g]),
            ),
            mistake(
                "value in place of the derivative",
                "the derivative of sin x is cos x",
                instead!(Sin, i => vec![i.g * i.x.sin()]),
            ),
            mistake(
                "wrong sign",
                "the derivative of sin is cos, without a minus",
                instead!(Sin, i => vec![-i.g * i.x.cos()]),
            ),
            mistake(
                "derivative at g",
                "cos is taken of x, the input of the forward step, and multiplied by g",
                instead!(Sin, i => vec![i.g.cos()]),
            ),
        ],
    }
}

/// Judges what an operation leaves on a tape that holds x at place 0 and y at place 1.
///
/// # Errors
/// What does not hold.
pub fn judge(program: impl Fn(&Input) -> Recorded) -> Verdict {
    trial().run(|input| program(input).into())
}

/// Judges the reader's file.
#[macro_export]
macro_rules! r02_tape {
    ($ladder:ident) => {
        $crate::rungs::r02_tape::judge(|input| {
            use $crate::rungs::r02_tape::{Op, Recorded};
            let tape = $ladder::r02_tape::Tape::<f64>::new();
            let x = tape.var(input.x);
            let y = || tape.var(input.y);
            let z = match input.op {
                Op::Var => x,
                Op::Add => x.add(y()),
                Op::Mul => x.mul(y()),
                Op::Sin => (y(), x.sin()).1,
            };
            let nodes = tape.nodes.borrow();
            let node = nodes.last().expect("the tape is not empty after three steps");
            Recorded {
                value: node.value,
                id: z.id,
                inputs: node.inputs.clone(),
                shares: (node.backward)(&input.g),
            }
        })
    };
}
