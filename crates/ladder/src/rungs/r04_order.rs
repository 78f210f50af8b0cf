//! Topological order of nodes that have none.

use crate::{Answer, Case, Mistake, Rung, Seen::Sign, Stage, Trial, Values, Verdict};

/// What the reader sees of it.
pub static RUNG: Rung = Rung {
    name: "r04_order",
    title: "topological order",
    stage: Stage::Scalars,
    chapter: "2, The tape: \"A scalar tape, complete\"",
    template: include_str!("../../templates/src/r04_order.rs"),
    hints: &[
        "Find first the order forward: each node after all of its inputs. Then reverse it.",
        "Depth first: to visit a node, mark it as seen, visit those of its inputs that are not seen, then push the node.",
        "A node that is pushed *after* its inputs is not pushed too early; the mark keeps it from being pushed twice.",
    ],
};

/// The inputs of each node, and the output.
pub struct Input {
    /// `inputs[i]` are the nodes that node i is computed from.
    pub inputs: Vec<Vec<usize>>,
    /// Where the walk begins.
    pub output: usize,
}

const ORDER: &str = "the order";

fn order(nodes: &[usize]) -> Answer {
    vec![(ORDER, Values::list(nodes.iter().map(|&id| id as f64).collect::<Vec<_>>()))]
}

fn right(i: &Input) -> Vec<usize> {
    fn visit(node: usize, i: &Input, done: &mut Vec<usize>) {
        if !done.contains(&node) {
            i.inputs[node].iter().for_each(|&input| visit(input, i, done));
            done.push(node);
        }
    }
    let mut done = Vec::new();
    visit(i.output, i, &mut done);
    done.reverse();
    done
}

fn nodes(answer: &Answer) -> Vec<usize> {
    answer[0].1.data.iter().map(|&id| id as usize).collect()
}

/// Whether some node stands before one that uses it.
fn early(i: &Input, nodes: &[usize]) -> bool {
    let place = |id: usize| nodes.iter().position(|&node| node == id);
    let before = |user: usize, input: usize| place(input) < place(user);
    nodes.iter().any(|&user| i.inputs[user].iter().any(|&input| before(user, input)))
}

fn has_all(i: &Input, nodes: &[usize]) -> bool {
    right(i).iter().all(|node| nodes.contains(node))
}

/// The cases, the right answer, the mistakes.
pub fn trial() -> Trial<Input> {
    let case = |name: &str, inputs: &[&[usize]], output| Case {
        name: name.to_owned(),
        input: Input { inputs: inputs.iter().map(|list| list.to_vec()).collect(), output },
    };
    let mistake = |name, why, sign| Mistake { name, why, seen: Sign(sign) };
    Trial {
        rung: &RUNG,
        cases: vec![
            case("node 0 uses 1, 1 uses 2", &[&[1], &[2], &[]], 0),
            case("node 3 uses 0 and 2, 2 uses 0 and 1, 0 uses 1", &[&[1], &[], &[0, 1], &[0, 2]], 3),
            case("node 1 uses 3 twice, 3 uses 0 and 2", &[&[], &[3, 3], &[], &[0, 2]], 1),
            case(
                "node 5 uses 4 and 1; 4 uses 3, 3 uses 1, 1 uses 0; node 2 uses 5",
                &[&[], &[0], &[5], &[1], &[3], &[4, 1]],
                5,
            ),
        ],
        right: |i| order(&right(i)),
        mistakes: vec![
            mistake(
                "inputs first",
                "this is the order forward. Backward, it has to be reversed",
                |i, answer| {
                    let mut nodes = nodes(answer);
                    nodes.reverse();
                    nodes.len() > 1
                        && nodes.len() == right(i).len()
                        && has_all(i, &nodes)
                        && !early(i, &nodes)
                },
            ),
            mistake(
                "lists a node twice",
                "its gradient would be handed on twice. Mark what has been visited",
                |_, answer| {
                    let nodes = nodes(answer);
                    (1..nodes.len()).any(|k| nodes[..k].contains(&nodes[k]))
                },
            ),
            mistake(
                "lists nodes that the output does not use",
                "only what the output is computed from has a gradient",
                |i, answer| nodes(answer).iter().any(|node| !right(i).contains(node)),
            ),
            mistake(
                "leaves nodes out",
                "every node that the output is computed from belongs to the order",
                |i, a| !has_all(i, &nodes(a)),
            ),
            mistake(
                "breadth first",
                "a node that is near to the output may also be used far from it, and then has to wait. Its distance from the output says nothing",
                |i, answer| early(i, &nodes(answer)),
            ),
        ],
    }
}

/// Judges an order of nodes: any that has each node once, and behind all that use it, is right.
///
/// # Errors
/// What does not hold.
pub fn judge(program: impl Fn(&[Vec<usize>], usize) -> Vec<usize>) -> Verdict {
    trial().run(|input| {
        let nodes = program(&input.inputs, input.output);
        let legal = nodes.iter().all(|&node| node < input.inputs.len());
        let fine =
            legal && nodes.len() == right(input).len() && has_all(input, &nodes) && !early(input, &nodes);
        if fine { order(&right(input)) } else { order(&nodes) }
    })
}

/// Judges the reader's file.
#[macro_export]
macro_rules! r04_order {
    ($ladder:ident) => {
        $crate::rungs::r04_order::judge($ladder::r04_order::backward_order)
    };
}
