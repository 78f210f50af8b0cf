//! tanh(w·x + b) on the reader's tape.

use crate::{Answer, Case, Mistake, Rung, Seen::Program, Stage, Trial, Values, Verdict};

/// What the reader sees of it.
pub static RUNG: Rung = Rung {
    name: "r05_neuron",
    title: "a neuron",
    stage: Stage::Scalars,
    chapter: "2, The tape: \"A scalar tape, complete\"",
    template: include_str!("../../templates/src/r05_neuron.rs"),
    hints: &[
        "The derivative of tanh at x is 1 − y², where y = tanh x is what the step has just computed.",
        "Start with the sum at b and add w[i].mul(x[i]) to it, with the operations of your tape.",
        "The last step is `sum.tanh()`. Nothing has to be differentiated: the tape does it.",
    ],
};

/// Weights, inputs, bias.
pub struct Input {
    /// One for each input.
    pub w: Vec<f64>,
    /// What comes in.
    pub x: Vec<f64>,
    /// The bias.
    pub b: f64,
}

/// y and its gradients.
pub struct Output {
    /// The activation.
    pub y: f64,
    /// By the weights.
    pub w: Vec<f64>,
    /// By the inputs.
    pub x: Vec<f64>,
    /// By the bias.
    pub b: f64,
}

impl From<Output> for Answer {
    fn from(o: Output) -> Self {
        vec![
            ("y", o.y.into()),
            ("∂y/∂w", Values::list(o.w)),
            ("∂y/∂x", Values::list(o.x)),
            ("∂y/∂b", o.b.into()),
        ]
    }
}

/// y = act(Σ wᵢxᵢ + share·b), where `slope` makes the derivative of `act` from the sum and from y.
fn neuron(i: &Input, share: f64, act: fn(f64) -> f64, slope: fn(f64, f64) -> f64) -> Answer {
    let sum = i.w.iter().zip(&i.x).map(|(w, x)| w * x).sum::<f64>() + share * i.b;
    let y = act(sum);
    let d = slope(sum, y);
    let times = |values: &[f64]| values.iter().map(|value| d * value).collect();
    Output { y, w: times(&i.x), x: times(&i.w), b: d * share }.into()
}

/// The cases, the right answer, the mistakes.
pub fn trial() -> Trial<Input> {
    let case = |name: &str, w: &[f64], x: &[f64], b| Case {
        name: name.to_owned(),
        input: Input { w: w.to_vec(), x: x.to_vec(), b },
    };
    let mistake = |name, why, wrong| Mistake { name, why, seen: Program(wrong) };
    Trial {
        rung: &RUNG,
        cases: vec![
            case("w = [0.5], x = [2], b = 0", &[0.5], &[2.0], 0.0),
            case("w = [0.5, -1], x = [2, 0.25], b = -0.5", &[0.5, -1.0], &[2.0, 0.25], -0.5),
            case("w = [1, 2, 3], x = [0.1, 0.2, -0.3], b = 0.7", &[1.0, 2.0, 3.0], &[0.1, 0.2, -0.3], 0.7),
        ],
        right: |i| neuron(i, 1.0, f64::tanh, |_, y| 1.0 - y * y),
        mistakes: vec![
            mistake(
                "derivative of the sum in place of y",
                "1 − y² takes the value of tanh, not what went into it",
                |i| neuron(i, 1.0, f64::tanh, |sum, _| 1.0 - sum * sum),
            ),
            mistake("forgets the square", "the derivative of tanh is 1 − y², not 1 − y", |i| {
                neuron(i, 1.0, f64::tanh, |_, y| 1.0 - y)
            }),
            mistake(
                "derivative of the sigmoid",
                "y(1 − y) belongs to the sigmoid; tanh has 1 − y²",
                |i| neuron(i, 1.0, f64::tanh, |_, y| y * (1.0 - y)),
            ),
            mistake(
                "passes g through tanh",
                "tanh is flat where it saturates: g has to be multiplied by 1 − y²",
                |i| neuron(i, 1.0, f64::tanh, |_, _| 1.0),
            ),
            mistake("forgets the bias", "the sum begins with b", |i| {
                neuron(i, 0.0, f64::tanh, |_, y| 1.0 - y * y)
            }),
            mistake(
                "adds the bias once per input",
                "b belongs to the neuron, not to each of its inputs",
                |i| neuron(i, i.w.len() as f64, f64::tanh, |_, y| 1.0 - y * y),
            ),
            mistake("forgets the activation", "a neuron without tanh is a linear map", |i| {
                neuron(i, 1.0, |sum| sum, |_, _| 1.0)
            }),
        ],
    }
}

/// Judges a neuron and its gradients.
///
/// # Errors
/// What does not hold.
pub fn judge(program: impl Fn(&Input) -> Output) -> Verdict {
    trial().run(|input| program(input).into())
}

/// Judges the reader's file.
#[macro_export]
macro_rules! r05_neuron {
    ($ladder:ident) => {
        $crate::rungs::r05_neuron::judge(|input| {
            let tape = $ladder::r02_tape::Tape::<f64>::new();
            let vars = |values: &[f64]| values.iter().map(|&x| tape.var(x)).collect::<Vec<_>>();
            let (w, x, b) = (vars(&input.w), vars(&input.x), tape.var(input.b));
            let y = $ladder::r05_neuron::neuron(&w, &x, b);
            let grads = y.backward();
            let of = |vars: &[$ladder::r02_tape::Var<'_, f64>]| vars.iter().map(|x| grads[x.id]).collect();
            $crate::rungs::r05_neuron::Output { y: y.value(), w: of(&w), x: of(&x), b: grads[b.id] }
        })
    };
}
