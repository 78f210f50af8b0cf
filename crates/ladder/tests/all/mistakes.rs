//! Each rung with its solution, and with the mistakes that the judge has to name: first all wrong programs that it knows,
//! then mistakes as a reader would write them.

use gradbook_ladder::{
    Verdict, judges,
    rungs::{self, r02_tape::Op, r02_tape::Recorded, r03_backward::Step, r05_neuron},
};

use crate::solutions::{
    self as ladder,
    r02_tape::{Node, Tape, Var},
};

#[track_caller]
fn names(verdict: Verdict, mistake: &str) {
    let finding = verdict.expect_err(mistake);
    assert_eq!(finding.mistake(), Some(mistake), "{finding}");
    assert!(finding.to_string().lines().all(|line| line.chars().count() <= 60), "{finding}");
}

#[test]
fn every_solution_is_green() {
    for (name, judge) in judges!(ladder) {
        judge().unwrap_or_else(|finding| panic!("{name}: {finding}"));
    }
}

#[test]
fn the_tape_that_is_built_differentiates() {
    let tape = Tape::new();
    let x = tape.var(3.0);
    assert_eq!(x.mul(x).add(x).backward()[x.id], 7.0); // 2x + 1
    let (a, b) = (tape.var(2.0), tape.var(3.0));
    let grads = a.mul(b).add(a).sin().backward(); // chapter 1: 4 cos 8 and 2 cos 8
    assert_eq!((grads[a.id], grads[b.id]), (4.0 * 8f64.cos(), 2.0 * 8f64.cos()));
}

#[test]
fn the_cases_tell_every_wrong_program_from_the_right_one_and_from_each_other() {
    let proofs = [
        rungs::r01_chain_rule::trial().proof(),
        rungs::r02_tape::trial().proof(),
        rungs::r03_backward::trial().proof(),
        rungs::r04_order::trial().proof(),
        r05_neuron::trial().proof(),
    ];
    for (right, mistakes) in proofs {
        right.expect("the right program is right");
        mistakes.into_iter().for_each(|(name, verdict)| names(verdict, name));
    }
}

#[test]
fn a_wrong_program_that_nobody_knows_has_no_name_and_a_panic_is_told() {
    let finding = rungs::r01_chain_rule::judge(|_, _| (0.0, [0.0, 0.0])).expect_err("wrong");
    assert_eq!(finding.mistake(), None);
    let lines: Vec<String> = finding.to_string().lines().map(|line| line.trim().to_owned()).collect();
    assert!(lines.contains(&"Rung 1, the chain rule by hand: y is wrong.".to_owned()), "{finding}");
    assert!(lines.contains(&"case      a = 2, b = 3".to_owned()), "{finding}");
    assert!(lines.contains(&"expected  0.989358".to_owned()), "{finding}"); // sin 8
    let finding = rungs::r01_chain_rule::judge(|_, _| panic!("out of paper")).expect_err("a panic");
    assert!(finding.to_string().contains("says      out of paper"), "{finding}");
}

#[test]
fn the_chain_rule_by_mistake() {
    fn judge(program: impl Fn(f64, f64) -> (f64, [f64; 2])) -> Verdict {
        rungs::r01_chain_rule::judge(program)
    }
    names(
        judge(|a, b| ((a * b + a).sin(), [(a * b + a).cos() * b, (a * b + a).cos() * a])),
        "forgets a path",
    );
    names(
        judge(|a, b| {
            let v_bar = (a * b + a).cos();
            let mut grads = [v_bar * b, v_bar * a];
            grads[0] = v_bar;
            ((a * b + a).sin(), grads)
        }),
        "overwrites instead of adding",
    );
}

/// The judge of rung 2 on a tape whose `mul` and `sin` hand on what these two say.
fn taped(mul: fn(f64, f64, f64) -> [f64; 2], sin: fn(f64, f64) -> f64) -> Verdict {
    rungs::r02_tape::judge(|i| {
        let tape = Tape::new();
        let x = tape.var(i.x);
        let (a, b) = (i.x, i.y);
        let z = match i.op {
            Op::Var => x,
            Op::Add => x.add(tape.var(i.y)),
            Op::Mul => tape.record(&[x, tape.var(i.y)], a * b, move |g| mul(*g, a, b).into()),
            Op::Sin => {
                tape.var(i.y);
                tape.record(&[x], a.sin(), move |g| vec![sin(*g, a)])
            }
        };
        let nodes = tape.nodes.borrow();
        let node = nodes.last().expect("a node");
        Recorded { value: node.value, id: z.id, inputs: node.inputs.clone(), shares: (node.backward)(&i.g) }
    })
}

#[test]
fn the_tape_by_mistake() {
    let (mul, sin) = (|g, x, y| [g * y, g * x], |g: f64, x: f64| g * x.cos());
    taped(mul, sin).expect("right so far");
    names(taped(|g, x, y| [g * x, g * y], sin), "factors exchanged");
    names(taped(|_, x, y| [y, x], sin), "forgets g");
    names(taped(|g, _, _| [g, g], sin), "product treated as a sum");
    names(taped(mul, |g, x| g * x.sin()), "value in place of the derivative");
    names(taped(mul, |g, x| -g * x.cos()), "wrong sign");
    let recorded =
        |i: &rungs::r02_tape::Input| Recorded { value: i.x, id: 1, inputs: vec![], shares: vec![] };
    names(rungs::r02_tape::judge(recorded), "place of the next node");
}

/// The judge of rung 3 with another sweep on the tape of rung 2.
fn swept(backward: fn(&[Node<f64>], usize) -> Vec<f64>) -> Verdict {
    rungs::r03_backward::judge(|input| {
        let tape = Tape::new();
        let mut vars: Vec<Var<'_, f64>> = Vec::new();
        for &step in &input.steps {
            vars.push(match step {
                Step::Var(x) => tape.var(x),
                Step::Add(a, b) => vars[a].add(vars[b]),
                Step::Mul(a, b) => vars[a].mul(vars[b]),
                Step::Sin(a) => vars[a].sin(),
            });
        }
        backward(&tape.nodes.borrow(), input.output)
    })
}

/// A sweep in the given order that gives each share to `give`.
macro_rules! sweep {
    ($nodes:ident, $start:expr, $order:expr, $grads:ident, $input:ident, $share:ident => $give:expr) => {{
        let mut $grads = vec![0.0; $nodes.len()];
        $grads[$start] = 1.0;
        for id in $order {
            let node: &Node<f64> = &$nodes[id];
            for (&$input, $share) in node.inputs.iter().zip((node.backward)(&$grads[id])) {
                $give;
            }
        }
        $grads
    }};
}

#[test]
fn the_sweep_by_mistake() {
    swept(|n, out| sweep!(n, out, (0..=out).rev(), g, i, s => g[i] += s)).expect("right");
    names(
        swept(|n, out| sweep!(n, out, (0..=out).rev(), g, i, s => g[i] = s)),
        "overwrites instead of adding",
    );
    names(swept(|n, out| sweep!(n, out, 0..=out, g, i, s => g[i] += s)), "walks forward");
    names(swept(|n, out| sweep!(n, out, (0..out).rev(), g, i, s => g[i] += s)), "skips the output");
    names(
        swept(|n, _| sweep!(n, n.len() - 1, (0..n.len()).rev(), g, i, s => g[i] += s)),
        "starts at the end of the tape with 1",
    );
}

#[test]
fn the_order_by_mistake() {
    fn judge(order: impl Fn(&[Vec<usize>], usize) -> Vec<usize>) -> Verdict {
        rungs::r04_order::judge(order)
    }
    let depth_first = |inputs: &[Vec<usize>], output: usize, marks: bool| {
        fn visit(node: usize, inputs: &[Vec<usize>], marks: bool, done: &mut Vec<usize>) {
            if !(marks && done.contains(&node)) {
                inputs[node].iter().for_each(|&input| visit(input, inputs, marks, done));
                done.push(node);
            }
        }
        let mut done = Vec::new();
        visit(output, inputs, marks, &mut done);
        done
    };
    names(judge(|inputs, output| depth_first(inputs, output, true)), "inputs first");
    names(
        judge(|inputs, output| depth_first(inputs, output, false).into_iter().rev().collect()),
        "lists a node twice",
    );
    names(
        judge(|inputs, output| {
            let mut nodes = vec![output];
            let mut next = 0;
            while next < nodes.len() {
                let fresh: Vec<usize> = inputs[nodes[next]].to_vec();
                fresh.into_iter().for_each(|node| {
                    if !nodes.contains(&node) {
                        nodes.push(node);
                    }
                });
                next += 1;
            }
            nodes
        }),
        "breadth first",
    );
    names(
        judge(|inputs, output| {
            let mut nodes = depth_first(inputs, output, true);
            nodes.reverse();
            nodes.extend((0..inputs.len()).filter(|node| !nodes.contains(node)).collect::<Vec<_>>());
            nodes
        }),
        "lists nodes that the output does not use",
    );
    names(judge(|_, output| vec![output]), "leaves nodes out");
    // Any legal order is right: here the nodes are visited in the other direction.
    judge(|inputs, output| {
        let turned: Vec<Vec<usize>> =
            inputs.iter().map(|list| list.iter().rev().copied().collect()).collect();
        let mut nodes = depth_first(&turned, output, true);
        nodes.reverse();
        nodes
    })
    .expect("another legal order");
}

/// The judge of rung 5 with another derivative of tanh, and the bias added so many times.
fn neuron(slope: fn(f64, f64) -> f64, biases: fn(usize) -> usize) -> Verdict {
    r05_neuron::judge(|input| {
        let tape = Tape::new();
        let vars = |values: &[f64]| values.iter().map(|&x| tape.var(x)).collect::<Vec<_>>();
        let (w, x, b) = (vars(&input.w), vars(&input.x), tape.var(input.b));
        let mut sum = tape.var(0.0);
        w.iter().zip(&x).for_each(|(w, x)| sum = sum.add(w.mul(*x)));
        (0..biases(w.len())).for_each(|_| sum = sum.add(b));
        let (v, y) = (sum.value(), sum.value().tanh());
        let y = tape.record(&[sum], y, move |g| vec![g * slope(v, y)]);
        let grads = y.backward();
        let of = |vars: &[Var<'_, f64>]| vars.iter().map(|x| grads[x.id]).collect();
        r05_neuron::Output { y: y.value(), w: of(&w), x: of(&x), b: grads[b.id] }
    })
}

#[test]
fn the_neuron_by_mistake() {
    neuron(|_, y| 1.0 - y * y, |_| 1).expect("right");
    names(neuron(|v, _| 1.0 - v * v, |_| 1), "derivative of the sum in place of y");
    names(neuron(|_, y| 1.0 - y, |_| 1), "forgets the square");
    names(neuron(|_, y| 1.0 - y * y, |_| 0), "forgets the bias");
    names(neuron(|_, y| 1.0 - y * y, |inputs| inputs), "adds the bias once per input");
}
