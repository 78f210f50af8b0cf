//! Property 21: an option that says it changes something does.

use gradbook_nn::Scope;

use super::{
    Subject, Violation,
    trial::{Build, Trial},
};

/// All that can be seen of a quantizer: its state after it was seeded and trained, on rows of all places and on rows of one
/// place (so that codes die), and what it then makes of rows, with losses and gradients.
fn seen(build: Build<'_, f64>, seed: u64) -> String {
    let mut trial = Trial::trained(build, seed);
    for step in 3..9 {
        let z = trial.rows(24, step).map(|x| 0.7 + 0.05 * x);
        trial.learn(&z, step);
    }
    let z = trial.rows(24, 80);
    let (passed, at_rest) = (trial.train(&z, trial.stream(9)), trial.eval(&z));
    let store: Vec<_> = trial.store.iter().map(|(_, entry)| (&entry.name, &entry.value)).collect();
    format!("{store:?}{:?}{:?}{:?}{at_rest:?}", passed.values, passed.losses, passed.gradient)
}

/// Checks that no two of some quantizers of `dim` channels, which differ in their options, are the same in all they do.
///
/// ```
/// use gradbook_vq::{QuantizerConfig, contract::options_matter};
/// let with = |options: &str| toml::from_str::<QuantizerConfig>(&format!("kind = \"lfq\"\n{options}")).unwrap();
/// let configs = [with(""), with("space = \"sphere\""), with("commitment = 0.5")];
/// assert!(options_matter(&configs, 4, 1).is_ok());
/// let twice = options_matter(&[with(""), with("space = \"cube\"")], 4, 1).unwrap_err(); // "cube" is the default
/// assert_eq!(twice.number, 21);
/// ```
///
/// # Errors
/// The first two that cannot be told apart, by their places in the list.
pub fn options_matter<S: Subject>(subjects: &[S], dim: usize, seed: u64) -> Result<(), Violation> {
    let one = |subject: &S| seen(&|scope: &mut Scope<'_, f64>| subject.build(dim, scope), seed);
    let all: Vec<String> = subjects.iter().map(one).collect();
    for (j, two) in all.iter().enumerate() {
        if let Some(i) = all[..j].iter().position(|one| one == two) {
            let found = format!("quantizers {i} and {j} of the list have other options and do the same");
            return Err(Violation { number: 21, found });
        }
    }
    Ok(())
}
