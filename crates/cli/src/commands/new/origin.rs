//! Where this program was built from, so that a new crate depends on the same: a folder, a git commit or a version.

use std::{fs, path::Path};

/// The folder of this crate when it was compiled.
const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// Two lines of a `Cargo.toml`: the library, and the program.
pub fn dependencies() -> String {
    let on = from(Path::new(HERE));
    format!("gradbook = {}\ngradbook-cli = {}", on(""), on("crates/cli"))
}

/// The dependency on the crate in a folder of the repository, where this crate was compiled in `cli`.
fn from(cli: &Path) -> impl Fn(&str) -> String + use<> {
    let root = cli.ancestors().nth(2).filter(|root| root.join("crates/cli/Cargo.toml").exists());
    let root = root.map(Path::to_path_buf);
    move |folder| match &root {
        Some(root) => match commit(root) {
            Some((url, rev)) => format!("{{ git = {url:?}, rev = {rev:?} }}"),
            None => {
                format!("{{ path = {:?} }}", root.join(folder).display().to_string().trim_end_matches('/'))
            }
        },
        None => format!("{:?}", env!("CARGO_PKG_VERSION")),
    }
}

/// The address and the commit, if cargo checked the repository out itself, to `git/checkouts/NAME/REV`. What it fetched it
/// noted in `git/db/NAME/FETCH_HEAD`, the address last.
fn commit(root: &Path) -> Option<(String, String)> {
    let (rev, repository) = (root.file_name()?, root.parent()?);
    let (name, checkouts) = (repository.file_name()?, repository.parent()?);
    if !checkouts.ends_with("git/checkouts") {
        return None;
    }
    let fetched = fs::read_to_string(checkouts.with_file_name("db").join(name).join("FETCH_HEAD")).ok()?;
    let url = fetched.lines().next()?.split_whitespace().last()?;
    Some((url.to_owned(), rev.to_str()?.to_owned()))
}

/// The versions of all crates that a program from a folder was built with.
pub fn lock() -> Option<String> {
    let root = Path::new(HERE).ancestors().nth(2)?;
    fs::read_to_string(root.join("Cargo.lock")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_depends_on_the_folder_the_commit_or_the_version_that_the_program_was_built_from() {
        let home = tempfile::tempdir().expect("a folder");
        let put = |path: &str, text: &str| {
            let path = home.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("room");
            fs::write(path, text).expect("room");
        };
        put("src/crates/cli/Cargo.toml", "");
        let on = from(&home.path().join("src/crates/cli"));
        assert_eq!(on(""), format!("{{ path = {:?} }}", home.path().join("src")));
        assert_eq!(on("crates/cli"), format!("{{ path = {:?} }}", home.path().join("src/crates/cli")));

        put("git/checkouts/gradbook-437f/c0d987a/crates/cli/Cargo.toml", "");
        put("git/db/gradbook-437f/FETCH_HEAD", "c0d987a75be77e\t\t'main' of https://example.org/gradbook\n");
        let on = from(&home.path().join("git/checkouts/gradbook-437f/c0d987a/crates/cli"));
        assert_eq!(on("crates/cli"), "{ git = \"https://example.org/gradbook\", rev = \"c0d987a\" }");

        put("registry/src/index-1949/gradbook-cli-0.1.0/Cargo.toml", "");
        let on = from(&home.path().join("registry/src/index-1949/gradbook-cli-0.1.0"));
        assert_eq!(on(""), format!("{:?}", env!("CARGO_PKG_VERSION")));
    }
}
