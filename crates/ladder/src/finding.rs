//! [`Finding`]: what the judge found, in sentences.

use std::fmt;

use crate::rungs::Rung;

/// The columns of the narrowest terminal.
const WIDTH: usize = 60;

/// What a judge says: nothing, or what does not hold.
pub type Verdict = Result<(), Box<Finding>>;

/// Why a rung is red. `Display` and `Debug` print the same sentences, so that a test that returns it is readable.
#[derive(Clone, PartialEq)]
pub struct Finding {
    pub(crate) rung: &'static Rung,
    pub(crate) case: String,
    pub(crate) fault: Fault,
    pub(crate) mistake: Option<(&'static str, &'static str)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// A `todo!` was reached.
    Hole { what: String, at: String },
    /// The program panicked.
    Panic { what: String, at: String },
    /// An argument of the answer is wrong.
    Wrong { argument: String, expected: String, got: String },
}

impl Finding {
    /// The rung that is red.
    pub fn rung(&self) -> &'static Rung {
        self.rung
    }

    /// The name of the mistake, if it is a known one.
    pub fn mistake(&self) -> Option<&'static str> {
        self.mistake.map(|(name, _)| name)
    }

    /// Whether it is only not written yet.
    pub fn is_hole(&self) -> bool {
        matches!(self.fault, Fault::Hole { .. })
    }
}

/// Where a panic was: the file of another rung says which one has to be climbed first.
fn earlier<'a>(at: &'a str, rung: &Rung) -> Option<&'a str> {
    let file = at.rsplit(['/', '\\']).next()?.split(".rs").next()?;
    (crate::ALL.iter().any(|other| other.name == file) && file != rung.name).then_some(file)
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headline = match &self.fault {
            Fault::Hole { .. } => "there is a hole to fill.".to_owned(),
            Fault::Panic { .. } => "your program panicked.".to_owned(),
            Fault::Wrong { argument, .. } => format!("{argument} is wrong."),
        };
        let headline = format!("Rung {}, {}: {headline}", self.rung.number(), self.rung.title);
        f.write_str(&wrapped(&headline, WIDTH).join("\n"))?;
        let mut line = |name: &str, text: &str| -> fmt::Result {
            let mut head = name;
            for part in wrapped(text, WIDTH - 12) {
                write!(f, "\n  {head:<9} {part}")?;
                head = "";
            }
            Ok(())
        };
        match &self.fault {
            Fault::Hole { what, at } => {
                if let Some(other) = earlier(at, self.rung) {
                    line("first", &format!("climb {other}, on which this rung stands"))?;
                }
                line("task", what)?;
                line("at", at)?;
            }
            Fault::Panic { what, at } => {
                line("case", &self.case)?;
                line("says", what)?;
                line("at", at)?;
            }
            Fault::Wrong { expected, got, .. } => {
                line("case", &self.case)?;
                line("expected", expected)?;
                line("got", got)?;
            }
        }
        if let Some((name, why)) = self.mistake {
            line("mistake", &format!("{name}: {why}"))?;
        }
        line("chapter", self.rung.chapter)
    }
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Finding {}

/// Lines of at most so many characters, broken at spaces.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("a line");
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            last.push_str(if last.is_empty() { "" } else { " " });
            last.push_str(word);
        }
    }
    lines
}
