//! The crate that the reader climbs in.

use crate::ALL;

/// The files of a fresh ladder, each with its path. `dependency` is what Cargo.toml says of this crate, after the `=`.
///
/// ```
/// let files = gradbook_ladder::files(r#"{ version = "0.1.0" }"#);
/// let manifest = &files.iter().find(|(path, _)| path == "Cargo.toml").unwrap().1;
/// assert!(manifest.contains(r#"gradbook-ladder = { version = "0.1.0" }"#));
/// assert!(files.iter().any(|(path, text)| path == "src/r01_chain_rule.rs" && text.contains("todo!(")));
/// ```
pub fn files(dependency: &str) -> Vec<(String, String)> {
    let manifest = include_str!("../templates/Cargo.txt").replace("{dependency}", dependency);
    let fixed = [
        ("Cargo.toml", manifest.as_str()),
        ("README.md", include_str!("../templates/README.md")),
        (".gitignore", "/target\n"),
        ("src/lib.rs", include_str!("../templates/src/lib.rs")),
        ("tests/judge.rs", include_str!("../templates/tests/judge.rs")),
    ];
    let rungs = ALL.iter().map(|rung| (format!("src/{}.rs", rung.name), rung.template.to_owned()));
    fixed.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).chain(rungs).collect()
}
