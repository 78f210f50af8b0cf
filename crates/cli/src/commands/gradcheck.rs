//! `gradbook gradcheck`: proves the gradients of every op, layer and loss, here and now.

use std::process::ExitCode;

use clap::Args;
use gradbook_autograd::{check, ops};
use gradbook_lab::{Registry, compare::align};
use rayon::prelude::*;
use serde_json::json;

use super::Outcome;
use crate::terminal::Style;

#[derive(Args)]
#[command(after_help = "Examples:
  gradbook gradcheck
  gradbook gradcheck --op conv1d --rounds 100")]
pub struct Gradcheck {
    /// Only what has this name.
    #[arg(long, value_name = "NAME")]
    op: Option<String>,
    /// Random draws of every case.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    rounds: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What was found about one op.
struct Row {
    name: &'static str,
    what: &'static str,
    cases: usize,
    errors: check::Errors,
    failure: Option<String>,
}

impl Gradcheck {
    pub fn run(&self, registry: &Registry) -> Outcome {
        let op = ops::ALL.iter().chain(registry.ops()).map(|op| ("op", *op));
        let layer = gradbook_nn::layers::ALL.iter().map(|op| ("layer", *op));
        let loss = gradbook_nn::loss::ALL.iter().map(|op| ("loss", *op));
        let wanted: Vec<_> = op
            .chain(layer)
            .chain(loss)
            .filter(|(_, op)| self.op.as_ref().is_none_or(|name| name == op.name))
            .collect();
        if wanted.is_empty() {
            let name = self.op.as_deref().unwrap_or_default();
            eprintln!("{} no op, layer or loss is called `{name}`", Style::Bad.paint("error:"));
            return Ok(ExitCode::from(2));
        }
        let rows: Vec<Row> =
            wanted.par_iter().with_max_len(1).map(|(what, op)| self.prove(what, op)).collect();
        if self.json {
            println!("{}", serde_json::Value::from_iter(rows.iter().map(Row::json)));
        } else {
            self.print(&rows);
        }
        Ok(if rows.iter().all(|row| row.failure.is_none()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn prove(&self, what: &'static str, op: &ops::Op) -> Row {
        let mut row = Row { name: op.name, what, cases: 0, errors: check::Errors::default(), failure: None };
        for seed in 0..self.rounds {
            match check::verify_op(op, seed) {
                Ok((cases, errors)) => (row.cases, row.errors) = (row.cases + cases, row.errors.max(errors)),
                Err(failure) => {
                    row.failure = Some(failure.to_string());
                    break;
                }
            }
        }
        row
    }

    fn print(&self, rows: &[Row]) {
        let head = ["name", "kind", "cases", "differences", "dual numbers", "Hessian", ""].map(str::to_owned);
        let line = |row: &Row| {
            let verdict = if row.failure.is_some() { "WRONG" } else { "ok" };
            let [central, dual, hessian] =
                [row.errors.central, row.errors.dual, row.errors.hessian].map(|error| format!("{error:.0e}"));
            [row.name.into(), row.what.into(), row.cases.to_string(), central, dual, hessian, verdict.into()]
        };
        let lines: Vec<_> = std::iter::once(head).chain(rows.iter().map(line)).collect();
        print!("{}", align(&lines));
        let cases: usize = rows.iter().map(|row| row.cases).sum();
        let failures: Vec<&String> = rows.iter().filter_map(|row| row.failure.as_ref()).collect();
        println!("\n{} gradients, {cases} random cases, {} wrong", rows.len(), failures.len());
        for failure in failures {
            println!("{} {failure}", Style::Bad.paint("wrong:"));
        }
    }
}

impl Row {
    fn json(&self) -> serde_json::Value {
        json!({
            "name": self.name,
            "kind": self.what,
            "cases": self.cases,
            "differences": self.errors.central,
            "dual_numbers": self.errors.dual,
            "hessian": self.errors.hessian,
            "failure": self.failure,
        })
    }
}
