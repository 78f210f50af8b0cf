//! Words that recipes used in earlier versions. They are still read, and a note says the new word.

use toml::de::{DeTable, DeValue};

use crate::Recipe;

/// Recipes that come with the program, by the names they had.
const RECIPES: [(&str, &str); 1] = [("hierarchical", "vq-vae-2")];
/// Options of quantizers: the kind, its old word and its new word.
const OPTIONS: [(&str, &str, &str); 1] = [("codebook", "floor", "min_share")];

/// The name that a recipe has now, with a note if it is not the one asked for.
pub(crate) fn recipe(name: &str) -> (&str, Option<String>) {
    match RECIPES.iter().find(|(old, _)| *old == name) {
        Some((old, new)) => (new, Some(format!("the recipe `{old}` is now called `{new}`"))),
        None => (name, None),
    }
}

/// Replaces old words below `quantizer` and says which. Where both words stand, the old one stays and is refused.
pub(crate) fn replace(document: &mut DeTable<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(quantizer) = document.get_mut("quantizer") {
        renew("quantizer", quantizer.get_mut(), &mut notes);
    }
    notes
}

fn renew(place: &str, value: &mut DeValue<'_>, notes: &mut Vec<String>) {
    match value {
        DeValue::Table(table) => {
            let kind =
                table.get("kind").and_then(|kind| kind.get_ref().as_str()).unwrap_or_default().to_owned();
            for (_, old, new) in OPTIONS.iter().filter(|(of, ..)| *of == kind) {
                if !table.contains_key(*new)
                    && let Some((key, value)) = table.remove_entry(*old)
                {
                    table.insert(toml::Spanned::new(key.span(), (*new).into()), value);
                    notes.push(format!("{place}.{old} is now called `{new}`"));
                }
            }
            table.iter_mut().for_each(|(key, value)| {
                renew(&format!("{place}.{}", key.get_ref()), value.get_mut(), notes);
            });
        }
        DeValue::Array(list) => list
            .iter_mut()
            .enumerate()
            .for_each(|(i, value)| renew(&format!("{place}.{i}"), value.get_mut(), notes)),
        _ => {}
    }
}

impl Recipe {
    /// A dotted key in today's words, as in `quantizer.min_share` for what was `quantizer.floor`.
    pub(crate) fn key_now(&self, key: &str) -> String {
        let (place, word) = key.rsplit_once('.').unwrap_or(("", key));
        let values = self.values();
        let is = |kind: &str| values.get(&format!("{place}.kind")) == Some(&format!("{kind:?}"));
        let new =
            OPTIONS.iter().find(|(kind, old, _)| *old == word && place.starts_with("quantizer") && is(kind));
        new.map_or_else(|| key.to_owned(), |(_, _, new)| format!("{place}.{new}"))
    }
}

#[cfg(test)]
mod tests {
    use crate::Recipe;

    #[test]
    fn old_words_mean_what_the_new_ones_mean_and_a_note_says_so() {
        let of = |word: &str| {
            let book = format!("{{ kind = \"codebook\", codes = 8, {word} = 0.5 }}");
            let text = format!("quantizer = {{ kind = \"residual\", levels = 2, quantizer = {book} }}");
            Recipe::parse(&text).expect("a recipe")
        };
        let (old, new) = (of("floor"), of("min_share"));
        assert_eq!(old, new);
        assert_eq!(old.notes, ["quantizer.quantizer.floor is now called `min_share`"]);
        assert!(new.notes.is_empty() && new.to_toml().contains("min_share = 0.5"));
        assert_eq!(
            new.set("quantizer.quantizer.floor=0.25").expect("a share"),
            new.set("quantizer.quantizer.min_share=0.25").expect("a share")
        );
    }

    #[test]
    fn the_recipe_of_vq_vae_2_is_found_by_its_old_name() {
        let [old, new] =
            ["hierarchical", "vq-vae-2"].map(|name| Recipe::built_in(name).expect("it is built in"));
        assert_eq!((old.name.as_str(), &old), ("vq-vae-2", &new));
        assert_eq!(old.notes, ["the recipe `hierarchical` is now called `vq-vae-2`"]);
    }

    #[test]
    fn what_other_kinds_call_so_stays() {
        let error = Recipe::parse("quantizer = { kind = \"fsq\", levels = [8], floor = 0.5 }").unwrap_err();
        assert!(error.to_string().contains("floor"), "{error}");
        let both = "quantizer = { kind = \"codebook\", codes = 8, floor = 0.5, min_share = 0.5 }";
        assert!(Recipe::parse(both).unwrap_err().to_string().contains("unknown field `floor`"));
    }
}
