//! `gradbook quantizers`: the kinds a recipe can name.

use std::process::ExitCode;

use clap::Args;
use gradbook_lab::Registry;
use serde_json::json;

use super::Outcome;
use crate::terminal::{Style, wrapped};

#[derive(Args)]
pub struct Quantizers {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Quantizers {
    pub fn run(&self, registry: &Registry) -> Outcome {
        let kinds = registry.quantizers();
        if self.json {
            let row = |kind: &gradbook_vq::Kind| json!({"kind": kind.name, "about": kind.summary, "paper": kind.paper});
            println!("{}", serde_json::Value::from_iter(kinds.kinds().map(row)));
            return Ok(ExitCode::SUCCESS);
        }
        let width = kinds.kinds().map(|kind| kind.name.len()).max().unwrap_or(0);
        for kind in kinds.kinds() {
            let name = Style::Strong.paint(format!("{:<width$}", kind.name));
            println!("{name}  {}", wrapped(&format!("{} ({})", kind.summary, kind.paper), width + 2));
        }
        Ok(ExitCode::SUCCESS)
    }
}
