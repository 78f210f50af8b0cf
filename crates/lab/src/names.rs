//! What recordings are called in tokens, and the files that tokens are decoded to: no two alike, on any system.

use std::{
    collections::HashSet,
    path::{Component, Path, PathBuf},
};

use gradbook_audio::portable_name;

use crate::Error;

/// The longest name of a file that every system takes, in bytes.
const LONGEST: usize = 255;

/// The paths of recordings below the innermost folder that holds them all, as [`portable_name`] writes them. Of two that
/// would still be the same, the later one gets a number.
pub(crate) fn of(files: &[PathBuf]) -> Vec<String> {
    let whole = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let files: Vec<PathBuf> = files.iter().map(whole).collect();
    let parts: Vec<Vec<Component<'_>>> = files.iter().map(|path| path.components().collect()).collect();
    let folder = |parts: &[Component<'_>]| parts.len().saturating_sub(1);
    let mut shared = parts.first().map_or(0, |first| folder(first));
    for other in &parts {
        let same = other.iter().zip(&parts[0]).take_while(|(a, b)| a == b).count();
        shared = shared.min(same).min(folder(other));
    }
    let mut taken = HashSet::new();
    let name = |parts: &Vec<Component<'_>>| {
        let normal = parts[shared..].iter().filter(|part| matches!(part, Component::Normal(_)));
        let name = portable_name(&normal.collect::<PathBuf>());
        numbered(Path::new(&name), |path| taken.insert(path.to_owned())).to_string_lossy().into_owned()
    };
    parts.iter().map(name).collect()
}

/// The files below a folder that sounds of these names go to: `.wav` in place of their ending. Names that a system which
/// does not tell `a` from `A` would take for one, and names too long for a file, get a number.
///
/// # Errors
/// If two names are the same.
pub(crate) fn targets(names: &[&str]) -> Result<Vec<PathBuf>, Error> {
    let mut seen = HashSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(**name)) {
        return Err(Error::Request(format!("two recordings are called `{twice}`")));
    }
    let mut taken = HashSet::new();
    let target = |name: &&str| {
        let path = Path::new(name).with_extension("wav");
        numbered(&path, |path| taken.insert(path.to_string_lossy().to_lowercase()))
    };
    Ok(names.iter().map(target).collect())
}

/// The path, or where it is not `free`, the first of `stem~2.wav`, `stem~3.wav` … that is; its last part is cut where it is
/// too long.
fn numbered(path: &Path, mut free: impl FnMut(&Path) -> bool) -> PathBuf {
    let [stem, ending] =
        [path.file_stem(), path.extension()].map(|part| part.unwrap_or_default().to_string_lossy());
    let ending = if ending.is_empty() { String::new() } else { format!(".{ending}") };
    let with = |number: &str| {
        let room = LONGEST.saturating_sub(number.len() + ending.len()).min(stem.len());
        let end = (0..=room).rev().find(|&i| stem.is_char_boundary(i)).unwrap_or(0);
        path.with_file_name(format!("{}{number}{ending}", &stem[..end]))
    };
    let mut candidates = std::iter::once(with("")).chain((2..).map(|n| with(&format!("~{n}"))));
    candidates.find(|path| free(path)).expect("there are more numbers than names")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets_of(names: &[&str]) -> Vec<String> {
        let targets = targets(names).expect("they differ");
        targets.iter().map(|path| path.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn no_sound_overwrites_another() {
        assert_eq!(
            targets_of(&["a.wav", "a.WAV", "b/A.wav", "A.wav"]),
            ["a.wav", "a~2.wav", "b/A.wav", "A~3.wav"]
        );
        assert_eq!(targets_of(&["a~2.wav", "a.wav", "A.wav"]), ["a~2.wav", "a.wav", "A~3.wav"]);
        assert!(targets(&["a.wav", "a.wav"]).is_err());
    }

    #[test]
    fn a_name_too_long_for_a_file_is_cut_between_letters() {
        let long = |last: char| format!("{}{last}.wav", "ä".repeat(200));
        let [first, second] = [long('x'), long('y')];
        let cut = targets_of(&[&first, &second]);
        assert_eq!(cut, [format!("{}.wav", "ä".repeat(125)), format!("{}~2.wav", "ä".repeat(124))]);
        let fits = format!("{}.wav", "x".repeat(251));
        assert_eq!(targets_of(&[&fits]), [fits]);
    }

    #[test]
    #[cfg(unix)]
    fn names_that_differ_in_bytes_that_are_no_text_differ() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
        let path = |name: &[u8]| Path::new("/sounds").join(OsStr::from_bytes(name));
        let files =
            [path(b"owl\xfe.wav"), path(b"owl\xff.wav"), path(b"owl%FF.wav"), path(b"owl\xc3\xa4.wav")];
        assert_eq!(of(&files), ["owl%FE.wav", "owl%FF.wav", "owl%FF~2.wav", "owlä.wav"]);
    }
}
