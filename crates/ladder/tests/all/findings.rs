//! What a judge says word for word, and which numbers are the same to it.

use gradbook_ladder::{ALL, Finding, Values, rungs::r01_chain_rule as first};

fn panicked(message: &'static str) -> Box<Finding> {
    first::judge(|_, _| panic!("{message}")).expect_err("it panics")
}

#[test]
fn a_panic_is_told_with_its_words_and_its_place_and_is_no_hole() {
    let finding = panicked("two words");
    assert!(!finding.is_hole());
    let text = finding.to_string();
    assert!(text.starts_with("Rung 1, the chain rule by hand: your program panicked."), "{text}");
    assert!(text.contains("\n  case      a = 2, b = 3\n  says      two words\n  at        "), "{text}");
    assert_eq!(format!("{finding:?}"), text, "`unwrap` on a verdict shows the sentence");
}

/// A line has 60 columns, of which 12 are its name's.
#[test]
fn lines_are_broken_where_they_would_be_wider_than_60_columns() {
    const FITS: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbb"; // 48
    const WIDER: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbb"; // 49
    assert!(panicked(FITS).to_string().contains("a bbbbbbbb\n"));
    assert!(panicked(WIDER).to_string().contains("a\n            bbbbbbbb\n"));
}

/// A hole of this file is nobody's rung, and one's own hole is no other's.
#[test]
fn only_the_hole_of_another_rung_is_to_be_climbed_first() {
    let hole = first::judge(|_, _| panic!("not yet implemented: a task")).expect_err("a hole");
    assert!(hole.is_hole() && !hole.to_string().contains("climb"), "{hole}");
    let own = crate::templates::r01_chain_rule::value_and_gradient;
    let hole = first::judge(own).expect_err("a hole");
    assert!(hole.is_hole() && !hole.to_string().contains("climb"), "{hole}");
}

#[test]
fn rungs_are_told_apart_by_their_names() {
    assert!(*ALL[0] == *ALL[0] && *ALL[0] != *ALL[1]);
    assert_eq!(format!("{:?}", ALL[0]), "r01_chain_rule");
}

/// 10⁻⁹ of the expected number, or of 1 where that is smaller.
#[test]
fn numbers_are_the_same_up_to_rounding() {
    let same = |a: f64, b: f64| Values::from(a).same(&b.into());
    assert!(same(1e12 + 500.0, 1e12) && !same(1e12 + 2000.0, 1e12));
    assert!(same(5e-10, 0.0) && !same(2e-9, 0.0));
    assert!(same(f64::NAN, f64::NAN) && !same(f64::NAN, 1.0) && !same(1.0, f64::NAN));
    assert!(same(f64::INFINITY, f64::INFINITY) && !same(f64::INFINITY, f64::NEG_INFINITY));
    assert!(!same(1.0, f64::INFINITY) && !same(f64::INFINITY, 1.0));
    assert_eq!(Values::from(-1e-9).to_string(), "0", "no minus before nothing");
}
