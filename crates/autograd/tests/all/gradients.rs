//! The gradient battery: every op, 64 random draws, against every oracle.

use gradbook_autograd::{
    check::{Failure, Sabotage, catches, verify_op},
    ops,
};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

#[test]
fn every_op_agrees_with_every_oracle() {
    let failures: Vec<String> = ops::ALL
        .iter()
        .filter_map(|op| {
            let mut runner = TestRunner::new(Config { cases: 64, ..Config::with_source_file(file!()) });
            let result = runner.run(&proptest::num::u64::ANY, |seed| {
                verify_op(op, seed).map(|_| ()).map_err(|failure| TestCaseError::fail(failure.to_string()))
            });
            result.err().map(|error| error.to_string())
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_sabotaged_derivative_is_caught() {
    let mut missed = Vec::new();
    // `detach` hands nothing back that could be spoilt.
    for op in ops::ALL.iter().filter(|op| op.name != "detach") {
        for argument in 0..arguments(op) {
            for sabotage in [Sabotage::Scale, Sabotage::Transpose, Sabotage::Zero] {
                if !(0..20).any(|seed| catches(op, argument, sabotage, seed)) {
                    missed.push(format!("{}: {sabotage:?} of argument {argument}", op.name));
                }
            }
        }
    }
    assert!(missed.is_empty(), "the checker missed\n{}", missed.join("\n"));
}

/// How many arguments the op takes in its widest case.
pub fn arguments(op: &ops::Op) -> usize {
    let cases = (op.cases)(&mut gradbook_autograd::check::Sampler::new(0));
    cases.iter().map(|case| case.inputs.len()).max().expect("every op has cases")
}

#[test]
fn a_failure_begins_with_its_case_or_without_one_with_its_oracle() {
    let of = |case: &str| {
        let case = case.to_string();
        Failure { case, oracle: "dual numbers", at: None, expected: 1.0, got: 2.0 }.to_string()
    };
    assert_eq!(of("exp case 0"), "exp case 0: dual numbers contradict the tape: expected 1e0, got 2e0");
    assert_eq!(of(""), "dual numbers contradict the tape: expected 1e0, got 2e0");
}
