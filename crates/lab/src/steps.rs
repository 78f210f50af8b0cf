//! A recipe over another number of steps: whatever happens at a time happens at the same share of the run.

use gradbook_nn::{Schedule, named::Options, rules::LAST_STEP};
use serde::Deserialize;
use toml::{Table, Value};

use crate::{GrowAt, Recipe, TrainConfig};

impl Recipe {
    /// The same recipe over another number of steps: warm-up, schedules, growth, seeding, the end of respawn and what
    /// freezes move along, in the quantizer too, however deep it is nested, and so does the reach of averaged weights.
    /// Intervals and rates stay.
    ///
    /// ```
    /// use gradbook_lab::Recipe;
    /// let text = "[quantizer]\nkind = \"codebook\"\ncodes = 8\nrespawn = { every = 5, below = { hits = 1.0 }, until = 300 }";
    /// let half = Recipe::parse(text).unwrap().with_steps(2000);
    /// assert!(half.to_toml().contains("until = 150") && half.to_toml().contains("every = 5"));
    /// ```
    #[must_use]
    pub fn with_steps(&self, steps: u64) -> Self {
        let factor = steps as f64 / self.train.steps.max(1) as f64;
        let at = |step: u64| ((step as f64 * factor).round() as u64).min(LAST_STEP);
        let quantizer = self.quantizer.as_ref().map(|quantizer| {
            let mut table = Table::try_from(quantizer).expect("a quantizer's settings are a table");
            rescale_table(&mut table, &at);
            let options = Options::of(Value::Table(table), "a quantizer");
            options.and_then(|options| self.registry.quantizer_of(options)).expect("times alone have changed")
        });
        let mut train = self.train.rescaled(&at, steps);
        for event in &mut train.events {
            let mut table = Table::try_from(&*event).expect("an event's settings are a table");
            rescale_table(&mut table, &at);
            let options = Options::of(Value::Table(table), "an event");
            *event = options
                .and_then(|options| self.registry.event_of(options))
                .expect("times alone have changed");
        }
        Self { train, quantizer, ..self.clone() }
    }
}

/// Moves what settings call `step`, `until` or `schedule`.
fn rescale_table(table: &mut Table, at: &dyn Fn(u64) -> u64) {
    for (key, value) in table.iter_mut() {
        match (key.as_str(), value) {
            ("until" | "step", Value::Integer(step)) => *step = at(u64::try_from(*step).unwrap_or(0)) as i64,
            ("schedule", value) => {
                if let Ok(schedule) = Schedule::deserialize(value.clone()) {
                    *value =
                        Value::try_from(rescaled(&schedule, at)).expect("it can be written as it was read");
                }
            }
            (_, Value::Table(inner)) => rescale_table(inner, at),
            (_, Value::Array(all)) => {
                all.iter_mut().filter_map(Value::as_table_mut).for_each(|inner| rescale_table(inner, at));
            }
            _ => {}
        }
    }
}

impl TrainConfig {
    fn rescaled(&self, at: &dyn Fn(u64) -> u64, steps: u64) -> Self {
        let mut new = self.clone();
        new.steps = steps;
        new.warmup = at(self.warmup);
        new.optimizer.schedule = rescaled(&self.optimizer.schedule, at);
        if let Some(seeding) = &mut new.seeding {
            seeding.again.iter_mut().for_each(|step| *step = at(*step));
        }
        for grow in &mut new.grow {
            if let GrowAt::Step(step) = &mut grow.at {
                *step = at(*step);
            }
        }
        new.raise.iter_mut().for_each(|raise| raise.step = at(raise.step));
        new.freeze_encoder = self.freeze_encoder.map(at);
        new.freeze_codes = self.freeze_codes.map(at);
        new.keep.iter_mut().for_each(|step| *step = at(*step));
        new.evaluate_every = self.evaluate_every.map(|every| at(every).max(1));
        // The average reaches back over the same share of the run: γᵗ at step t is what it was.
        let slower = self.steps.max(1) as f64 / steps.max(1) as f64;
        new.average = self.average.map(|decay| decay.powf(slower));
        new
    }
}

fn rescaled(schedule: &Schedule, at: &dyn Fn(u64) -> u64) -> Schedule {
    let some = |steps: u64| at(steps).max(1);
    match schedule.clone() {
        Schedule::Warmup { start, steps } => Schedule::Warmup { start, steps: some(steps) },
        Schedule::Cosine { min, steps } => Schedule::Cosine { min, steps: some(steps) },
        Schedule::Linear { end, steps } => Schedule::Linear { end, steps: some(steps) },
        Schedule::Step { every, factor } => Schedule::Step { every: some(every), factor },
        Schedule::Piecewise { milestones, factor } => {
            Schedule::Piecewise { milestones: milestones.into_iter().map(at).collect(), factor }
        }
        Schedule::OneCycle { steps, rise, div, final_div } => {
            Schedule::OneCycle { steps: some(steps), rise, div, final_div }
        }
        Schedule::Then { first, steps, second } => Schedule::Then {
            first: Box::new(rescaled(&first, at)),
            steps: at(steps),
            second: Box::new(rescaled(&second, at)),
        },
        same @ (Schedule::Constant | Schedule::Exponential { .. }) => same,
    }
}
