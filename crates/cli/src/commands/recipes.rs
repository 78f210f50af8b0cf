//! `gradbook recipes`: what can be trained by name.

use std::process::ExitCode;

use clap::Args;
use gradbook_lab::{BUILT_IN, Registry};

use super::Outcome;
use crate::terminal::{Style, wrapped};

#[derive(Args)]
#[command(after_help = "Examples:
  gradbook recipes
  gradbook recipes best > mine.toml    a start for a recipe of your own")]
pub struct Recipes {
    /// Print this recipe as TOML.
    name: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Recipes {
    pub fn run(&self, registry: &Registry) -> Outcome {
        let names = BUILT_IN
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| self.name.as_ref().is_none_or(|n| n == name));
        if let Some(name) = &self.name {
            let recipe = registry.built_in(name)?;
            if !self.json {
                print!("{}", recipe.to_toml());
                return Ok(ExitCode::SUCCESS);
            }
        }
        let recipes = names.map(|name| registry.built_in(name)).collect::<Result<Vec<_>, _>>()?;
        if self.json {
            println!("{}", serde_json::to_string(&recipes)?);
            return Ok(ExitCode::SUCCESS);
        }
        let width = recipes.iter().map(|recipe| recipe.name.len()).max().unwrap_or(0);
        for recipe in recipes {
            let name = format!("{:<width$}", recipe.name);
            println!("{}  {}", Style::Strong.paint(name), wrapped(&recipe.about, width + 2));
        }
        Ok(ExitCode::SUCCESS)
    }
}
