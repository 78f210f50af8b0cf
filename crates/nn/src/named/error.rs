//! [`KindError`]: a kind that cannot be added to a list, or a config that does not name one or does not fit it.

use std::{error::Error, fmt};

/// What is wrong, and where in the config.
///
/// It is shown as a sentence, also where `main` returns it.
#[derive(Clone, PartialEq, Eq)]
pub struct KindError {
    /// The keys that lead to the place, outermost first; empty for the whole.
    pub path: Vec<String>,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong with a kind or a config of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A kind whose name no recipe can say.
    Name {
        /// What it is a kind of, with its article.
        what: &'static str,
        /// The name.
        name: &'static str,
    },
    /// A second kind of one name.
    Twice {
        /// What both are.
        what: &'static str,
        /// Their name.
        name: &'static str,
    },
    /// Options that do not say of which kind they are.
    Nameless {
        /// What they are of.
        what: &'static str,
        /// The key that is missing.
        tag: &'static str,
        /// The kinds there are.
        known: Vec<&'static str>,
    },
    /// A kind that is not in the list.
    Unknown {
        /// What it would be.
        what: &'static str,
        /// The name.
        name: String,
        /// The kinds there are.
        known: Vec<&'static str>,
    },
    /// Options that do not fit the kind.
    Options(String),
}

impl From<Fault> for KindError {
    fn from(fault: Fault) -> Self {
        Self { path: Vec::new(), fault }
    }
}

impl KindError {
    /// What is wrong with options that were read as a config.
    pub(super) fn options(error: &toml::de::Error) -> Self {
        let text = error.to_string();
        // The keys that lead to the value are known to this text alone.
        let keys = text.lines().last().and_then(|line| line.strip_prefix("in `")?.strip_suffix('`'));
        let path = keys.map_or_else(Vec::new, |keys| keys.split('.').map(str::to_owned).collect());
        Self { path, fault: Fault::Options(error.message().to_owned()) }
    }

    /// The same, in a config that is itself under `key`.
    #[must_use]
    pub fn within(mut self, key: impl fmt::Display) -> Self {
        self.path.insert(0, key.to_string());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = |what: &'static str| what.split_once(' ').map_or(what, |(_, noun)| noun);
        let list =
            |known: &[&str]| known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        match self {
            Self::Name { what, name } => write!(
                f,
                "`{name}` cannot be the name of {what}: a name is lower-case letters, digits and `_`, a letter first, as \
                 in `my_own`\n  change its NAME"
            ),
            Self::Twice { what, name } => write!(
                f,
                "there is {what} `{name}` already\n  give the new one another NAME; the old ones keep theirs, so that \
                 recipes mean what they meant"
            ),
            Self::Nameless { what, tag, known } => {
                write!(f, "missing field `{tag}`: the name of {what}, one of {}", list(known))
            }
            Self::Unknown { what, name, known } => write!(
                f,
                "this program knows no {} `{name}`, only {}\n  one that another crate defines is known to the program \
                 of that crate",
                bare(what),
                list(known)
            ),
            Self::Options(message) => f.write_str(message),
        }
    }
}

impl fmt::Display for KindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_slice() {
            [] => write!(f, "{}", self.fault),
            path => write!(f, "in `{}`: {}", path.join("."), self.fault),
        }
    }
}

/// As a sentence: this is what a `main` that returns the error prints.
impl fmt::Debug for KindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Error for KindError {}
