//! Colors, where there is a terminal to show them.

use std::{
    env,
    fmt::Display,
    io::{IsTerminal, stderr, stdout},
};

/// What a piece of text on standard error or output is.
#[derive(Clone, Copy)]
pub enum Style {
    /// An error.
    Bad,
    /// A note.
    Note,
    /// A heading or a name.
    Strong,
}

impl Style {
    /// The text in its color, or plain where colors are not wanted.
    pub fn paint(self, text: impl Display) -> String {
        let (code, shown) = match self {
            Self::Bad => ("31;1", stderr().is_terminal()),
            Self::Note => ("2", stderr().is_terminal()),
            Self::Strong => ("1", stdout().is_terminal()),
        };
        let wanted = shown && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        if wanted { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}
