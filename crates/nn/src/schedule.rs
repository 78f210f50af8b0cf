//! [`Schedule`]: the learning rate over time, as a pure function of the step. It multiplies the base rate.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::{ConfigError, rules};

/// A factor on the base rate for every step t = 0, 1, 2, …
///
/// A schedule has no state: any step can be asked for, in any order, so a resumed run needs nothing but its step.
///
/// ```
/// use gradbook_nn::Schedule;
/// let warm = Schedule::Warmup { start: 0.0, steps: 10 };
/// let schedule = warm.then(10, Schedule::Cosine { min: 0.1, steps: 100 });
/// assert_eq!((schedule.at(5), schedule.at(10), schedule.at(110), schedule.at(999)), (0.5, 1.0, 0.1, 0.1));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// 1
    #[default]
    Constant,
    /// From `start` up to 1 in a straight line: start + (1 − start)·min(t, n)/n.
    Warmup {
        /// The factor at step 0.
        #[serde(default)]
        start: f64,
        /// n
        steps: u64,
    },
    /// From 1 down to `min` along half a cosine: min + (1 − min)(1 + cos πt/n)/2, then `min` (Loshchilov & Hutter 2017).
    Cosine {
        /// The factor from step n on.
        #[serde(default)]
        min: f64,
        /// n
        steps: u64,
    },
    /// From 1 to `end` in a straight line, then `end`: 1 + (end − 1)·min(t, n)/n.
    Linear {
        /// The factor from step n on.
        #[serde(default)]
        end: f64,
        /// n
        steps: u64,
    },
    /// Falls by `factor` every so many steps: factor^⌊t/every⌋.
    Step {
        /// Steps between two falls.
        every: u64,
        /// The factor of each fall.
        factor: f64,
    },
    /// factorᵗ
    Exponential {
        /// The factor of each step.
        factor: f64,
    },
    /// Falls by `factor` at each milestone: factor^#{milestones ≤ t}.
    Piecewise {
        /// The steps of the falls.
        milestones: Vec<u64>,
        /// The factor of each fall.
        factor: f64,
    },
    /// Half a cosine from 1/div up to 1 at step rise·n − 1, another down to 1/(div·final_div) at step n − 1 (Smith 2018).
    OneCycle {
        /// n
        steps: u64,
        /// The share of steps spent rising.
        #[serde(default = "defaults::rise")]
        rise: f64,
        /// How far below the peak it starts.
        #[serde(default = "defaults::div")]
        div: f64,
        /// How far below the start it ends.
        #[serde(default = "defaults::final_div")]
        final_div: f64,
    },
    /// One schedule for some steps, then another, which counts from its own 0.
    Then {
        /// The schedule of the first `steps` steps.
        first: Box<Schedule>,
        /// When the second takes over.
        steps: u64,
        /// The schedule from there on.
        second: Box<Schedule>,
    },
}

mod defaults {
    pub fn rise() -> f64 {
        0.3
    }
    pub fn div() -> f64 {
        25.0
    }
    pub fn final_div() -> f64 {
        1e4
    }
}

/// From a to b along half a cosine.
fn half_cosine(a: f64, b: f64, share: f64) -> f64 {
    b + (a - b) * (1.0 + (PI * share.clamp(0.0, 1.0)).cos()) / 2.0
}

impl Schedule {
    /// This schedule for `steps` steps, then `second`.
    pub fn then(self, steps: u64, second: Schedule) -> Self {
        Self::Then { first: Box::new(self), steps, second: Box::new(second) }
    }

    /// The factor on the base rate at step `t`.
    pub fn at(&self, t: u64) -> f64 {
        let share = |steps: u64| t.min(steps) as f64 / steps as f64;
        match self {
            Self::Constant => 1.0,
            Self::Warmup { start, steps } => start + (1.0 - start) * share(*steps),
            Self::Cosine { min, steps } => half_cosine(1.0, *min, share(*steps)),
            Self::Linear { end, steps } => 1.0 + (end - 1.0) * share(*steps),
            Self::Step { every, factor } => factor.powf((t / every) as f64),
            Self::Exponential { factor } => factor.powf(t as f64),
            Self::Piecewise { milestones, factor } => {
                factor.powi(milestones.iter().filter(|m| **m <= t).count() as i32)
            }
            Self::OneCycle { steps, rise, div, final_div } => {
                let (peak, last, t) = (rise * *steps as f64 - 1.0, *steps as f64 - 1.0, t as f64);
                if t <= peak {
                    half_cosine(1.0 / div, 1.0, t / peak)
                } else {
                    half_cosine(1.0, 1.0 / (div * final_div), (t - peak) / (last - peak))
                }
            }
            Self::Then { first, steps, second } => match t.checked_sub(*steps) {
                None => first.at(t),
                Some(t) => second.at(t),
            },
        }
    }

    /// Whether every setting makes sense.
    ///
    /// # Errors
    /// The first setting that does not.
    pub fn check(&self) -> Result<(), ConfigError> {
        match self {
            Self::Constant => Ok(()),
            Self::Warmup { start: x, steps } => {
                rules::not_negative("start", *x)?;
                rules::steps("steps", *steps)
            }
            Self::Cosine { min: x, steps } => {
                rules::not_negative("min", *x)?;
                rules::steps("steps", *steps)
            }
            Self::Linear { end: x, steps } => {
                rules::not_negative("end", *x)?;
                rules::steps("steps", *steps)
            }
            Self::Step { every, factor } => {
                rules::steps("every", *every)?;
                rules::not_negative("factor", *factor)
            }
            Self::Exponential { factor } => rules::not_negative("factor", *factor),
            Self::Piecewise { milestones, factor } => {
                milestones.iter().try_for_each(|step| rules::step("milestones", *step))?;
                rules::not_negative("factor", *factor)
            }
            Self::OneCycle { steps, rise, div, final_div } => {
                rules::steps("steps", *steps)?;
                let peak = rise * *steps as f64 - 1.0;
                let inside = peak > 0.0 && peak < *steps as f64 - 1.0;
                ConfigError::unless(inside, "rise", rise, "1 < rise · steps < steps: a rise and a fall")?;
                rules::positive("div", *div)?;
                rules::positive("final_div", *final_div)
            }
            Self::Then { first, steps, second } => {
                first.check().map_err(|error| error.at("first"))?;
                rules::step("steps", *steps)?;
                second.check().map_err(|error| error.at("second"))
            }
        }
    }
}
