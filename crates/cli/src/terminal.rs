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

/// `1 file`, `2 files`.
pub fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// A text that follows `indent` columns, broken between words where a terminal's line ends, its further lines indented.
pub fn wrapped(text: &str, indent: usize) -> String {
    let size = if stdout().is_terminal() { terminal_size::terminal_size() } else { None };
    let room = size.map_or(usize::MAX, |(width, _)| usize::from(width.0).saturating_sub(indent).max(20));
    let (mut out, mut used) = (String::new(), 0);
    for word in text.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            out = out + "\n" + &" ".repeat(indent);
            used = 0;
        } else if used > 0 {
            out.push(' ');
            used += 1;
        }
        out += word;
        used += length;
    }
    out
}
