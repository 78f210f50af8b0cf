//! [`GroupBy`]: which clips belong together, as those of one speaker or one session do.

use std::{collections::HashMap, path::Path};

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::hold_out::file_name;
use crate::error::{Error, Result};

/// How clips are grouped. A group is never divided by [`EveryNth`](super::HoldOut::EveryNth).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// The part of the path below the corpus folder that a regular expression captures: `_([a-z]+)_` takes `theo` out of
    /// `7_theo_12.wav`, `^([^/]+)/` the first folder.
    Pattern(String),
    /// A column of a table.
    Csv {
        /// The file, whose first line names its columns; below the corpus folder unless it is absolute.
        path: String,
        /// The column that names the recordings: their path below the corpus folder, or their file name.
        file: String,
        /// The column that names the groups.
        group: String,
    },
}

impl GroupBy {
    /// Whether it makes sense for any clips.
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Pattern(pattern) => regex(pattern).map(|_| ()),
            Self::Csv { .. } => Ok(()),
        }
    }

    /// The group of each clip.
    ///
    /// # Errors
    /// [`Error::Ungrouped`] for a clip that has none; if the table cannot be read.
    pub(super) fn groups(&self, names: &[&str], folder: &Path) -> Result<Vec<String>> {
        match self {
            Self::Pattern(pattern) => {
                let regex = regex(pattern)?;
                let missing = || format!("the pattern {pattern} does not match");
                let group = |name: &&str| {
                    let found =
                        regex.captures(name).and_then(|found| Some(found.get(1)?.as_str().to_owned()));
                    found.ok_or_else(|| Error::Ungrouped { name: (*name).into(), reason: missing() })
                };
                names.iter().map(group).collect()
            }
            Self::Csv { path, file, group } => {
                let path = folder.join(path);
                let table = table(&path, file, group)?;
                let missing = || format!("{} has no row for it", path.display());
                let group = |name: &&str| {
                    let found = table.get(*name).or_else(|| table.get(file_name(name))).cloned();
                    found.ok_or_else(|| Error::Ungrouped { name: (*name).into(), reason: missing() })
                };
                names.iter().map(group).collect()
            }
        }
    }
}

fn regex(pattern: &str) -> Result<Regex> {
    let wrong = |rule: String| Error::Parameter { field: "pattern".into(), value: pattern.into(), rule };
    let found = Regex::new(pattern).map_err(|error| wrong(format!("not a regular expression: {error}")))?;
    if found.captures_len() < 2 {
        return Err(wrong("it has no group in parentheses; write for example ^([^_]+)_".into()));
    }
    Ok(found)
}

/// Column `group` by column `file`.
fn table(path: &Path, file: &str, group: &str) -> Result<HashMap<String, String>> {
    let unreadable = |error: csv::Error| Error::Io { path: path.into(), source: error.into() };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(unreadable)?;
    let head = reader.headers().map_err(unreadable)?.clone();
    let column = |name: &str| {
        head.iter().position(|column| column == name).ok_or_else(|| Error::Parameter {
            field: "group.csv".into(),
            value: name.into(),
            rule: format!("a column of {}: {}", path.display(), head.iter().collect::<Vec<_>>().join(", ")),
        })
    };
    let (file, group) = (column(file)?, column(group)?);
    let mut all = HashMap::new();
    for row in reader.records() {
        let row = row.map_err(unreadable)?;
        all.insert(row[file].to_owned(), row[group].to_owned());
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["7_theo_12.wav", "day/0_lucas_3.wav", "day/7_theo_1.wav"];

    #[test]
    fn a_pattern_captures_the_speaker() {
        let groups = GroupBy::Pattern("_([a-z]+)_".into()).groups(&NAMES, Path::new("")).unwrap();
        assert_eq!(groups, ["theo", "lucas", "theo"]);
        let error = GroupBy::Pattern("^([^/]+)/".into()).groups(&NAMES, Path::new("")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "7_theo_12.wav belongs to no group: the pattern ^([^/]+)/ does not match; name a group for every recording, \
             or take the recording away"
        );
        let message = |pattern: &str| GroupBy::Pattern(pattern.into()).check().unwrap_err().to_string();
        assert!(message("(").starts_with("pattern = (: not a regular expression"));
        assert!(message("theo").contains("no group in parentheses"));
    }

    #[test]
    fn a_table_names_recordings_by_path_or_by_file_name() {
        let folder = tempfile::tempdir().unwrap();
        let text =
            "who, clip\nTheo, 7_theo_12.wav\nLucas, 0_lucas_3.wav\nTheo the second, day/7_theo_1.wav\n";
        std::fs::write(folder.path().join("who.csv"), text).unwrap();
        let by = |file: &str| GroupBy::Csv { path: "who.csv".into(), file: file.into(), group: "who".into() };
        let groups = by("clip").groups(&NAMES, folder.path()).unwrap();
        assert_eq!(groups, ["Theo", "Lucas", "Theo the second"]);
        let message = by("name").groups(&NAMES, folder.path()).unwrap_err().to_string();
        assert!(
            message.starts_with("group.csv = name: a column of") && message.ends_with("who, clip"),
            "{message}"
        );
        let message = by("clip").groups(&["new.wav"], folder.path()).unwrap_err().to_string();
        assert!(
            message.contains("new.wav belongs to no group") && message.contains("no row for it"),
            "{message}"
        );
        let gone = by("clip").groups(&NAMES, Path::new("/nowhere")).unwrap_err().to_string();
        assert!(gone.starts_with("/nowhere/who.csv: "), "{gone}");
    }
}
