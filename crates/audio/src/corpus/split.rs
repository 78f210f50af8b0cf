//! Three sets of clips: to train on, to choose by, and for the last word. And what leaks from one into another.

use std::{collections::HashMap, fmt, path::Path};

use serde::{Deserialize, Serialize};

use super::config::CorpusConfig;
use super::hold_out::{About, Cut, HoldOut, Part};
use crate::error::{Error, Result};

/// What a clip is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Set {
    /// Models learn from it.
    Train,
    /// Choices are made by it: settings, when to stop, which checkpoint to keep.
    Validation,
    /// Measured once, when all choices are made.
    Test,
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "training",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

/// What to do about recordings or groups that are on both sides of a split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leakage {
    /// Go on and list them in [`Corpus::leaks`](super::Corpus::leaks).
    #[default]
    Warn,
    /// Fail, naming them.
    Fail,
}

/// Something that two sets share, so that one says less about the other than it seems.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leak {
    /// Two files with the same sound.
    Copy {
        /// A recording and its set …
        of: (String, Set),
        /// … and one that sounds the same to the last bit.
        copy: (String, Set),
    },
    /// A group with clips in two sets.
    Group {
        /// Its name.
        name: String,
        /// A recording of it and its set …
        one: (String, Set),
        /// … and another.
        other: (String, Set),
    },
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Copy { of: (a, one), copy: (b, other) } => {
                write!(f, "{a} ({one}) and {b} ({other}) are the same recording")
            }
            Self::Group { name, one: (a, one), other: (b, other) } => {
                write!(f, "{a} ({one}) and {b} ({other}) are of the same group, {name}")
            }
        }
    }
}

/// What the split knows about a clip.
pub(super) struct Candidate<'a> {
    pub name: &'a str,
    pub frames: usize,
    pub hash: u64,
}

/// The parts of all clips with their sets, in the order of the clips; the groups, if there are any; the leaks.
pub(super) struct Split {
    pub parts: Vec<(Part, Set)>,
    pub groups: Option<Vec<String>>,
    pub leaks: Vec<Leak>,
}

impl Split {
    /// Takes the test set from all clips and the validation set from the others.
    pub fn new(config: &CorpusConfig, clips: &[Candidate<'_>], folder: &Path, cut: Cut) -> Result<Self> {
        let names: Vec<&str> = clips.iter().map(|clip| clip.name).collect();
        let groups = config.group.as_ref().map(|by| by.groups(&names, folder)).transpose()?;
        let group = |i: usize| groups.as_ref().map(|groups| groups[i].as_str());
        let about: Vec<_> =
            names.iter().enumerate().map(|(i, &name)| About { name, group: group(i) }).collect();
        let all = clips.iter().enumerate().map(|(clip, c)| Part { clip, frames: 0..c.frames }).collect();
        let (test, rest) = config.test.divide(all, &about, cut).map_err(|error| error.at("test"))?;
        filled(Set::Test, &test, &config.test, names.len())?;
        filled(Set::Train, &rest, &config.test, names.len())?;
        let left = rest.len();
        let (validation, train) =
            config.validation.divide(rest, &about, cut).map_err(|error| error.at("validation"))?;
        filled(Set::Validation, &validation, &config.validation, left)?;
        filled(Set::Train, &train, &config.validation, left)?;
        let sets = [(train, Set::Train), (validation, Set::Validation), (test, Set::Test)];
        let mut parts: Vec<_> = sets
            .into_iter()
            .flat_map(|(parts, set)| parts.into_iter().map(move |part| (part, set)))
            .collect();
        parts.sort_by_key(|(part, _)| (part.clip, part.frames.start));
        let leaks = leaks(&parts, clips, &about);
        if config.leakage == Leakage::Fail && !leaks.is_empty() {
            return Err(Error::Leaks(leaks));
        }
        Ok(Self { parts, groups, leaks })
    }
}

/// Refuses a set without clips.
fn filled(set: Set, parts: &[Part], rule: &HoldOut, clips: usize) -> Result<()> {
    if parts.is_empty() { Err(Error::EmptySplit { set, clips, rule: rule.to_string() }) } else { Ok(()) }
}

/// Copies and groups on two sides, each once for a pair of sets. What a rule cuts out of one recording is no copy of it.
fn leaks(parts: &[(Part, Set)], clips: &[Candidate<'_>], about: &[About<'_>]) -> Vec<Leak> {
    let mut sounds: HashMap<u64, Vec<(usize, Set)>> = HashMap::new();
    let mut groups: HashMap<&str, Vec<(usize, Set)>> = HashMap::new();
    let mut found = Vec::new();
    for (Part { clip, .. }, set) in parts {
        let (own, place) = (|clip: usize, set: Set| (about[clip].name.to_owned(), set), (*clip, *set));
        let seen = sounds.entry(clips[*clip].hash).or_default();
        if let Some(&(of, there)) = seen.iter().find(|(of, there)| of != clip && there != set) {
            found.push(Leak::Copy { of: own(of, there), copy: own(*clip, *set) });
        }
        seen.push(place);
        let Some(group) = about[*clip].group else { continue };
        let seen = groups.entry(group).or_default();
        if let (false, Some(&(of, there))) = (seen.iter().any(|(_, there)| there == set), seen.first()) {
            let name = group.to_owned();
            found.push(Leak::Group { name, one: own(of, there), other: own(*clip, *set) });
        }
        seen.push(place);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::GroupBy;

    const CUT: Cut = Cut { gap: 1, least: 4 };
    const NAMES: [&str; 6] = ["1_ann.wav", "1_bob.wav", "2_ann.wav", "2_bob.wav", "3_ann.wav", "3_cat.wav"];

    fn split(config: &CorpusConfig, hashes: [u64; 6]) -> Result<Split> {
        let clip = |(name, hash)| Candidate { name, frames: 20, hash };
        let clips: Vec<_> = NAMES.into_iter().zip(hashes).map(clip).collect();
        Split::new(config, &clips, Path::new(""), CUT)
    }

    fn sets(config: &CorpusConfig) -> Vec<Set> {
        split(config, [0, 1, 2, 3, 4, 5]).unwrap().parts.into_iter().map(|(_, set)| set).collect()
    }

    use Set::{Test, Train, Validation};

    #[test]
    fn validation_is_taken_from_what_test_leaves() {
        let config = CorpusConfig { test: HoldOut::EveryNth(3), ..CorpusConfig::default() };
        // Test: the 3rd and the 6th. Validation: the last of the other four, for there are fewer than ten.
        assert_eq!(sets(&config), [Train, Train, Test, Train, Validation, Test]);
        let config = CorpusConfig { validation: HoldOut::EveryNth(2), ..config };
        assert_eq!(sets(&config), [Train, Validation, Test, Train, Validation, Test]);
    }

    #[test]
    fn groups_stay_together() {
        let group = Some(GroupBy::Pattern("_([a-z]+)".into()));
        let config = CorpusConfig { group, ..CorpusConfig::default() };
        // Three groups: cat is the last, bob the last of the others.
        assert_eq!(sets(&config), [Train, Validation, Train, Validation, Train, Test]);
        let config = CorpusConfig { test: HoldOut::Groups(vec!["ann".into()]), ..config };
        assert_eq!(sets(&config), [Test, Train, Test, Train, Test, Validation]);
    }

    #[test]
    fn time_is_cut_twice_with_a_gap_before_each_cut() {
        let (test, validation) = (HoldOut::Last(0.2), HoldOut::Last(0.25));
        let config = CorpusConfig { test, validation, ..CorpusConfig::default() };
        let found = split(&config, [0, 1, 2, 3, 4, 5]).unwrap();
        let first: Vec<_> = found.parts[..3].iter().map(|(part, set)| (part.frames.clone(), *set)).collect();
        // 20 frames: 4 to test; of the 15 before the gap 4 to validate; 10 to train on.
        assert_eq!(first, [(0..10, Train), (11..15, Validation), (16..20, Test)]);
        assert!(found.leaks.is_empty());
    }

    #[test]
    fn copies_and_groups_on_both_sides_are_named() {
        let test = HoldOut::Glob("3_*".into());
        let config =
            CorpusConfig { test, validation: HoldOut::Glob("2_*".into()), ..CorpusConfig::default() };
        let found = split(&config, [7, 1, 2, 3, 7, 5]).unwrap();
        let said: Vec<_> = found.leaks.iter().map(ToString::to_string).collect();
        assert_eq!(said, ["1_ann.wav (training) and 3_ann.wav (test) are the same recording"]);
        let config = CorpusConfig { group: Some(GroupBy::Pattern("_([a-z]+)".into())), ..config };
        let found = split(&config, [0, 1, 2, 3, 4, 5]).unwrap();
        let said: Vec<_> = found.leaks.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "1_ann.wav (training) and 2_ann.wav (validation) are of the same group, ann",
                "1_bob.wav (training) and 2_bob.wav (validation) are of the same group, bob",
                "1_ann.wav (training) and 3_ann.wav (test) are of the same group, ann",
            ]
        );
        let strict = CorpusConfig { leakage: Leakage::Fail, ..config };
        let error = split(&strict, [0, 1, 2, 3, 4, 5]).err().unwrap().to_string();
        assert!(
            error.starts_with("the sets share 3 recordings or groups") && error.contains("group, bob"),
            "{error}"
        );
    }

    #[test]
    fn splits_that_leave_nothing_are_errors_that_say_so() {
        let message = |config: CorpusConfig| split(&config, [0, 1, 2, 3, 4, 5]).err().unwrap().to_string();
        let rule = |pattern: &str| HoldOut::Glob(pattern.into());
        let none = message(CorpusConfig { test: rule("z*"), ..CorpusConfig::default() });
        assert!(
            none.starts_with("holding out the clips that match z* leaves no test clip out of 6;"),
            "{none}"
        );
        let all = message(CorpusConfig { test: HoldOut::EveryNth(1), ..CorpusConfig::default() });
        assert!(all.starts_with("holding out every clip leaves no training clip out of 6;"), "{all}");
        let none =
            message(CorpusConfig { test: rule("1_*"), validation: rule("1_*"), ..CorpusConfig::default() });
        assert!(none.contains("match 1_* leaves no validation clip out of 4;"), "{none}");
        let all =
            message(CorpusConfig { test: rule("1_*"), validation: rule("*"), ..CorpusConfig::default() });
        assert!(all.contains("match * leaves no training clip out of 4;"), "{all}");
        let short = CorpusConfig { test: HoldOut::Last(0.1), ..CorpusConfig::default() };
        assert!(message(short).contains("the last 10 % of each clip leaves no test clip out of 6;"));
    }
}
