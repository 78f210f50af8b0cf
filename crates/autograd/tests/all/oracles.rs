//! Each oracle alone: a wrong derivative is seen by central differences without the other two, by dual numbers without the
//! other two, and by second order without the other two wherever the op bends.

use gradbook_autograd::{
    check::{Oracle, Sabotage, Sampler, catches_by},
    hvp,
    ops::{self, Op},
};

use crate::gradients::arguments;

/// Calls `missed(op, argument, sabotage)` for everything that a sabotage can spoil.
fn each_sabotage(mut visit: impl FnMut(&Op, usize, Sabotage)) {
    for op in ops::ALL.iter().filter(|op| op.name != "detach") {
        for argument in 0..arguments(op) {
            for sabotage in [Sabotage::Scale, Sabotage::Transpose, Sabotage::Zero] {
                visit(op, argument, sabotage);
            }
        }
    }
}

fn assert_seen_by(oracle: Oracle, of_these: impl Fn(&Op, usize) -> bool) -> usize {
    let (mut missed, mut seen) = (Vec::new(), 0);
    each_sabotage(|op, argument, sabotage| {
        if of_these(op, argument) {
            match (0..20).any(|seed| catches_by(oracle, op, argument, sabotage, seed)) {
                true => seen += 1,
                false => missed.push(format!("{}: {sabotage:?} of argument {argument}", op.name)),
            }
        }
    });
    assert!(missed.is_empty(), "{oracle:?} alone missed\n{}", missed.join("\n"));
    seen
}

#[test]
fn central_differences_alone_see_every_sabotage() {
    assert!(assert_seen_by(Oracle::CentralDifferences, |_, _| true) > 150);
}

#[test]
fn dual_numbers_alone_see_every_sabotage() {
    assert!(assert_seen_by(Oracle::DualNumbers, |_, _| true) > 150);
}

/// Whether the derivative by this argument changes with this argument, in some case of the op.
fn bends(op: &Op, argument: usize) -> bool {
    (op.cases)(&mut Sampler::new(3)).iter().any(|case| {
        let Some(x) = case.inputs.get(argument).filter(|_| case.surrogate.is_none()) else { return false };
        let mut s = Sampler::new(5);
        let mut v: Vec<_> = case.inputs.iter().map(|x| x.map(|_| 0.0)).collect();
        v[argument] = s.normal(x.shape());
        let tape = gradbook_autograd::Tape::new();
        let leaves: Vec<_> = case.inputs.iter().map(|x| tape.constant(x.clone())).collect();
        let u = s.normal(&(case.function.f64)(&leaves).shape());
        let (_, curve) = hvp(&case.function.dual, &case.inputs, &u, &v);
        curve[argument].as_slice().iter().any(|h| h.abs() > 1e-3)
    })
}

#[test]
fn second_order_alone_sees_every_sabotage_of_what_bends() {
    let bent = |name: &str| bends(ops::ALL.iter().find(|op| op.name == name).unwrap(), 0);
    assert!(["exp", "ln", "tanh", "softmax", "square", "pow", "snake"].map(bent) == [true; 7]);
    assert_eq!(["sum", "reshape", "conv1d", "relu"].map(bent), [false; 4]);
    // Sums bend in one case by the square that they take in: the mistake is in a derivative that is 1.
    let by_itself = |op: &Op, argument| !matches!(op.name, "add" | "sub") && bends(op, argument);
    assert!(assert_seen_by(Oracle::SecondOrder, by_itself) > 60);
}
