//! The book and the README: their relative links lead somewhere, and the summary lists every chapter.

use std::{
    fs,
    path::{Path, PathBuf},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// README.md, CONTRIBUTING.md and the pages of the book.
fn pages() -> Vec<PathBuf> {
    let book = fs::read_dir(Path::new(ROOT).join("docs/src")).expect("the book is there");
    let book = book.map(|entry| entry.expect("a readable folder").path());
    ["README.md", "CONTRIBUTING.md"]
        .map(|name| Path::new(ROOT).join(name))
        .into_iter()
        .chain(book.filter(|path| path.extension().is_some_and(|e| e == "md")))
        .collect()
}

/// The targets of `[text](target)` outside of code.
fn links(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in page.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if fenced {
            continue;
        }
        let prose: String = line.split('`').step_by(2).collect();
        found.extend(prose.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())));
    }
    found
}

/// What a heading is called in links: `## The L-fold mistake` is `the-l-fold-mistake`.
fn headings(page: &str) -> Vec<String> {
    let kept = |c: &char| c.is_alphanumeric() || "-_ ".contains(*c);
    page.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            line.trim_start_matches('#').trim().to_lowercase().chars().filter(kept).collect::<String>()
        })
        .map(|heading| heading.replace(' ', "-"))
        .collect()
}

#[test]
fn every_relative_link_leads_to_a_file_and_a_heading() {
    let mut broken = Vec::new();
    for path in pages() {
        let text = fs::read_to_string(&path).expect("readable text");
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
            let found = target.exists()
                && (heading.is_empty()
                    || headings(&fs::read_to_string(&target).unwrap_or_default())
                        .contains(&heading.to_owned()));
            if !found {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}

#[test]
fn the_summary_lists_every_page() {
    let summary = fs::read_to_string(Path::new(ROOT).join("docs/src/SUMMARY.md")).expect("a summary");
    let listed = links(&summary);
    for path in pages().iter().filter(|path| path.starts_with(Path::new(ROOT).join("docs"))) {
        let name = path.file_name().expect("a file").to_string_lossy();
        assert!(
            name == "SUMMARY.md" || listed.iter().any(|link| *link == name),
            "{name} is not in the summary"
        );
    }
}

/// An inclusion is `{{#include FILE}}` or `{{#include FILE:ANCHOR}}`.
#[test]
fn inclusions_find_their_file_and_anchor() {
    let mut broken = Vec::new();
    for path in pages() {
        let page = fs::read_to_string(&path).expect("readable text");
        for inclusion in page.split("{{#include ").skip(1) {
            let (target, _) = inclusion.split_once("}}").expect("the inclusion ends");
            let (file, anchor) = target.split_once(':').unwrap_or((target, ""));
            let source = fs::read_to_string(path.with_file_name(file)).unwrap_or_default();
            if source.is_empty() || !anchor.is_empty() && !source.contains(&format!("ANCHOR: {anchor}")) {
                broken.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "broken inclusions:\n{}", broken.join("\n"));
}

/// A quotation is a fence after `<!-- from FILE -->`; a line `…` in it stands for what is left out.
#[test]
fn quotations_are_what_the_source_says() {
    let lines = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    for path in pages() {
        let page = fs::read_to_string(&path).expect("readable text");
        for quotation in page.split("<!-- from ").skip(1) {
            let (file, rest) = quotation.split_once(" -->").expect("the comment ends");
            let (_, rest) =
                rest.split_once('\n').and_then(|(_, rest)| rest.split_once('\n')).expect("a fence");
            let (quoted, _) = rest.split_once("```").expect("the fence ends");
            let source = fs::read_to_string(Path::new(ROOT).join(file)).expect("the quoted file is there");
            let source = lines(&source);
            let found = lines(quoted).split("\n…\n").all(|part| source.contains(part.trim()));
            assert!(found, "{}: {file} does not say\n{quoted}", path.display());
        }
    }
}

/// Tables between `<!-- name -->` and `<!-- end -->`, which the README has from the measurements.
#[test]
fn the_readme_has_the_measured_tables() {
    let read = |page: &str| fs::read_to_string(Path::new(ROOT).join(page)).expect("readable text");
    let [readme, measurements] = ["README.md", "docs/src/measurements.md"].map(read);
    for name in ["story", "speed"] {
        let table = |page: &str| {
            let (_, rest) = page.split_once(&format!("<!-- {name} -->")).expect("the table begins");
            rest.split_once("<!-- end -->").expect("the table ends").0.to_owned()
        };
        let rule = "`cargo run --release --example book_figures -- tables` copies it";
        assert_eq!(table(&readme), table(&measurements), "the table `{name}`: {rule}");
    }
}

#[test]
fn every_chapter_is_compiled() {
    let harness = fs::read_to_string(Path::new(ROOT).join("src/book.rs")).expect("the harness");
    for path in pages().iter().filter(|path| path.starts_with(Path::new(ROOT).join("docs"))) {
        let text = fs::read_to_string(path).expect("readable text");
        let name = path.file_stem().expect("a file").to_string_lossy();
        let listings = text.contains("```rust");
        assert!(
            !listings || harness.contains(&format!("\"{name}\"")),
            "the listings of {name}.md are not compiled"
        );
    }
}
