//! `gradbook quantizers`: the kinds a recipe can name.

use std::process::ExitCode;

use clap::Args;
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
    pub fn run(&self) -> Outcome {
        let kinds = gradbook_vq::ALL;
        if self.json {
            let row = |kind: &gradbook_vq::Kind| json!({"kind": kind.name, "about": kind.summary, "paper": kind.paper});
            println!("{}", serde_json::Value::from_iter(kinds.iter().map(row)));
            return Ok(ExitCode::SUCCESS);
        }
        let width = kinds.iter().map(|kind| kind.name.len()).max().unwrap_or(0);
        for kind in kinds {
            let name = Style::Strong.paint(format!("{:<width$}", kind.name));
            println!("{name}  {}", wrapped(&format!("{} ({})", kind.summary, kind.paper), width + 2));
        }
        Ok(ExitCode::SUCCESS)
    }
}
