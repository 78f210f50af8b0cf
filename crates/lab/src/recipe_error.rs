//! [`RecipeError`]: what is wrong with a recipe, in words that say what to write instead.

use std::fmt;

use crate::{baseline, parse::NoRecipe};

/// A recipe that cannot be read: what is wrong, where, and what was probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipeError(String);

impl fmt::Display for RecipeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RecipeError {}

impl RecipeError {
    pub(crate) fn plain(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    pub(crate) fn new(fault: &NoRecipe) -> Self {
        Self(fault.shown.clone() + &meant(&fault.message))
    }

    /// The same, of one among several recipes.
    pub fn of(self, recipe: &str) -> Self {
        Self(format!("the recipe `{recipe}` does not take this: {self}"))
    }

    /// A number that breaks its rule.
    pub(crate) fn rule(error: impl fmt::Display) -> Self {
        Self(format!("the recipe cannot work: {error}"))
    }

    /// What is wrong with a value that was set, without the place in a text that nobody wrote. `keys` are those there are.
    pub(crate) fn set(assignment: &str, fault: &NoRecipe, keys: &[String]) -> Self {
        let (key, value) =
            assignment.split_once('=').map_or((assignment, ""), |(key, value)| (key.trim(), value.trim()));
        let last = key.rsplit('.').next().unwrap_or(key);
        let same = keys.iter().find(|known| known.rsplit('.').next() == Some(last));
        if let (true, Some(known)) = (fault.message.contains("unknown field"), same) {
            return Self(format!("there is no key `{key}`; did you mean `{known}`?"));
        }
        match instead(&fault.message, value) {
            Some(form) => Self(format!("`{assignment}`: {}", form.replace("KEY = ", &format!("{key}=")))),
            None => Self(format!("`{assignment}`: {}{}", fault.message, meant(&fault.message))),
        }
    }

    pub(crate) fn no_such_recipe(name: &str, known: &[&str]) -> Self {
        if name == baseline::NAME {
            return Self(format!(
                "`{name}` is no recipe: it is the row of k-means without a network that `compare` adds to every table"
            ));
        }
        let hint =
            nearest(name, known).map_or_else(String::new, |known| format!("; did you mean `{known}`?"));
        Self(format!(
            "there is no recipe `{name}`, neither built in nor a file{hint}\nbuilt in: {}",
            known.join(", ")
        ))
    }
}

/// What to write in place of a bare word where a table is wanted.
fn instead(message: &str, word: &str) -> Option<String> {
    let word = word.trim_matches(['"', '\'']);
    if let Some(name) = message.split("internally tagged enum ").nth(1) {
        // The key by which each of these tables says what it is.
        let tag = if name.starts_with("Learning") { "by" } else { "kind" };
        return Some(format!(
            "a table is wanted: KEY = {{ {tag} = \"{word}\" }}, with its settings behind it"
        ));
    }
    let bare = message.contains("unit variant, expected");
    bare.then(|| {
        format!("`{word}` needs more than its name: KEY = {{ {word} = … }}, with its value or settings")
    })
}

/// The key or kind that was probably meant by an unknown one (it is quoted first, then those that are known), or the table
/// that was meant by a bare word.
fn meant(message: &str) -> String {
    let word = message.split('"').nth(1).unwrap_or("…");
    if let Some(form) = instead(message, word) {
        return format!("\n{form}");
    }
    let unknown = ["unknown field ", "unknown variant ", "this program knows no "];
    let from = unknown.iter().filter_map(|start| message.find(start)).min();
    let quoted: Vec<&str> =
        from.map_or_else(Vec::new, |from| message[from..].split('`').skip(1).step_by(2).collect());
    let hint = quoted.split_first().and_then(|(unknown, known)| nearest(unknown, known));
    hint.map_or_else(String::new, |name| format!("\ndid you mean `{name}`?"))
}

/// The known name that is most like `name`, if any is.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let likeness = |known: &str| strsim::jaro_winkler(name, known);
    known.iter().copied().filter(|k| likeness(k) > 0.7).max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}
