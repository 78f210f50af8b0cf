//! Makes every figure of the book, the tables of its appendix, and the picture and table of the README:
//!
//! ```sh
//! cargo run --release --example book_figures            # writes them, in about half a minute
//! cargo run --release --example book_figures -- tables  # writes the tables of the appendix and of speed alone, at once
//! cargo run --release --example book_figures -- check   # fails if one of these is not what would be written
//! ```

mod collapse;
mod diagrams;
mod differences;
mod graph;
mod grid;
mod levers;
mod passage;
mod plane;
mod points;
mod rate_distortion;
mod story;
mod svg;
mod tables;
mod two_codes;
mod valley;
mod voronoi;
mod wandering;
mod windows;

use std::{fs, io, path::Path, process::ExitCode};

/// The name of a file and what makes it.
type Made = (&'static str, fn() -> String);

/// Figures show training, whose last digits differ between kinds of processors: a check only asks whether they are there.
const FIGURES: [Made; 16] = [
    ("differences.svg", differences::figure),
    ("graph.svg", graph::figure),
    ("broadcasting.svg", diagrams::broadcasting),
    ("windows.svg", windows::figure),
    ("valley.svg", valley::figure),
    ("vq-vae.svg", diagrams::vq_vae),
    ("wandering.svg", wandering::figure),
    ("voronoi.svg", voronoi::figure),
    ("ema-vs-gradient.svg", two_codes::figure),
    ("collapse.svg", collapse::figure),
    ("usage.svg", collapse::usage),
    ("levers.svg", levers::figure),
    ("two-paths.svg", diagrams::two_paths),
    ("rate-distortion.svg", rate_distortion::figure),
    ("fsq-grid.svg", grid::figure),
    ("passage.svg", passage::figure),
];
const STORY: &str = "story.svg";
const TABLES: [Made; 2] = [("ops.md", tables::ops), ("quantizers.md", tables::quantizers)];

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let done = match std::env::args().nth(1).as_deref() {
        None => tables(&root.join("docs/src")).and_then(|()| figures(root)),
        Some("tables") => tables(&root.join("docs/src")),
        Some("check") => check(&root.join("docs/src")),
        Some(other) => Err(io::Error::other(format!("`{other}` is neither `tables` nor `check`"))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn check(book: &Path) -> io::Result<()> {
    for name in FIGURES.map(|(name, _)| name).iter().chain([&STORY]) {
        fs::metadata(book.join("figures").join(name))
            .map_err(|error| io::Error::other(format!("docs/src/figures/{name}: {error}")))?;
    }
    for (name, table) in TABLES {
        if fs::read_to_string(book.join(name))? != table() {
            let rule = "is out of date: run `cargo run --release --example book_figures -- tables`";
            return Err(io::Error::other(format!("docs/src/{name} {rule}")));
        }
    }
    Ok(())
}

fn tables(book: &Path) -> io::Result<()> {
    TABLES.iter().try_for_each(|(name, table)| fs::write(book.join(name), table()))?;
    let (readme, measurements) = (book.join("../../README.md"), book.join("measurements.md"));
    let text = tables::readme(&fs::read_to_string(&readme)?, &fs::read_to_string(measurements)?);
    fs::write(readme, text)
}

fn figures(root: &Path) -> io::Result<()> {
    let book = root.join("docs/src");
    for (name, figure) in FIGURES {
        fs::write(book.join("figures").join(name), figure())?;
    }
    let reports = story::reports();
    fs::write(book.join("figures").join(STORY), story::figure(&reports))?;
    for page in [root.join("README.md"), book.join("measurements.md")] {
        let text = tables::filled(&fs::read_to_string(&page)?, "story", &story::table(&reports));
        fs::write(page, text)?;
    }
    Ok(())
}
