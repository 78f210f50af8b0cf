//! A recipe from its text. What kinds of a registry mean is taken out of it and read by the registry, the rest by serde.

use std::ops::Range;

use gradbook_nn::named::{Fault, KindError, Options};
use serde::Deserialize;
use toml::{
    Spanned, Value,
    de::{DeTable, DeValue, Deserializer, Error, ValueDeserializer},
};

use crate::{Recipe, Registry, TopConfig, base, old_words};

/// Why a text is no recipe.
pub(crate) struct NoRecipe {
    /// What is wrong.
    pub message: String,
    /// The same, with the place in the text.
    pub shown: String,
}

/// A value within the text, and the keys that lead to it.
struct Part<'t> {
    path: String,
    value: Spanned<DeValue<'t>>,
}

pub(crate) fn recipe(text: &str, registry: &Registry) -> Result<Recipe, NoRecipe> {
    let mut parsed = DeTable::parse(text).map_err(|error| plain(error, text))?;
    base::lay_under(parsed.get_mut())
        .map_err(|error| NoRecipe { message: error.to_string(), shown: error.to_string() })?;
    document(parsed, text, registry)
}

/// A recipe from what was parsed of a text, or made from it. The text serves to show where a fault is.
pub(crate) fn document(
    mut document: Spanned<DeTable<'_>>,
    text: &str,
    registry: &Registry,
) -> Result<Recipe, NoRecipe> {
    let plain = |error| plain(error, text);
    let notes = old_words::replace(document.get_mut());
    let mut take = |keys: &[&str]| take(document.get_mut(), keys);
    let quantizer = take(&["quantizer"]);
    let [encoder, decoder, top] = ["encoder", "decoder", "top"].map(|key| take(&["model", key]));
    let events = take(&["train", "events"]);
    let mut recipe = Recipe::deserialize(Deserializer::from(document)).map_err(plain)?;
    recipe.registry = registry.clone();
    recipe.notes = notes;

    let block = |options| registry.block_of(options);
    let blocks = |part: &Part<'_>| part.list(text, block);
    recipe.quantizer =
        quantizer.map(|part| part.one(text, |options| registry.quantizer_of(options))).transpose()?;
    if let Some(part) = encoder {
        recipe.model.encoder = blocks(&part)?;
    }
    if let Some(part) = decoder {
        recipe.model.decoder = blocks(&part)?;
    }
    if let Some(part) = events {
        recipe.train.events = part.list(text, |options| registry.event_of(options))?;
    }
    recipe.model.top = top.map(|part| part.one(text, |options| top_of(options, registry))).transpose()?;
    Ok(recipe)
}

fn plain(mut error: Error, text: &str) -> NoRecipe {
    error.set_input(Some(text).filter(|text| !text.is_empty()));
    NoRecipe { message: error.message().to_owned(), shown: error.to_string().trim_end().to_owned() }
}

/// The coarse level of a model.
fn top_of(options: Options, registry: &Registry) -> Result<TopConfig, KindError> {
    let TopConfig::<Value> { encoder, decoder } = options.read()?;
    let blocks =
        |key: &str, value| all(value, |options| registry.block_of(options)).map_err(|e| e.within(key));
    Ok(TopConfig { encoder: blocks("encoder", encoder)?, decoder: blocks("decoder", decoder)? })
}

/// Takes the value out of a table that keys lead to.
fn take<'t>(table: &mut DeTable<'t>, keys: &[&str]) -> Option<Part<'t>> {
    let (key, outer) = keys.split_last()?;
    let mut place = table;
    for key in outer {
        let DeValue::Table(inner) = place.get_mut(*key)?.get_mut() else { return None };
        place = inner;
    }
    Some(Part { path: keys.join("."), value: place.remove(*key)? })
}

/// Each table of a list by `read`.
fn all<X>(value: Value, read: impl Fn(Options) -> Result<X, KindError>) -> Result<Vec<X>, KindError> {
    let list = match value {
        Value::Array(list) => list,
        other => return Err(Fault::Options(format!("expected a list of tables, found {other}")).into()),
    };
    let one = |(i, value)| Options::of(value, "an item").and_then(&read).map_err(|error| error.within(i));
    list.into_iter().enumerate().map(one).collect()
}

impl Part<'_> {
    fn one<X>(&self, text: &str, read: impl Fn(Options) -> Result<X, KindError>) -> Result<X, NoRecipe> {
        let options = |value| Options::of(value, &format!("`{}`", self.path));
        self.value().and_then(options).and_then(read).map_err(|e| self.wrong(text, e))
    }

    fn list<X>(
        &self,
        text: &str,
        read: impl Fn(Options) -> Result<X, KindError>,
    ) -> Result<Vec<X>, NoRecipe> {
        self.value().and_then(|value| all(value, read)).map_err(|error| self.wrong(text, error))
    }

    fn value(&self) -> Result<Value, KindError> {
        let value = Value::deserialize(ValueDeserializer::from(self.value.clone()));
        value.map_err(|error| Fault::Options(error.message().to_owned()).into()) // an integer beyond 64 bits
    }

    fn wrong(&self, text: &str, error: KindError) -> NoRecipe {
        let span = place(&self.value, &error);
        let shown = format!("{}{}", excerpt(text, span), error.fault);
        NoRecipe { message: error.within(&self.path).to_string(), shown }
    }
}

/// Where in the text a fault is: an unknown key itself, else the value that the path leads to.
fn place(value: &Spanned<DeValue<'_>>, error: &KindError) -> Range<usize> {
    let mut at = value;
    for key in &error.path {
        let inner = match at.get_ref() {
            DeValue::Table(table) => table.get(key.as_str()),
            DeValue::Array(list) => key.parse().ok().and_then(|i: usize| list.get(i)),
            _ => None,
        };
        let Some(inner) = inner else { break };
        at = inner;
    }
    if let (DeValue::Table(table), Fault::Options(message)) = (at.get_ref(), &error.fault) {
        let named = message.split('`').nth(1).unwrap_or_default();
        if let Some((key, _)) = table.get_key_value(named) {
            return key.span();
        }
    }
    at.span()
}

/// The line of the text, its number, and a mark below the place.
fn excerpt(text: &str, span: Range<usize>) -> String {
    if text.get(span.clone()).is_none() || text.is_empty() {
        return String::new(); // of a value that was set, not written
    }
    let start = text[..span.start].rfind('\n').map_or(0, |end| end + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let number = text[..start].matches('\n').count() + 1;
    let column = text[start..span.start].chars().count();
    let marks = text[span.start..span.end.min(start + line.len()).max(span.start)].chars().count().max(1);
    let gutter = " ".repeat(number.to_string().len());
    format!(
        "TOML parse error at line {number}, column {}\n{gutter} |\n{number} | {line}\n{gutter} | {}{}\n",
        column + 1,
        " ".repeat(column),
        "^".repeat(marks)
    )
}
