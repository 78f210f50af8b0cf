//! No op escapes its checks: the list of ops is complete, and every entry can be proven.

use std::{collections::HashSet, fs};

use gradbook_autograd::{check::Sampler, ops};

#[test]
fn every_op_file_is_in_the_list() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/ops");
    for entry in fs::read_dir(folder).expect("the folder of ops") {
        let path = entry.expect("a readable folder").path();
        let source = fs::read_to_string(&path).expect("readable source");
        let names: Vec<&str> = source
            .split("Op = Op {")
            .skip(1)
            .filter_map(|rest| rest.split("name: \"").nth(1)?.split('"').next())
            .collect();
        assert!(path.ends_with("mod.rs") || !names.is_empty(), "{} declares no op", path.display());
        for name in names {
            assert!(
                ops::ALL.iter().any(|op| op.name == name),
                "`{name}` ({}) is not in ops::ALL",
                path.display()
            );
        }
        if !path.ends_with("mod.rs") {
            assert!(
                source.contains("/// ```") || source.contains("//! ```"),
                "{} has no example",
                path.display()
            );
            assert!(source.starts_with("//! "), "{} does not begin with its formula", path.display());
        }
    }
}

#[test]
fn names_are_unique_and_formulas_are_one_line() {
    let mut seen = HashSet::new();
    for op in ops::ALL {
        assert!(seen.insert(op.name), "two ops are called `{}`", op.name);
        assert!(!op.formula.is_empty() && !op.formula.contains('\n'), "the formula of `{}`", op.name);
    }
}

#[test]
fn every_op_draws_cases_for_any_seed() {
    for op in ops::ALL {
        for seed in 0..20 {
            let cases = (op.cases)(&mut Sampler::new(seed));
            assert!(
                !cases.is_empty() && cases.iter().all(|case| !case.inputs.is_empty()),
                "{} at {seed}",
                op.name
            );
        }
    }
}
