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

#[test]
fn every_relative_link_leads_to_a_file() {
    let mut broken = Vec::new();
    for path in pages() {
        let text = fs::read_to_string(&path).expect("readable text");
        for link in links(&text) {
            let target = link.split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") && !path.with_file_name(target).exists() {
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

/// A quotation is a fence after `<!-- from FILE -->`.
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
            let found = lines(&source).contains(lines(quoted).trim());
            assert!(found, "{}: {file} does not say\n{quoted}", path.display());
        }
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
