//! The contract: properties that every quantizer has, as a check that runs on any of them, yours included.

mod caught;
mod gradients;
mod inputs;
mod options;
mod seeding;
mod shards;
mod statistics;
mod training;
mod trial;
mod values;

use std::fmt;

pub use options::options_matter;

use gradbook_autograd::{Dual, Real};
use gradbook_nn::Scope;

use crate::{Quantizer, QuantizerConfig};
use trial::{Build, Trial};

/// Something that builds a quantizer in any arithmetic: `f32`, `f64`, and dual numbers for the gradient check.
///
/// ```
/// use gradbook_autograd::Real;
/// use gradbook_nn::Scope;
/// use gradbook_vq::{KindConfig, Quantizer, contract::{Subject, check}, kinds::FsqConfig};
/// struct Mine;
/// impl Subject for Mine {
///     fn build<T: Real>(&self, dim: usize, scope: &mut Scope<'_, T>) -> Box<dyn Quantizer<T>> {
///         FsqConfig { levels: vec![5; dim], symmetric: false }.build(dim, scope).unwrap()
///     }
/// }
/// let report = check(&Mine, 3, 1).unwrap_or_else(|violation| panic!("{violation}"));
/// assert!(report.held.contains(&1));
/// ```
pub trait Subject {
    /// Puts the quantizer of rows of `dim` channels into a store.
    fn build<T: Real>(&self, dim: usize, scope: &mut Scope<'_, T>) -> Box<dyn Quantizer<T>>;
}

/// The quantizer of a config. Panics if the config is illegal.
impl Subject for QuantizerConfig {
    #[track_caller]
    fn build<T: Real>(&self, dim: usize, scope: &mut Scope<'_, T>) -> Box<dyn Quantizer<T>> {
        QuantizerConfig::build(self, dim, scope).unwrap_or_else(|error| panic!("contract: {error}"))
    }
}

/// The properties by number.
pub static PROPERTIES: &[(u8, &str)] = &[
    (1, "decoding the codes gives the quantized value bit for bit in evaluation"),
    (2, "evaluation changes nothing, reports nothing and draws no random number, and a forward pass is pure"),
    (3, "the encoder gets the decoder's gradient as the quantizer declares, and every commitment pulls it"),
    (4, "gradients are those of the forward formula, and every learned parameter gets one"),
    (5, "masked rows are as rows that are not there, item by item, however many are left of each"),
    (
        6,
        "merged shards are the whole batch: codes, what is learned from statistics, losses and their gradients",
    ),
    (7, "a respawned code survives its grace period"),
    (8, "seeding with fewer rows than codes gives no zero or duplicate code"),
    (9, "no codebook is seeded on exhausted residuals"),
    (10, "indices are exact integers below their radix, and no others are decoded"),
    (11, "perplexity is between 1 and K, however the rows are cut"),
    (12, "the same seed gives the same bits on any number of threads"),
    (13, "no other code is nearer than the chosen one, and a beam is offered the others in order"),
    (14, "permuting rows permutes results, permuting codes relabels them"),
    (15, "a saved and loaded quantizer goes on to the same bits"),
    (16, "quantizing a code returns it"),
    (17, "the residual error never grows with a level whose codebook contains zero"),
    (18, "constant, tiny, huge and not-a-number inputs give finite results or an error that names the row"),
    (19, "a moving-average codebook follows its formula"),
    (20, "gradients of rows near zero and of huge rows are bounded: at most 10⁵ times the decoder's"),
    (21, "options that are documented to change something change it"),
];

/// What a check found: each property of [`PROPERTIES`] either held or was not exercised. One with several parts held if a
/// part of it applies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The properties that held.
    pub held: Vec<u8>,
    /// Those that do not apply to this quantizer, by what it declares, and why.
    pub skipped: Vec<(u8, &'static str)>,
    /// Those that held, but not all of their parts apply, and why.
    pub partly: Vec<(u8, &'static str)>,
}

/// How many properties held, and a line for each that was not exercised, or not in all its parts.
///
/// ```
/// use gradbook_vq::{QuantizerConfig, contract::check};
/// let config: QuantizerConfig = toml::from_str("kind = \"fsq\"\nlevels = [3]").unwrap();
/// let text = check(&config, 1, 1).unwrap().to_string();
/// assert!(text.contains("8 not exercised: it has no codebook"), "{text}");
/// ```
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} properties held", self.held.len(), PROPERTIES.len())?;
        let skipped = self.skipped.iter().map(|(number, why)| (number, "not exercised", why));
        let partly = self.partly.iter().map(|(number, why)| (number, "exercised in part", why));
        for (number, how, why) in skipped.chain(partly) {
            let sentence = PROPERTIES.iter().find(|(n, _)| n == number).map_or("", |(_, s)| s);
            write!(f, "\n  {number} {how}: {why}\n     ({sentence})")?;
        }
        Ok(())
    }
}

/// A property that a quantizer breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its number in [`PROPERTIES`].
    pub number: u8,
    /// The values that break it.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = PROPERTIES.iter().find(|(n, _)| *n == self.number).map_or("", |(_, s)| s);
        write!(f, "property {} is broken: {sentence}\n  found: {}", self.number, self.found)
    }
}

impl std::error::Error for Violation {}

/// Whether a property applies.
enum Verdict {
    Holds,
    Skipped(&'static str),
}

/// What checking one property gives.
type Checked = Result<Verdict, String>;

/// The check of a property in one arithmetic.
type Rule<'s, T> = (u8, fn(&Trial<'s, T>) -> Checked);

/// Checks all properties on random latents of `dim` channels, in `f32` and `f64`.
///
/// # Errors
/// The first property that is broken, with the offending values.
pub fn check(subject: &impl Subject, dim: usize, seed: u64) -> Result<Report, Violation> {
    let in_f32 = |scope: &mut Scope<'_, f32>| subject.build(dim, scope);
    let in_f64 = |scope: &mut Scope<'_, f64>| subject.build(dim, scope);
    let in_dual = |scope: &mut Scope<'_, Dual>| subject.build(dim, scope);
    check_all(&in_f32, &in_f64, &in_dual, seed)
}

/// Not generic, so that it is compiled once, with this crate, and not with each test that calls [`check`].
fn check_all(
    in_f32: Build<'_, f32>,
    in_f64: Build<'_, f64>,
    in_dual: Build<'_, Dual>,
    seed: u64,
) -> Result<Report, Violation> {
    let mut report = Report::default();
    run(in_f32, seed, &mut report)?;
    run(in_f64, seed, &mut report)?;
    judge(4, &mut report, || gradients::forward_mode(in_f64, in_dual, seed).map(|_| Verdict::Holds))?;
    report.skipped.push((21, "options are compared among several quantizers: `options_matter` does"));
    report.held.sort_unstable();
    report.held.dedup();
    report.skipped.sort_unstable();
    report.skipped.dedup();
    (report.partly, report.skipped) =
        report.skipped.into_iter().partition(|(number, _)| report.held.contains(number));
    Ok(report)
}

/// Checks by dual numbers that gradients are those of the forward formula: the part of property 4 that
/// `gradbook gradcheck` shows. It returns the relative difference of the derivatives along a random direction.
///
/// # Errors
/// The two derivatives, where they differ by more than 10⁻⁸.
pub fn check_gradient(subject: &impl Subject, dim: usize, seed: u64) -> Result<f64, Violation> {
    let in_f64 = |scope: &mut Scope<'_, f64>| subject.build(dim, scope);
    let in_dual = |scope: &mut Scope<'_, Dual>| subject.build(dim, scope);
    let mut difference = f64::NAN;
    judge(4, &mut Report::default(), || {
        difference = gradients::forward_mode(&in_f64, &in_dual, seed)?;
        Ok(Verdict::Holds)
    })?;
    Ok(difference)
}

fn run<T: Real>(build: Build<'_, T>, seed: u64, report: &mut Report) -> Result<(), Violation> {
    let trial = Trial::trained(build, seed);
    let all = [
        values::rules(),
        gradients::rules(),
        statistics::rules(),
        shards::rules(),
        training::rules(),
        seeding::rules(),
    ];
    let all: Vec<Rule<'_, T>> = all.into_iter().flatten().chain(inputs::rules()).collect();
    all.iter().try_for_each(|(number, rule)| judge(*number, report, || rule(&trial)))
}

/// Runs one check; a panic in it is a violation too.
fn judge(number: u8, report: &mut Report, rule: impl FnOnce() -> Checked) -> Result<(), Violation> {
    match caught::caught(rule).unwrap_or_else(|cause| Err(inputs::message(&*cause))) {
        Ok(Verdict::Holds) => report.held.push(number),
        Ok(Verdict::Skipped(why)) => report.skipped.push((number, why)),
        Err(found) => return Err(Violation { number, found }),
    }
    Ok(())
}

/// `ensure!(condition, "what was found instead")`
macro_rules! ensure {
    ($condition:expr, $($found:tt)+) => {
        let holds: bool = $condition;
        if !holds {
            return Err(format!($($found)+));
        }
    };
}
use ensure;
