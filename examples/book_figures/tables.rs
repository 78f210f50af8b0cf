//! The tables of the appendix, from the lists that the library itself works with.

use std::fmt::Write;

use gradbook::{autograd::ops, vq};

const NOTE: &str =
    "<!-- Written by `cargo run --release --example book_figures -- tables`; changes by hand are lost. -->\n";

/// A cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// Every operation of the tape with its formula.
pub fn ops() -> String {
    let mut out = format!(
        "# All operations\n\n{NOTE}\n\
         The tape knows {} differentiable operations. The derivative of each is written beside its forward in \
         `crates/autograd/src/ops/`, and is proven by the oracles of [chapter 3](03-proving-gradients.md) in every run \
         of the tests.\n\n| operation | computes |\n|---|---|\n",
        ops::ALL.len()
    );
    for op in ops::ALL {
        let _ = writeln!(out, "| `{}` | {} |", op.name, cell(op.formula));
    }
    out
}

/// Every kind of quantizer, with a config that names its options.
pub fn quantizers() -> String {
    let registry = vq::Registry::default();
    let mut out = format!(
        "# All quantizers\n\n{NOTE}\n\
         There are {} kinds. Each is one file, and each keeps the contract of \
         [chapter 13](13-your-own-quantizer.md).\n\n| kind | what it does | from |\n|---|---|---|\n",
        registry.kinds().count()
    );
    for kind in registry.kinds() {
        let _ = writeln!(out, "| `{}` | {} | {} |", kind.name, cell(kind.summary), cell(kind.paper));
    }
    out.push_str(
        "\n## A config of each\n\nEvery option is written out; most have defaults and can be left away.\n",
    );
    for kind in registry.kinds() {
        let probe = registry.probes(kind).into_iter().next().expect("every kind has a probe");
        let config = serde_json::to_string_pretty(&probe).expect("a config is plain data");
        let _ = write!(out, "\n### `{}`\n\n```json\n{config}\n```\n", kind.name);
    }
    out
}

/// The README with the table of speed that the measurements have.
pub fn readme(readme: &str, measurements: &str) -> String {
    let (_, rest) = measurements.split_once("<!-- speed -->\n\n").expect("the measurements have the table");
    let (table, _) = rest.split_once("\n<!--").expect("a comment ends it");
    filled(readme, "speed", table)
}

/// The page with `table` between `<!-- name -->` and the next comment.
pub fn filled(page: &str, name: &str, table: &str) -> String {
    let mark = format!("<!-- {name} -->\n");
    let (before, rest) = page.split_once(&mark).expect("the page has a place for the table");
    let (_, after) = rest.split_once("<!--").expect("a comment ends the place");
    format!("{before}{mark}\n{table}\n<!--{after}")
}
