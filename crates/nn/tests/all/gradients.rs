//! The gradient battery: every layer and every loss, inputs and parameters, against every oracle.

use gradbook_autograd::{
    Tape,
    check::{GradCase, Sampler, verify_op},
};
use gradbook_nn::{layers, loss};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

fn battery(all: &[&GradCase]) {
    let failures: Vec<String> = all
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
fn every_layer_agrees_with_every_oracle() {
    battery(layers::ALL);
}

#[test]
fn every_loss_agrees_with_every_oracle() {
    battery(loss::ALL);
}

#[test]
fn no_layer_and_no_loss_escapes_the_battery() {
    for (folder, helpers, all) in [
        ("src/layers", &["mod", "normalize", "padding", "weight"][..], layers::ALL),
        ("src/loss", &["mod"], loss::ALL),
    ] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = std::fs::read_dir(folder).expect("the sources").map(|file| file.expect("a file").path());
        let names: Vec<_> =
            files.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned()).collect();
        let proven = names.iter().filter(|name| !helpers.contains(&name.as_str())).count();
        assert_eq!(proven, all.len(), "one entry of ALL for each of {names:?}");
    }
}

/// Agreement on zero proves nothing: every input and every parameter must reach the output.
#[test]
fn no_case_is_empty() {
    for op in layers::ALL.iter().chain(loss::ALL) {
        let mut reached: Vec<Vec<bool>> = Vec::new();
        for seed in 0..20 {
            let cases = (op.cases)(&mut Sampler::new(seed));
            reached.resize_with(cases.len(), Vec::new);
            for (case, reached) in cases.iter().zip(&mut reached) {
                let tape = Tape::new();
                let x: Vec<_> = case.inputs.iter().map(|x| tape.var(x.clone())).collect();
                let y = (case.function.f64)(&x);
                let grads = y.backward_with(Sampler::new(seed).normal(&y.shape()));
                reached.resize(x.len(), false);
                for (x, reached) in x.iter().zip(reached) {
                    *reached |= grads.get(*x).is_some_and(|g| g.as_slice().iter().any(|g| *g != 0.0));
                }
            }
        }
        assert!(reached.iter().flatten().all(|reached| *reached), "{}: {reached:?}", op.name);
    }
}
