//! The crate that the reader gets.

use gradbook_ladder::{ALL, files};

#[test]
fn a_fresh_ladder_has_every_rung_and_no_solution() {
    let files = files(r#"{ path = "/somewhere" }"#);
    let text =
        |name: &str| &files.iter().find(|(path, _)| path == name).unwrap_or_else(|| panic!("{name}")).1;
    assert!(text("Cargo.toml").contains("gradbook-ladder = { path = \"/somewhere\" }\n"));
    assert!(text("Cargo.toml").contains("[workspace]"));
    assert!(text("tests/judge.rs").contains("gradbook_ladder::judge!(ladder);"));
    for rung in ALL {
        assert!(text("src/lib.rs").contains(&format!("pub mod {};\n", rung.name)));
        assert!(text(&format!("src/{}.rs", rung.name)).contains("todo!(\""));
    }
    assert!(
        files.iter().all(|(_, text)| !text.contains("//<") && text.ends_with('\n')),
        "whole lines, no solution"
    );
}
