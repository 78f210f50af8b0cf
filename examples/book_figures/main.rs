//! Makes every figure of the book and the tables of its appendix:
//!
//! ```sh
//! cargo run --release --example book_figures             # writes them
//! cargo run --release --example book_figures -- --check  # fails if a committed table is not what would be written
//! ```

mod collapse;
mod differences;
mod graph;
mod grid;
mod passage;
mod plane;
mod points;
mod rate_distortion;
mod svg;
mod tables;
mod two_codes;
mod voronoi;
mod windows;

use std::{fs, path::Path, process::ExitCode};

fn main() -> ExitCode {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/src"));
    let files = [
        ("figures/differences.svg", differences::figure()),
        ("figures/graph.svg", graph::figure()),
        ("figures/windows.svg", windows::figure()),
        ("figures/voronoi.svg", voronoi::figure()),
        ("figures/ema-vs-gradient.svg", two_codes::figure()),
        ("figures/collapse.svg", collapse::figure()),
        ("figures/usage.svg", collapse::usage()),
        ("figures/rate-distortion.svg", rate_distortion::figure()),
        ("figures/fsq-grid.svg", grid::figure()),
        ("figures/passage.svg", passage::figure()),
        ("ops.md", tables::ops()),
        ("quantizers.md", tables::quantizers()),
    ];
    let check = std::env::args().any(|argument| argument == "--check");
    let mut sound = true;
    for (name, text) in files {
        let path = folder.join(name);
        let problem = if check {
            match fs::read_to_string(&path) {
                // Figures show training, whose last bits depend on the processor's vector width: they need only be there.
                Ok(found) if found == text || name.ends_with(".svg") => None,
                Ok(_) => Some("is out of date: run `cargo run --release --example book_figures`".to_owned()),
                Err(error) => Some(error.to_string()),
            }
        } else {
            fs::write(&path, text).err().map(|error| error.to_string())
        };
        if let Some(problem) = problem {
            eprintln!("docs/src/{name}: {problem}");
            sound = false;
        }
    }
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
