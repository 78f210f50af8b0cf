//! [`HoldOut`]: which clips, or which parts of them, are kept away from training.

use std::ops::Range;

use globset::{Glob, GlobBuilder};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A rule that holds clips out of training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldOut {
    /// Every nth clip in the order of their names; where clips are grouped, every nth group. The last one when there are
    /// fewer than n.
    EveryNth(usize),
    /// The clips whose file name matches a glob such as `*_[0-4].wav`. A pattern with a `/` is matched against the
    /// path below the corpus folder instead.
    Glob(String),
    /// The clips of these groups.
    Groups(Vec<String>),
    /// The last share of each clip's time, between 0 and 1: for one long recording, or few. No sample is on both sides.
    Last(f64),
}

impl Default for HoldOut {
    fn default() -> Self {
        Self::EveryNth(10)
    }
}

/// Some frames of a clip: what a rule divides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Which clip.
    pub clip: usize,
    /// Which of its frames.
    pub frames: Range<usize>,
}

/// What rules know about a clip.
#[derive(Clone, Debug)]
pub(super) struct About<'a> {
    pub name: &'a str,
    pub group: Option<&'a str>,
}

/// What a cut through a clip must leave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// Frames that see samples of both sides: they are left out.
    pub gap: usize,
    /// The fewest frames of a side. Shorter clips stay whole, and on the near side.
    pub least: usize,
}

impl HoldOut {
    /// The parts that are held out, and those that are not.
    pub(super) fn divide(
        &self,
        parts: Vec<Part>,
        about: &[About<'_>],
        cut: Cut,
    ) -> Result<(Vec<Part>, Vec<Part>)> {
        let whole = |held: &dyn Fn(&About<'_>) -> bool, parts: Vec<Part>| {
            parts.into_iter().partition(|part| held(&about[part.clip]))
        };
        Ok(match self {
            Self::EveryNth(n) => {
                // A clip by itself, whatever others are called, or its group.
                let unit = |part: &Part| match about[part.clip].group {
                    Some(group) => (group, 0),
                    None => ("", part.clip),
                };
                let mut units: Vec<(&str, usize)> = parts.iter().map(unit).collect();
                units.sort_unstable();
                units.dedup();
                let n = (*n).clamp(1, units.len().max(1));
                let held: Vec<(&str, usize)> = units.into_iter().skip(n - 1).step_by(n).collect();
                parts.into_iter().partition(|part| held.binary_search(&unit(part)).is_ok())
            }
            Self::Glob(pattern) => {
                let matcher = glob(pattern)?.compile_matcher();
                let path = pattern.contains('/');
                whole(&|clip| matcher.is_match(if path { clip.name } else { file_name(clip.name) }), parts)
            }
            Self::Groups(groups) => {
                let known = |group: &&String| about.iter().any(|clip| clip.group == Some(group));
                if let Some(group) = groups.iter().find(|group| !known(group)) {
                    let rule = "a group of these recordings; `data.group` says how they are grouped";
                    Error::unless(false, "groups", group, rule)?;
                }
                whole(&|clip| clip.group.is_some_and(|group| groups.iter().any(|own| own == group)), parts)
            }
            Self::Last(share) => {
                let (mut held, mut rest) = (Vec::new(), Vec::new());
                for Part { clip, frames } in parts {
                    let last = (frames.len() as f64 * share).ceil() as usize;
                    let first = frames.len().saturating_sub(last + cut.gap);
                    if first >= cut.least && last >= cut.least {
                        rest.push(Part { clip, frames: frames.start..frames.start + first });
                        held.push(Part { clip, frames: frames.end - last..frames.end });
                    } else {
                        rest.push(Part { clip, frames });
                    }
                }
                (held, rest)
            }
        })
    }

    /// Whether it makes sense for any clips.
    pub(super) fn check(&self, grouped: bool) -> Result<()> {
        match self {
            Self::EveryNth(n) => {
                Error::unless(*n > 0, "every_nth", n, "1 or more, such as 10 for every 10th clip")
            }
            Self::Glob(pattern) => glob(pattern).map(|_| ()),
            Self::Groups(groups) => {
                let rule = "groups need `data.group`, such as { pattern = \"^([^_]+)_\" }";
                Error::unless(grouped, "groups", groups.join(", "), rule)
            }
            Self::Last(share) => {
                Error::unless(*share > 0.0 && *share < 1.0, "last", share, "a share between 0 and 1")
            }
        }
    }
}

fn glob(pattern: &str) -> Result<Glob> {
    GlobBuilder::new(pattern).literal_separator(true).build().map_err(|_| Error::Parameter {
        field: "glob".into(),
        value: pattern.into(),
        rule: "not a glob pattern; write for example *_[0-4].wav".into(),
    })
}

impl std::fmt::Display for HoldOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::EveryNth(1) => f.write_str("holding out every clip"),
            Self::EveryNth(n) => write!(f, "holding out every {n}{} clip or group", ordinal(*n)),
            Self::Glob(pattern) => write!(f, "holding out the clips that match {pattern}"),
            Self::Groups(groups) => write!(f, "holding out the groups {}", groups.join(", ")),
            Self::Last(share) => write!(f, "holding out the last {} % of each clip", share * 100.0),
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

pub(super) fn file_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["a/x_1.wav", "a/x_7.wav", "b/y_2.wav", "b/y_9.wav"];
    const CUT: Cut = Cut { gap: 3, least: 10 };

    fn whole(count: usize) -> Vec<Part> {
        (0..count).map(|clip| Part { clip, frames: 0..100 }).collect()
    }

    /// Which of the four clips are held out.
    fn held(rule: &HoldOut, group: fn(&str) -> Option<&str>) -> Vec<usize> {
        let about = NAMES.map(|name| About { name, group: group(name) });
        let (held, rest) = rule.divide(whole(4), &about, CUT).unwrap();
        assert_eq!(held.len() + rest.len(), 4);
        held.into_iter().map(|part| part.clip).collect()
    }

    #[test]
    fn a_glob_matches_the_file_name_and_with_a_slash_the_path() {
        assert_eq!(held(&HoldOut::Glob("*_[0-4].wav".into()), |_| None), [0, 2]);
        assert_eq!(held(&HoldOut::Glob("a/*".into()), |_| None), [0, 1]);
        assert!(held(&HoldOut::Glob("z*".into()), |_| None).is_empty());
    }

    #[test]
    fn every_nth_counts_clips_or_groups_and_takes_one_of_a_few() {
        let said = [2, 3, 4, 11, 12, 13, 21, 22, 23, 111, 112].map(|n| HoldOut::EveryNth(n).to_string());
        let wanted = ["2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "23rd", "111th", "112th"];
        assert_eq!(said, wanted.map(|nth| format!("holding out every {nth} clip or group")));
        assert_eq!(held(&HoldOut::EveryNth(2), |_| None), [1, 3]);
        assert_eq!(held(&HoldOut::EveryNth(10), |_| None), [3]);
        assert_eq!(held(&HoldOut::EveryNth(1), |_| None), [0, 1, 2, 3]);
        // Two groups, the folders: the second is held out whole.
        assert_eq!(held(&HoldOut::EveryNth(10), |name| Some(&name[..1])), [2, 3]);
        // Clips that are no neighbors may be of one group: the first and the last of these are odd, the second of two groups.
        let group = |name: &str| if name.contains(['1', '9']) { "odd" } else { "even" };
        let about = NAMES.map(|name| About { name, group: Some(group(name)) });
        let (held, _) = HoldOut::EveryNth(2).divide(whole(4), &about, CUT).unwrap();
        assert_eq!(held.into_iter().map(|part| part.clip).collect::<Vec<_>>(), [0, 3]);
        // Two clips of one name are two clips.
        let about = [About { name: "a.wav", group: None }, About { name: "a.wav", group: None }];
        let (held, rest) = HoldOut::EveryNth(2).divide(whole(2), &about, CUT).unwrap();
        assert_eq!((held[0].clip, rest[0].clip), (1, 0));
    }

    #[test]
    fn groups_are_held_out_by_name() {
        assert_eq!(held(&HoldOut::Groups(vec!["a".into()]), |name| Some(&name[..1])), [0, 1]);
        let about = NAMES.map(|name| About { name, group: Some(&name[..1]) });
        let error = HoldOut::Groups(vec!["c".into()]).divide(whole(4), &about, CUT).unwrap_err();
        assert!(error.to_string().starts_with("groups = c: a group of these recordings"), "{error}");
    }

    #[test]
    fn the_last_share_of_a_clip_is_cut_off_behind_a_gap_unless_a_side_would_be_too_short() {
        let parts = vec![
            Part { clip: 0, frames: 0..100 },
            Part { clip: 1, frames: 50..150 },
            Part { clip: 2, frames: 0..20 },
        ];
        let about = NAMES.map(|name| About { name, group: None });
        let (held, rest) = HoldOut::Last(0.2).divide(parts, &about, CUT).unwrap();
        assert_eq!(held, [Part { clip: 0, frames: 80..100 }, Part { clip: 1, frames: 130..150 }]);
        let wanted = [(0, 0..77), (1, 50..127), (2, 0..20)].map(|(clip, frames)| Part { clip, frames });
        assert_eq!(rest, wanted);
    }

    #[test]
    fn rules_that_make_no_sense_say_so() {
        let message = |rule: HoldOut| rule.check(false).unwrap_err().to_string();
        assert_eq!(message(HoldOut::EveryNth(0)), "every_nth = 0: 1 or more, such as 10 for every 10th clip");
        assert!(message(HoldOut::Glob("[".into())).contains("not a glob"));
        assert!(message(HoldOut::Groups(vec!["a".into()])).contains("groups need `data.group`"));
        for share in [0.0, 1.0, -0.5, f64::NAN] {
            assert!(message(HoldOut::Last(share)).ends_with("a share between 0 and 1"), "{share}");
        }
        assert!(HoldOut::Groups(vec!["a".into()]).check(true).is_ok());
    }
}
