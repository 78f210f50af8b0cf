//! A recipe key by key: setting one value, and telling two recipes apart.

use std::{collections::BTreeMap, fmt::Display};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{Recipe, RecipeError, parse};

impl Recipe {
    /// Sets one value by its dotted key, as in `train.batch=64` or `model.encoder.0.channels=128`. The value is TOML; what is not is taken as a string.
    ///
    /// ```
    /// use gradbook_lab::Recipe;
    /// let recipe = Recipe::built_in("ema").unwrap();
    /// assert_eq!(recipe.set("train.seed=18446744073709551615").unwrap().train.seed, u64::MAX);
    /// let error = recipe.set("codes=1024").unwrap_err().to_string();
    /// assert!(error.contains("did you mean `quantizer.codes`?"), "{error}");
    /// ```
    ///
    /// # Errors
    /// If the key is unknown or the value does not fit.
    pub fn set(&self, assignment: &str) -> Result<Self, RecipeError> {
        let (key, value) = assignment
            .split_once('=')
            .ok_or_else(|| RecipeError::plain(format!("`{assignment}` is not of the form key=value")))?;
        let (key, given) = (self.key_now(key.trim()), format!("x = {}", value.trim()));
        let parsed = DeTable::parse(&given).ok().and_then(|table| table.into_inner().remove("x"));
        let string = || Spanned::new(0..0, DeValue::String(value.trim().into()));
        let text = self.to_toml();
        let table = DeTable::parse(&text).expect("what was written as TOML can be read as TOML");
        let mut all = DeValue::Table(table.into_inner());
        insert(&mut all, &key, parsed.unwrap_or_else(string))
            .map_err(|part| RecipeError::plain(format!("`{assignment}`: there is no place `{part}`")))?;
        let DeValue::Table(table) = all else { unreachable!("values are put into it") };
        let recipe = parse::document(Spanned::new(0..0, table), "", &self.registry);
        let recipe = recipe.map_err(|fault| RecipeError::set(assignment, &fault, &self.keys()))?;
        recipe.check().map(|()| recipe)
    }

    /// Every value by its dotted key, as TOML writes it.
    pub fn values(&self) -> BTreeMap<String, String> {
        let (text, mut all) = (self.to_toml(), BTreeMap::new());
        let table = DeTable::parse(&text).expect("what was written as TOML can be read as TOML").into_inner();
        flatten("", &DeValue::Table(table), &mut all);
        all
    }

    fn keys(&self) -> Vec<String> {
        self.values().into_keys().collect()
    }

    /// Where two recipes differ, apart from keys that begin with one of `except`: `train.steps is 4 in one, 9 in other`.
    pub fn differences(&self, names: [&str; 2], other: &Self, except: &[&str]) -> Vec<String> {
        let (ours, theirs) = (self.values(), other.values());
        let keys = ours.keys().chain(theirs.keys().filter(|key| !ours.contains_key(*key)));
        let keys = keys.filter(|key| ours.get(*key) != theirs.get(*key));
        let keys = keys.filter(|key| !except.iter().any(|start| key.starts_with(start)));
        let show = |value: Option<&String>| value.map_or_else(|| "not set".to_owned(), String::clone);
        let line = |key: &String| {
            let [a, b] = [&ours, &theirs].map(|values| show(values.get(key)));
            format!("{key} is {a} in {}, {b} in {}", names[0], names[1])
        };
        keys.map(line).collect()
    }
}

/// Puts a value to its place below a value, making tables on the way; or the part of the key that is no table. A part of
/// the key that is a number is a place in a list.
fn insert<'i>(place: &mut DeValue<'i>, key: &'i str, value: Spanned<DeValue<'i>>) -> Result<(), &'i str> {
    let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
    let inner = match place {
        DeValue::Table(table) => {
            let new = || Spanned::new(0..0, DeValue::Table(DeTable::new()));
            table.entry(Spanned::new(0..0, first.into())).or_insert_with(new)
        }
        DeValue::Array(list) => {
            first.parse::<usize>().ok().and_then(|place| list.get_mut(place)).ok_or(first)?
        }
        _ => return Err(first),
    };
    match rest {
        Some(rest) => insert(inner.as_mut(), rest, value),
        None => {
            *inner = value;
            Ok(())
        }
    }
}

/// Every value below `place`, by its dotted key.
fn flatten(place: &str, value: &DeValue<'_>, all: &mut BTreeMap<String, String>) {
    let below = |key: &dyn Display| if place.is_empty() { key.to_string() } else { format!("{place}.{key}") };
    let text = match value {
        DeValue::Table(table) => {
            table.iter().for_each(|(key, value)| flatten(&below(key.get_ref()), value.get_ref(), all));
            return;
        }
        DeValue::Array(array) if !array.is_empty() => {
            let each = array.iter().enumerate();
            each.for_each(|(i, value)| flatten(&below(&i), value.get_ref(), all));
            return;
        }
        DeValue::Array(_) => "[]".to_owned(),
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(time) => time.to_string(),
    };
    all.insert(place.to_owned(), text);
}
