//! Which clips are held out for testing.

use globset::{Glob, GlobBuilder};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The rule that holds clips out of training.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestSplit {
    /// Every nth clip in the order of their names; the last one when there are fewer than n.
    EveryNth(usize),
    /// The clips whose file name matches a glob such as `*_[0-4].wav`. A pattern with a `/` is matched against the
    /// path below the corpus folder instead.
    Glob(String),
}

impl Default for TestSplit {
    fn default() -> Self {
        Self::EveryNth(10)
    }
}

impl TestSplit {
    /// For each name, whether the clip is held out. Both parts hold at least one clip.
    pub(super) fn held_out(&self, names: &[&str]) -> Result<Vec<bool>> {
        let held_out: Vec<bool> = match self {
            Self::EveryNth(n) => {
                self.check()?;
                let n = (*n).min(names.len());
                (1..=names.len()).map(|i| i % n == 0).collect()
            }
            Self::Glob(pattern) => {
                let matcher = glob(pattern)?.compile_matcher();
                let whole = pattern.contains('/');
                let subject = |name: &str| matcher.is_match(if whole { name } else { file_name(name) });
                names.iter().map(|name| subject(name)).collect()
            }
        };
        for (part, wanted) in [("training", false), ("test", true)] {
            if !held_out.contains(&wanted) {
                return Err(Error::EmptySplit { part, clips: names.len(), rule: self.to_string() });
            }
        }
        Ok(held_out)
    }

    /// Whether it makes sense for any clips.
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::EveryNth(n) => {
                Error::unless(*n > 0, "test.every_nth", n, "1 or more, such as 10 for every 10th clip")
            }
            Self::Glob(pattern) => glob(pattern).map(|_| ()),
        }
    }
}

fn glob(pattern: &str) -> Result<Glob> {
    let rule = || "not a glob pattern; write for example *_[0-4].wav".to_owned();
    GlobBuilder::new(pattern).literal_separator(true).build().map_err(|_| Error::Parameter {
        field: "test.glob".into(),
        value: pattern.into(),
        rule: rule(),
    })
}

impl std::fmt::Display for TestSplit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::EveryNth(1) => f.write_str("holding out every clip"),
            Self::EveryNth(n) => write!(f, "holding out every {n}{} clip", ordinal(*n)),
            Self::Glob(pattern) => write!(f, "holding out the clips that match {pattern}"),
        }
    }
}

/// What follows n in 1st, 2nd, 3rd, 4th, 11th, 21st.
fn ordinal(n: usize) -> &'static str {
    match (n % 100, n % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    }
}

fn file_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["a/x_1.wav", "a/x_7.wav", "b/y_2.wav", "b/y_9.wav"];

    #[test]
    fn a_glob_matches_the_file_name() {
        let glob = TestSplit::Glob("*_[0-4].wav".into());
        assert_eq!(glob.held_out(&NAMES).unwrap(), [true, false, true, false]);
    }

    #[test]
    fn a_glob_with_a_slash_matches_the_path() {
        let glob = TestSplit::Glob("a/*".into());
        assert_eq!(glob.held_out(&NAMES).unwrap(), [true, true, false, false]);
    }

    #[test]
    fn every_nth_holds_out_one_of_a_few() {
        let said = [2, 3, 4, 11, 12, 13, 21, 22, 23, 111, 112].map(|n| TestSplit::EveryNth(n).to_string());
        let wanted = ["2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "23rd", "111th", "112th"];
        assert_eq!(said, wanted.map(|nth| format!("holding out every {nth} clip")));
        assert_eq!(TestSplit::EveryNth(2).held_out(&NAMES).unwrap(), [false, true, false, true]);
        assert_eq!(TestSplit::EveryNth(10).held_out(&NAMES).unwrap(), [false, false, false, true]);
    }

    #[test]
    fn splits_that_leave_nothing_are_errors_that_say_so() {
        let message = |split: TestSplit, names: &[&str]| split.held_out(names).unwrap_err().to_string();
        let none = message(TestSplit::Glob("z*".into()), &NAMES);
        assert!(none.contains("z* leaves no test clip out of 4"), "{none}");
        assert!(message(TestSplit::EveryNth(10), &NAMES[..1]).contains("no training clip"));
        assert!(message(TestSplit::EveryNth(10), &[]).contains("no training clip"));
        assert!(message(TestSplit::EveryNth(0), &NAMES).contains("test.every_nth = 0"));
        assert!(message(TestSplit::Glob("[".into()), &NAMES).contains("not a glob"));
        let every = message(TestSplit::EveryNth(1), &NAMES);
        assert!(every.starts_with("holding out every clip leaves no training clip out of 4;"), "{every}");
    }
}
