//! `gradbook quantizers`: the kinds a recipe can name.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::Outcome;
use crate::terminal::Style;

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
        let width =
            |text: fn(&gradbook_vq::Kind) -> &str| kinds.iter().map(|k| text(k).chars().count()).max();
        let (name, paper) = (width(|k| k.name).unwrap_or(0), width(|k| k.paper).unwrap_or(0));
        for kind in kinds {
            let shown = Style::Strong.paint(format!("{:<name$}", kind.name));
            println!("{shown}  {:<paper$}  {}", kind.paper, kind.summary);
        }
        Ok(ExitCode::SUCCESS)
    }
}
