//! `gradbook gradcheck`: proves the gradients of every op, layer, loss and quantizer, here and now.

use std::process::ExitCode;

use clap::Args;
use gradbook_autograd::{check, ops};
use gradbook_lab::{Registry, compare::Table};
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
    /// The largest difference to central differences, dual numbers and of the Hessian's symmetry. A quantizer is held to its
    /// own forward formula by dual numbers alone: its codes jump.
    errors: [Option<f64>; 3],
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
        let kinds = registry.quantizers();
        let quantizers: Vec<_> =
            kinds.kinds().filter(|kind| self.op.as_ref().is_none_or(|name| name == kind.name)).collect();
        if wanted.is_empty() && quantizers.is_empty() {
            let name = self.op.as_deref().unwrap_or_default();
            eprintln!("{} no op, layer, loss or quantizer is called `{name}`", Style::Bad.paint("error:"));
            return Ok(ExitCode::from(2));
        }
        let ops = wanted.par_iter().with_max_len(1).map(|(what, op)| self.prove(what, op));
        let quantizers = quantizers.par_iter().with_max_len(1).map(|kind| self.prove_quantizer(kinds, kind));
        let rows: Vec<Row> = ops.chain(quantizers).collect();
        if self.json {
            println!("{}", serde_json::Value::from_iter(rows.iter().map(Row::json)));
        } else {
            self.print(&rows);
        }
        Ok(if rows.iter().all(|row| row.failure.is_none()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn prove(&self, what: &'static str, op: &ops::Op) -> Row {
        let mut row = Row { name: op.name, what, cases: 0, errors: [None; 3], failure: None };
        let mut worst = check::Errors::default();
        for seed in 0..self.rounds {
            match check::verify_op(op, seed) {
                Ok((cases, errors)) => (row.cases, worst) = (row.cases + cases, worst.max(errors)),
                Err(failure) => {
                    row.failure = Some(failure.to_string());
                    break;
                }
            }
        }
        row.errors = [worst.central, worst.dual, worst.hessian].map(Some);
        row
    }

    /// Every option of a kind, around every other kind if it is a combinator.
    fn prove_quantizer(&self, kinds: &gradbook_vq::Registry, kind: &gradbook_vq::Kind) -> Row {
        let probes = kinds.probes(kind);
        let cases = (0..self.rounds).flat_map(|seed| probes.iter().map(move |config| (seed, config)));
        let mut row = Row { name: kind.name, what: "quantizer", cases: 0, errors: [None; 3], failure: None };
        for (seed, config) in cases {
            row.cases += 1;
            match gradbook_vq::contract::check_gradient(config, config.probe_dim(), seed) {
                Ok(found) => row.errors[1] = Some(row.errors[1].map_or(found, |worst| worst.max(found))),
                Err(error) => {
                    row.failure = Some(format!("{} (seed {seed})\n{config:?}\n{error}", kind.name));
                    break;
                }
            }
        }
        row
    }

    fn print(&self, rows: &[Row]) {
        let head = vec!["name", "kind", "cases", "central", "dual", "Hessian", ""];
        let line = |row: &Row| {
            let verdict = if row.failure.is_some() { "WRONG" } else { "ok" };
            let shown = |error: Option<f64>| error.map_or("–".to_owned(), |error| format!("{error:.0e}"));
            let [central, dual, hessian] = row.errors.map(shown);
            let cases = row.cases.to_string();
            vec![row.name.into(), row.what.into(), cases, central, dual, hessian, verdict.into()]
        };
        print!("{}", Table { head, rows: rows.iter().map(line).collect() }.text());
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
            "differences": self.errors[0],
            "dual_numbers": self.errors[1],
            "hessian": self.errors[2],
            "failure": self.failure,
        })
    }
}
