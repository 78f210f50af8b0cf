//! Wrong quantizers, each with one mistake, and the property of the contract that sees it.

use std::sync::atomic::AtomicUsize;

use gradbook_autograd::Real;
use gradbook_nn::Scope;
use gradbook_vq::{
    Quantizer, QuantizerConfig,
    contract::{Subject, check},
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
const EMA: &str = "kind = \"codebook\"\ncodes = 7";
const RESPAWN: &str =
    "kind = \"codebook\"\ncodes = 7\nrespawn = { every = 1, below = { hits = 1.0 }, grace = 2 }";

#[test]
fn a_right_quantizer_in_the_same_wrapping_passes() {
    for text in [EMA, RESPAWN, ANY_WAY, SCALES] {
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
