//! Wrong quantizers, each with one mistake, and the property of the contract that sees it.

use std::sync::atomic::AtomicUsize;

use gradbook_autograd::{Real, Tensor};
use gradbook_nn::Scope;
use gradbook_vq::{
    Quantizer, QuantizerConfig,
    combine::{Depth, Residual},
    contract::{Subject, Violation, check, options_matter},
};

use crate::wrong::{Mistake, Wrong};

/// A config with a mistake.
struct Spoilt(QuantizerConfig, Mistake);

impl Subject for Spoilt {
    fn build<T: Real>(&self, dim: usize, scope: &mut Scope<'_, T>) -> Box<dyn Quantizer<T>> {
        let inner = Subject::build(&self.0, dim, scope);
        Box::new(Wrong { inner, mistake: self.1, calls: AtomicUsize::new(0), absorbed: AtomicUsize::new(0) })
    }
}

fn config(text: &str) -> QuantizerConfig {
    toml::from_str(text).expect("a config")
}

/// Declares no way for gradients, so that those of a mistake are judged by their size alone.
const ANY_WAY: &str = "kind = \"codebook\"\ncodes = 7\nmetric = \"cosine\"";
const SCALES: &str =
    "kind = \"multi_scale\"\nscales = [1, 2]\nquantizer = { kind = \"codebook\", codes = 7 }";
const ROTATION: &str =
    "kind = \"codebook\"\ncodes = 7\nlearning = { by = \"ema\", estimator = \"rotation\" }";
const STACK: &str = "kind = \"residual\"\nlevels = 2\nquantizer = { kind = \"codebook\", codes = 7 }";
const BEAM: &str =
    "kind = \"residual\"\nlevels = 2\nbeam = 2\nquantizer = { kind = \"codebook\", codes = 7 }";
const EMA: &str = "kind = \"codebook\"\ncodes = 7";
const RESPAWN: &str =
    "kind = \"codebook\"\ncodes = 7\nrespawn = { every = 1, below = { hits = 1.0 }, grace = 2 }";

#[test]
fn a_right_quantizer_in_the_same_wrapping_passes() {
    for text in [EMA, RESPAWN, ANY_WAY, SCALES, ROTATION, STACK, BEAM] {
        check(&Spoilt(config(text), Mistake::None), 4, 1).unwrap_or_else(|violation| panic!("{violation}"));
    }
}

#[test]
fn every_mistake_is_caught_by_the_property_it_breaks() {
    for (mistake, text, number) in [
        (Mistake::GradientFactor, EMA, 3),
        (Mistake::ForgottenDetach, EMA, 4),
        (Mistake::DecodeSkipsScale, EMA, 1),
        (Mistake::NoisyEvaluation, EMA, 1),
        (Mistake::Decay, EMA, 19),
        (Mistake::HitPerBatch, EMA, 6),
        (Mistake::LastRow, EMA, 13),
        (Mistake::WrongCode, EMA, 13),
        (Mistake::Radix, EMA, 10),
        (Mistake::DetachedLosses, EMA, 3),
        (Mistake::SwallowsNan, EMA, 18),
        (Mistake::EqualSeeds, EMA, 8),
        (Mistake::HiddenState, EMA, 15),
        (Mistake::NoGrace, RESPAWN, 7),
        (Mistake::ShardLoss, EMA, 6),
        (Mistake::Neighbors, SCALES, 5),
        (Mistake::NearZero, ANY_WAY, 20),
        (Mistake::FarAway, ANY_WAY, 20),
        (Mistake::DecodesAll, EMA, 10),
        (Mistake::GradientFactor, ROTATION, 3),
        (Mistake::ForgottenDetach, ROTATION, 4),
        (Mistake::LastRow, STACK, 14),
        (Mistake::ReportsAtRest, EMA, 2),
        (Mistake::NoisyTraining, EMA, 2),
        (Mistake::RemembersTraining, EMA, 2),
        (Mistake::Threads, EMA, 12),
        (Mistake::ZeroSeed, EMA, 8),
        (Mistake::TinySeeds, EMA, 9),
    ] {
        match check(&Spoilt(config(text), mistake), 4, 1) {
            Ok(report) => panic!("{mistake:?} was not caught: {report:?}"),
            Err(violation) => {
                assert_eq!(
                    violation.number, number,
                    "{mistake:?} was caught as another mistake: {violation}"
                );
            }
        }
    }
}

/// A stack whose second level has a mistake.
struct SecondLevel(Mistake);

impl Subject for SecondLevel {
    fn build<T: Real>(&self, dim: usize, scope: &mut Scope<'_, T>) -> Box<dyn Quantizer<T>> {
        let first = Subject::build(&config(EMA), dim, &mut scope.at("first"));
        let second = Spoilt(config(EMA), self.0).build(dim, &mut scope.at("second"));
        Box::new(Residual::new(vec![first, second], Depth::All))
    }
}

#[test]
fn a_level_that_adds_to_the_error_is_caught() {
    assert!(check(&SecondLevel(Mistake::None), 4, 1).is_ok_and(|report| report.held.contains(&17)));
    let violation = check(&SecondLevel(Mistake::OtherSide), 4, 1).expect_err("it turns away from the rows");
    assert_eq!(violation.number, 17, "{violation}");
    assert!(violation.found.contains("with 1 levels and"), "{violation}");
}

/// A quantizer with a parameter beside it that nothing depends on.
struct Spare;

impl Subject for Spare {
    fn build<T: Real>(&self, dim: usize, scope: &mut Scope<'_, T>) -> Box<dyn Quantizer<T>> {
        scope.trainable("spare", Tensor::filled([dim], T::ONE));
        Subject::build(&config(EMA), dim, scope)
    }
}

#[test]
fn a_parameter_that_learns_from_nothing_is_named() {
    let violation = check(&Spare, 4, 1).expect_err("it learns nothing");
    assert_eq!(violation.number, 4);
    assert!(violation.found.contains("no gradient reached [\"spare\"]"), "{violation}");
}

#[test]
fn a_report_and_a_violation_say_what_was_checked() {
    let violation = Violation { number: 11, found: "perplexity 0".into() };
    let sentence = "property 11 is broken: perplexity is between 1 and K, however the rows are cut";
    assert_eq!(violation.to_string(), format!("{sentence}\n  found: perplexity 0"));
    let report = check(&config("kind = \"fsq\"\nlevels = [3, 3, 3, 3]"), 4, 1).expect("it is right");
    assert_eq!(report.held, [1, 2, 4, 5, 6, 10, 11, 12, 14, 15, 18, 20], "{report}");
    assert_eq!(
        report.skipped.iter().map(|(n, _)| *n).collect::<Vec<_>>(),
        [3, 3, 7, 8, 9, 13, 16, 17, 19, 21]
    );
    let start = "12 of 21 properties held\n  3 not exercised: it declares a gradient rule of its own\n     (the encoder gets";
    assert!(report.to_string().starts_with(start), "{report}");
}

#[test]
fn an_option_that_changes_nothing_is_caught() {
    let [one, two] = [EMA, "kind = \"codebook\"\ncodes = 8"].map(config);
    options_matter(&[one.clone(), two.clone()], 4, 1).unwrap_or_else(|violation| panic!("{violation}"));
    let found = options_matter(&[one.clone(), two, one], 4, 1).expect_err("two are the same");
    assert_eq!((found.number, found.found.contains("quantizers 0 and 2")), (21, true), "{found}");
}

#[test]
fn parts_of_properties_that_do_not_apply_are_reported_with_their_reason() {
    let drawn = config("kind = \"codebook\"\ncodes = 7\nlearning = { by = \"ema\", sample = 0.5 }");
    let report = check(&drawn, 4, 1).unwrap_or_else(|violation| panic!("{violation}"));
    assert!(report.skipped.contains(&(6, "training draws its codes")), "{report}");
    assert!(report.partly.contains(&(4, "it has no learned parameter")), "{report}");
    let text = report.to_string();
    assert!(text.contains("\n  4 exercised in part: it has no learned parameter\n"), "{text}");
    assert!(text.contains("\n  6 not exercised: training draws its codes\n"), "{text}");
}
