//! `base = "best"`: a recipe that says only in what it differs from one that comes with the program.

use toml::de::{DeTable, DeValue};

use crate::{RecipeError, Registry};

/// Keys that tell of what kind a table is.
const KINDS: [&str; 3] = ["kind", "by", "layer"];
/// Tables that are a choice among several, each with a key of its own.
const CHOICES: [&str; 5] = ["source", "test", "validation", "crops", "below"];

/// Adds to a recipe what its base says and it does not. Tables are joined key by key; one of another kind, a list and
/// anything else stand in place of what the base says.
pub(crate) fn lay_under(recipe: &mut DeTable<'_>) -> Result<(), RecipeError> {
    let Some(base) = recipe.remove("base") else { return Ok(()) };
    let name = base.get_ref().as_str().ok_or_else(|| {
        RecipeError::plain(
            "`base` is the name of a recipe that comes with the program, as in base = \"best\"",
        )
    })?;
    let (.., text) = Registry::built_in_text(name)?;
    let mut below = DeTable::parse(text).expect("built-in recipes are TOML").into_inner();
    lay_under(&mut below)?;
    below.remove("about");
    join(recipe, below);
    Ok(())
}

fn join<'t>(above: &mut DeTable<'t>, below: DeTable<'t>) {
    for (key, value) in below {
        let choice = CHOICES.contains(&&**key.get_ref());
        match (above.get_mut(&**key.get_ref()), value.into_inner()) {
            (None, value) => _ = above.insert(key.clone(), toml::Spanned::new(key.span(), value)),
            (Some(own), DeValue::Table(below)) => {
                if let DeValue::Table(own) = own.get_mut()
                    && !choice
                    && KINDS.iter().all(|tag| same(own, &below, tag))
                {
                    join(own, below);
                }
            }
            _ => {}
        }
    }
}

/// Whether two tables do not name different kinds.
fn same(above: &DeTable<'_>, below: &DeTable<'_>, tag: &str) -> bool {
    let of = |table: &DeTable<'_>| table.get(tag).and_then(|kind| kind.get_ref().as_str().map(str::to_owned));
    of(above).zip(of(below)).is_none_or(|(above, below)| above == below)
}
