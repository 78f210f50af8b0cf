//! The templates: solutions with holes, red in a sentence.

use std::{fs, path::Path};

use gradbook_ladder::{ALL, judges};

use crate::templates as ladder;

#[test]
fn every_hole_is_red_in_a_readable_sentence() {
    for (name, judge) in judges!(ladder) {
        let finding = judge().expect_err(name);
        let text = finding.to_string();
        assert!(finding.is_hole() && finding.mistake().is_none(), "{text}");
        assert_eq!(finding.rung().name, name);
        assert!(
            text.replace('\n', " ").contains("there is a hole to fill.") && text.contains("templates/src/r0"),
            "{text}"
        );
        assert!(!text.contains("panicked"), "{text}");
        let narrow = |line: &str| line.chars().count() <= 60 || line.starts_with("  at "); // a path stays whole
        assert!(text.lines().all(narrow), "{text}");
    }
}

#[test]
fn a_rung_that_stands_on_a_hole_says_which_one_to_climb_first() {
    let judges = judges!(ladder);
    let (_, neuron) = judges.iter().find(|(name, _)| *name == "r05_neuron").expect("the neuron");
    let text = neuron().expect_err("a hole").to_string();
    assert!(text.contains("climb r02_tape, on which this rung stands"), "{text}");
}

/// The solution with each `//< text` … `//>` replaced by `todo!("text")`.
fn with_holes(solution: &str) -> String {
    let (mut out, mut inside) = (String::new(), false);
    for line in solution.lines() {
        let text = line.trim_start();
        let indent = &line[..line.len() - text.len()];
        if let Some(task) = text.strip_prefix("//< ") {
            out += &format!("{indent}todo!(\"{task}\")\n");
            inside = true;
        } else if text == "//>" {
            inside = false;
        } else if !inside {
            out += &format!("{line}\n");
        }
    }
    out
}

#[test]
fn templates_are_the_solutions_with_holes() {
    let solutions = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/all/solutions");
    for rung in ALL {
        let text = fs::read_to_string(solutions.join(format!("{}.rs", rung.name))).expect("a solution");
        let expected = with_holes(&text);
        assert!(expected.contains("todo!("), "{}: the solution has no hole", rung.name);
        assert!(
            rung.template == expected,
            "templates/src/{}.rs should be the solution with its holes:\n{expected}",
            rung.name
        );
    }
}

#[test]
fn every_rung_has_a_task_hints_and_a_chapter_of_the_book() {
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src");
    for (i, rung) in ALL.iter().enumerate() {
        assert_eq!((rung.number(), rung.name.starts_with(&format!("r{:02}_", i + 1))), (i + 1, true));
        assert!(rung.template.starts_with(&format!("//! Rung {}. ", i + 1)), "{}", rung.name);
        assert!(rung.hints.len() >= 3, "{}: hints go step by step", rung.name);
        let (chapter, heading) = rung.chapter.split_once(": \"").expect("chapter: \"heading\"");
        let number: usize = chapter.split(',').next().and_then(|n| n.parse().ok()).expect("a number");
        let pages = fs::read_dir(&book).expect("the book").map(|entry| entry.expect("a page").path());
        let name = |page: &Path| page.file_name().expect("a name").to_string_lossy().into_owned();
        let page = pages.into_iter().find(|page| name(page).starts_with(&format!("{number:02}-")));
        let page = fs::read_to_string(page.expect("the chapter")).expect("a page");
        assert!(
            page.contains(&format!("## {}\n", heading.trim_end_matches('"'))),
            "{}: {heading}",
            rung.name
        );
    }
}
