//! Kinds by name, as other crates add to them: what names may be, and the sentence for each mistake in a config.

use std::sync::Arc;

use gradbook_nn::named::{Kinds, Named, Options};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Fold {
    times: u32,
}

fn options(toml: &str) -> Options {
    toml::from_str(toml).expect("TOML")
}

fn kinds() -> Kinds<u32> {
    let mut kinds = Kinds::new("an event", "event");
    for (i, name) in ["fold", "split_2", "x"].into_iter().enumerate() {
        kinds.add(name, i as u32).expect("a new name");
    }
    kinds
}

#[test]
fn names_are_lower_case_letters_digits_and_lines_a_letter_first_and_each_is_used_once() {
    let mut all = kinds();
    for name in ["", "Fold", "2fold", "_fold", "fold-2", "fold 2", "fOld", "föld", "fold."] {
        let error = all.add(name, 9).expect_err("no name").to_string();
        let start =
            format!("`{name}` cannot be the name of an event: a name is lower-case letters, digits and `_`");
        assert!(error.starts_with(&start), "{error}");
    }
    for name in ["fold", "x"] {
        let error = all.add(name, 9).expect_err("taken").to_string();
        assert!(error.starts_with(&format!("there is an event `{name}` already\n")), "{error}");
    }
    all.add("a_1", 9).expect("a new name");
    assert_eq!(
        all.iter().copied().collect::<Vec<_>>(),
        [0, 1, 2, 9],
        "in the order in which they were added"
    );
}

#[test]
fn a_config_takes_the_kind_that_it_names_or_says_what_there_is() {
    let all = kinds();
    let mut given = options("event = \"split_2\"\ntimes = 3");
    assert_eq!(*all.take(&mut given).expect("known"), 1);
    assert_eq!(given.read::<Fold>().expect("the rest"), Fold { times: 3 }, "the name is taken out");
    let told = |toml: &str| all.take(&mut options(toml)).expect_err("no kind").to_string();
    assert_eq!(
        told("event = \"fald\""),
        "in `event`: this program knows no event `fald`, only `fold`, `split_2`, `x`\n  one that another crate \
         defines is known to the program of that crate"
    );
    assert_eq!(
        told("times = 3"),
        "missing field `event`: the name of an event, one of `fold`, `split_2`, `x`"
    );
    assert_eq!(told("event = 3"), "in `event`: `event` is the name of an event, not 3");
}

#[test]
fn options_are_a_table_of_what_the_config_has() {
    let told = |value: toml::Value| Options::of(value, "a block").expect_err("no table").to_string();
    assert_eq!(told(3.into()), "a block is a table, not an integer 3");
    assert_eq!(told("relu".into()), "a block is a table, not a string \"relu\"");
    assert_eq!(told(true.into()), "a block is a table, not a boolean true");
    assert_eq!(told(toml::Value::Array(vec![1.into()])), "a block is a table, not an array [1]");
    let table = toml::Value::Table(toml::from_str("times = 2").expect("TOML"));
    assert_eq!(Options::of(table, "a block").expect("a table").read::<Fold>().expect("it fits").times, 2);
    let error = options("times = 2\nfactor = 3").read::<Fold>().expect_err("unknown").to_string();
    assert!(error.contains("unknown field `factor`"), "{error}");
}

#[test]
fn a_named_config_is_what_is_written_and_equal_if_it_is_written_alike() {
    let named = |times| Named::new("event", "fold", &Fold { times }, Arc::new(10 * times));
    let three = named(3);
    assert_eq!((three.name(), *three), ("fold", 30), "it stands for what is behind it");
    assert_eq!(format!("{three:?}"), "{ event = \"fold\", times = 3 }");
    assert_eq!(toml::to_string(&three).expect("a table"), "event = \"fold\"\ntimes = 3\n");
    assert!(three == named(3) && three == three.clone() && three != named(4));
}
