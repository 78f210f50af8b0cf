//! Configs by name, where other crates may add to the list of names: [`Kinds`] is the list, [`Named`] a config of one.

mod error;

use std::{fmt, ops::Deref, sync::Arc};

use serde::{Deserialize, Serialize, Serializer, de::DeserializeOwned};
use toml::{Table, Value};

pub use error::{Fault, KindError};

/// The options of a config as they are written, before it is known what they mean.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Options(Table);

impl Options {
    /// What was written under a key: a table.
    ///
    /// # Errors
    /// If it is something else.
    pub fn of(value: Value, what: &str) -> Result<Self, KindError> {
        match value {
            Value::Table(table) => Ok(Self(table)),
            other => {
                let message = format!("{what} is a table, not {} {other}", article(other.type_str()));
                Err(Fault::Options(message).into())
            }
        }
    }

    /// The options as a config of type `C`.
    ///
    /// # Errors
    /// The key that is unknown, missing or does not fit.
    pub fn read<C: DeserializeOwned>(self) -> Result<C, KindError> {
        self.0.try_into().map_err(|error| KindError::options(&error))
    }
}

fn article(noun: &str) -> String {
    format!("{} {noun}", if noun.starts_with(['a', 'i', 'o']) { "an" } else { "a" })
}

/// A config of some kind: its options as they are written, and what they stand for.
///
/// Two are equal if they are written alike.
pub struct Named<B: ?Sized> {
    name: &'static str,
    /// The name of the kind, then its options.
    table: Table,
    behind: Arc<B>,
}

impl<B: ?Sized> Named<B> {
    /// A config of the kind `name`, which is written under the key `tag`.
    ///
    /// # Panics
    /// If the config is not written as a table, or has a number that TOML has not.
    #[track_caller]
    pub fn new(tag: &str, name: &'static str, config: &impl Serialize, behind: Arc<B>) -> Self {
        let options = Table::try_from(config)
            .unwrap_or_else(|error| panic!("the options of `{name}` are no TOML table: {error}"));
        let kind = [(tag.to_owned(), Value::String(name.to_owned()))];
        Self { name, table: kind.into_iter().chain(options).collect(), behind }
    }

    /// The name of its kind.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl<B: ?Sized> Deref for Named<B> {
    type Target = B;

    fn deref(&self) -> &B {
        &self.behind
    }
}

impl<B: ?Sized> Clone for Named<B> {
    fn clone(&self) -> Self {
        Self { name: self.name, table: self.table.clone(), behind: self.behind.clone() }
    }
}

impl<B: ?Sized> PartialEq for Named<B> {
    fn eq(&self, other: &Self) -> bool {
        self.table == other.table
    }
}

impl<B: ?Sized> fmt::Debug for Named<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Value::Table(self.table.clone()))
    }
}

impl<B: ?Sized> Serialize for Named<B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.table.serialize(serializer)
    }
}

/// Kinds by name, in the order in which they were added.
///
/// ```
/// use gradbook_nn::named::{Kinds, Options};
/// let mut kinds = Kinds::new("a block", "layer");
/// kinds.add("relu", 1).unwrap();
/// kinds.add("gelu", 2).unwrap();
/// assert!(kinds.add("relu", 3).unwrap_err().to_string().contains("there is a block `relu` already"));
/// let mut options: Options = toml::from_str("layer = \"gelu\"").unwrap();
/// assert_eq!(*kinds.take(&mut options).unwrap(), 2);
/// let mut options: Options = toml::from_str("layer = \"gellu\"").unwrap();
/// assert!(kinds.take(&mut options).unwrap_err().to_string().contains("no block `gellu`"));
/// ```
#[derive(Clone)]
pub struct Kinds<K> {
    what: &'static str,
    tag: &'static str,
    all: Vec<(&'static str, K)>,
}

impl<K> Kinds<K> {
    /// None yet; `what` one of them is called, with its article, and the key that names the kind of a config.
    pub fn new(what: &'static str, tag: &'static str) -> Self {
        Self { what, tag, all: Vec::new() }
    }

    /// Adds a kind.
    ///
    /// # Errors
    /// If the name is taken, or none that a recipe can say.
    pub fn add(&mut self, name: &'static str, kind: K) -> Result<(), KindError> {
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(legal) {
            return Err(Fault::Name { what: self.what, name }.into());
        }
        if self.all.iter().any(|(known, _)| *known == name) {
            return Err(Fault::Twice { what: self.what, name }.into());
        }
        self.all.push((name, kind));
        Ok(())
    }

    /// The kinds.
    pub fn iter(&self) -> impl Iterator<Item = &K> {
        self.all.iter().map(|(_, kind)| kind)
    }

    /// The kind that options name; the name is taken out of them.
    ///
    /// # Errors
    /// If they name none, or one that is not in the list.
    pub fn take(&self, options: &mut Options) -> Result<&K, KindError> {
        let (what, tag) = (self.what, self.tag);
        let name = match options.0.remove(tag) {
            Some(Value::String(name)) => name,
            Some(other) => {
                let message = format!("`{tag}` is the name of {what}, not {other}");
                return Err(KindError::from(Fault::Options(message)).within(tag));
            }
            None => return Err(Fault::Nameless { what, tag, known: self.names().collect() }.into()),
        };
        match self.all.iter().find(|(known, _)| *known == name) {
            Some((_, kind)) => Ok(kind),
            None => {
                Err(KindError::from(Fault::Unknown { what, name, known: self.names().collect() }).within(tag))
            }
        }
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.all.iter().map(|(name, _)| *name)
    }
}

/// How a config of some kind is read from its options.
pub type Reader<X> = fn(Options) -> Result<X, KindError>;

impl<X> Kinds<Reader<X>> {
    /// Adds the kind of a config type.
    ///
    /// # Errors
    /// See [`add`](Self::add).
    pub fn define<C: DeserializeOwned + Into<X>>(&mut self, name: &'static str) -> Result<(), KindError> {
        self.add(name, |options| Ok(options.read::<C>()?.into()))
    }

    /// The config that options mean.
    ///
    /// # Errors
    /// If they name no kind of this list, or do not fit it.
    pub fn read(&self, mut options: Options) -> Result<X, KindError> {
        self.take(&mut options)?(options)
    }
}
