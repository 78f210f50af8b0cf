//! [`Grow`]: a codebook gets more codes, at a step or when the loss has come to a plateau.

use gradbook_nn::{ConfigError, State, Value, rules};
use serde::{Deserialize, Serialize};

/// A larger codebook from some time on.
///
/// ```
/// use gradbook_lab::{GrowAt, Recipe};
/// let recipe = Recipe::parse("[train]\ngrow = [{ step = 500, codes = 128 }, { plateau = 3, codes = 512 }]").unwrap();
/// assert_eq!(recipe.train.grow[1].at, GrowAt::Plateau(3));
/// let error = Recipe::parse("[train]\ngrow = [{ step = 500, plateau = 3, codes = 128 }]").unwrap_err();
/// assert!(error.to_string().contains("one of the two"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Grow {
    /// When.
    pub at: GrowAt,
    /// Codes from then on.
    pub codes: usize,
    /// How far new codes are moved from the old ones they copy, relative to the codes' deviation.
    pub jitter: f64,
}

impl Grow {
    /// Whether its numbers keep their rules.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        match self.at {
            GrowAt::Step(step) => rules::step("step", step)?,
            GrowAt::Plateau(evaluations) => rules::steps("plateau", evaluations)?,
        }
        rules::count("codes", self.codes, 1..=MOST_CODES)?;
        let rule = "0 to 1,000 deviations";
        ConfigError::unless((0.0..=1000.0).contains(&self.jitter), "jitter", self.jitter, rule)
    }
}

/// The most codes that a codebook may grow to.
const MOST_CODES: usize = 1 << 31;

/// When a codebook grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrowAt {
    /// Before this step: `step = 500` in a recipe.
    Step(u64),
    /// After so many evaluations in a row, counted from the last growth on, without a smaller training loss than the
    /// best of them: `plateau = 3`. Plateaus are waited for one after the other, in the order of the recipe.
    Plateau(u64),
}

/// A [`Grow`] as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plateau: Option<u64>,
    codes: usize,
    #[serde(default = "jitter")]
    jitter: f64,
}

fn jitter() -> f64 {
    0.1
}

impl TryFrom<Fields> for Grow {
    type Error = &'static str;

    fn try_from(Fields { step, plateau, codes, jitter }: Fields) -> Result<Self, Self::Error> {
        let at = match (step, plateau) {
            (Some(step), None) => GrowAt::Step(step),
            (None, Some(evaluations @ 1..)) => GrowAt::Plateau(evaluations),
            (None, Some(0)) => return Err("a plateau lasts at least 1 evaluation"),
            _ => return Err("a codebook grows at a `step` or at a `plateau`: one of the two"),
        };
        Ok(Self { at, codes, jitter })
    }
}

impl From<Grow> for Fields {
    fn from(Grow { at, codes, jitter }: Grow) -> Self {
        let (step, plateau) = match at {
            GrowAt::Step(step) => (Some(step), None),
            GrowAt::Plateau(evaluations) => (None, Some(evaluations)),
        };
        Self { step, plateau, codes, jitter }
    }
}

/// Stands for a step that has not come.
const NEVER: u64 = u64::MAX;

/// The step of each growth of a recipe, and how long the loss has not fallen.
pub(crate) struct Growing {
    /// [`NEVER`] while its plateau has not come.
    steps: Vec<u64>,
    best: f64,
    stale: u64,
}

impl Growing {
    pub fn new(grow: &[Grow]) -> Self {
        let step = |grow: &Grow| match grow.at {
            GrowAt::Step(step) => step,
            GrowAt::Plateau(_) => NEVER,
        };
        Self { steps: grow.iter().map(step).collect(), best: f64::INFINITY, stale: 0 }
    }

    /// Takes note of the loss up to `step`: if that is a plateau, the growth that waits for it is due now.
    pub fn observe(&mut self, grow: &[Grow], step: u64, loss: f64) {
        self.stale = if loss < self.best { 0 } else { self.stale + 1 };
        self.best = self.best.min(loss);
        let waiting = grow.iter().zip(&mut self.steps).find_map(|(grow, due)| match grow.at {
            GrowAt::Plateau(evaluations) if *due == NEVER => Some((evaluations, due)),
            _ => None,
        });
        if let Some((_, due)) = waiting.filter(|(evaluations, _)| self.stale >= *evaluations) {
            *due = step;
            (self.best, self.stale) = (f64::INFINITY, 0);
        }
    }

    /// The growths of a recipe before `step`, in their order.
    pub fn due<'g>(&self, grow: &'g [Grow], step: u64) -> impl Iterator<Item = &'g Grow> {
        grow.iter().zip(&self.steps).filter(move |(_, due)| **due == step).map(|(grow, _)| grow)
    }
}

impl State<f32> for Growing {
    fn state(&self) -> Vec<(String, Value<f32>)> {
        let loss = vec![self.best.to_bits(), self.stale];
        vec![
            ("steps".to_owned(), Value::Counts(self.steps.clone())),
            ("plateau".to_owned(), Value::Counts(loss)),
        ]
    }

    fn set_state(&mut self, state: Vec<Value<f32>>) {
        if let [Value::Counts(steps), Value::Counts(loss)] = &state[..] {
            self.steps.clone_from(steps);
            (self.best, self.stale) = (f64::from_bits(loss[0]), loss[1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plateau_is_waited_for_after_the_last_and_from_a_new_best_on() {
        let plateau = |evaluations, codes| Grow { at: GrowAt::Plateau(evaluations), codes, jitter: 0.0 };
        let grow = [Grow { at: GrowAt::Step(3), codes: 4, jitter: 0.0 }, plateau(2, 8), plateau(1, 16)];
        let mut growing = Growing::new(&grow);
        // 4 is the best; two evaluations without a smaller one are the first plateau. Then 6 is the best, as if it were the
        // start, and 7 is the second plateau.
        for (step, loss) in
            [(10, 5.0), (20, 4.0), (30, 4.5), (40, 4.0), (50, 6.0), (60, 5.5), (70, 7.0), (80, 9.0)]
        {
            growing.observe(&grow, step, loss);
        }
        let due = |step: u64| growing.due(&grow, step).map(|grow| grow.codes).collect::<Vec<_>>();
        let grown: Vec<_> = (0..100).filter(|step| !due(*step).is_empty()).collect();
        assert_eq!(grown, [3, 40, 70]);
        assert_eq!([due(3), due(40), due(70)], [[4], [8], [16]]);
    }
}
