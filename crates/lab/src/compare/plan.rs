//! How many steps each recipe gets within the budget, found out before the first run and kept for those that go on.

use std::collections::BTreeMap;

use gradbook_audio::Corpus;
use serde::{Deserialize, Serialize};

use super::{Budget, Comparison, Cost};
use crate::{Error, Existing, Recipe, RunFolder, files};

/// What was found out before the first run, so that a comparison that goes on goes on with it.
#[derive(Default, PartialEq, Serialize, Deserialize)]
struct Plan {
    budget: Budget,
    /// The steps that recipes asked for.
    asked: BTreeMap<String, u64>,
    /// The steps that they got.
    steps: BTreeMap<String, u64>,
}

impl Comparison {
    /// The recipes with as many steps as the budget allows.
    pub(super) fn within_budget(
        &self,
        corpus: &Corpus,
        folder: &RunFolder,
        existing: Existing,
    ) -> Result<Vec<Recipe>, Error> {
        let path = folder.path().join("plan.json");
        let begun = || serde_json::from_str::<Plan>(&std::fs::read_to_string(&path).ok()?).ok();
        let begun = if existing == Existing::Resume { begun() } else { None };
        let asked: BTreeMap<String, u64> =
            self.recipes.iter().map(|recipe| (recipe.name.clone(), recipe.train.steps)).collect();
        let same = |plan: &Plan| plan.budget == self.budget && plan.asked == asked;
        let begun = begun.filter(same).unwrap_or_default();
        let cost = match self.budget {
            Budget::Steps => return Ok(self.recipes.clone()),
            Budget::Flops => Cost::flops,
            Budget::Seconds => Cost::seconds,
        };
        let mut plan = Plan { budget: self.budget, asked, steps: BTreeMap::new() };
        let mut total = None;
        for recipe in &self.recipes {
            let steps = match begun.steps.get(&recipe.name) {
                Some(steps) => *steps,
                None => {
                    let cost = cost(recipe, corpus)?;
                    cost.steps_for(*total.get_or_insert(cost.total()))
                }
            };
            plan.steps.insert(recipe.name.clone(), steps);
        }
        let text = serde_json::to_string(&plan).expect("names and numbers can be written as JSON");
        files::replace(&path, (text + "\n").as_bytes())?;
        Ok(self.recipes.iter().map(|recipe| recipe.with_steps(plan.steps[&recipe.name])).collect())
    }
}
