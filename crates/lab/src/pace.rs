//! [`Pace`]: how fast a run is of late, and how long it will take.

use std::time::{Duration, Instant};

use crate::Training;

/// Steps per second over the last seconds.
pub(crate) struct Pace {
    since: Instant,
    step: u64,
    rate: f64,
}

impl Pace {
    pub fn new(training: &Training<'_>) -> Self {
        Self { since: Instant::now(), step: training.step, rate: 0.0 }
    }

    pub fn now(&mut self, training: &Training<'_>) -> (f64, Duration) {
        let seconds = self.since.elapsed().as_secs_f64();
        if seconds > 2.0 || self.rate == 0.0 {
            self.rate = (training.step - self.step) as f64 / seconds.max(1e-9);
        }
        if seconds > 2.0 {
            (self.since, self.step) = (Instant::now(), training.step);
        }
        let left = training.recipe.train.steps.saturating_sub(training.step) as f64 / self.rate.max(1e-9);
        (self.rate, Duration::try_from_secs_f64(left).unwrap_or(Duration::MAX))
    }
}
