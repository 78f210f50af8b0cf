//! `gradbook new`: what it writes, and what it refuses. That it works is seen by `.ci/new`, which builds it.

use std::fs;

use crate::common::expect;

#[test]
fn a_new_crate_has_its_name_everywhere_and_depends_on_what_the_program_was_built_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    expect(at, &["new", "quantizer", "my_vq"], 0, &["cargo test", "compare ema fsq my_vq.toml"]);
    expect(at, &["new", "op", "bend", "--out", "ops/bend", "-q"], 0, &[]);
    let read = |path: &str| fs::read_to_string(at.join(path)).expect(path);
    for name in ["my_vq", "ops/bend"] {
        for file in ["Cargo.toml", "README.md", "src/lib.rs", "src/main.rs", ".gitignore", "Cargo.lock"] {
            let text = read(&format!("{name}/{file}")).to_lowercase();
            assert!(!text.contains("newkind") && !text.contains("{dependencies}"), "{name}/{file}");
        }
        let manifest = read(&format!("{name}/Cargo.toml"));
        assert!(
            manifest.contains("gradbook-cli = { path = ") && manifest.ends_with("[workspace]\n"),
            "{manifest}"
        );
    }
    assert!(read("my_vq/src/main.rs").contains("quantizer::<MyVqConfig>()"));
    assert!(read("my_vq/my_vq.toml").contains("kind = \"my_vq\""));
    assert!(read("ops/bend/src/lib.rs").contains("pub static BEND: Op"));
    assert!(read("ops/bend/bend.toml").contains("layer = \"bend\""));
}

#[test]
fn a_name_that_cannot_be_or_is_taken_is_answered_with_one_that_can_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    for (name, said) in [
        (
            "My-VQ",
            "`My-VQ` cannot be the name: it is lower-case letters, digits and `_`, a letter first\n  as in `my_vq`",
        ),
        ("3d", "as in `my_3d`"),
        ("../x", "as in `my_x`; --out names the folder"),
        ("a/b", "as in `my_a_b`"),
        ("ü", "as in `my_own`"),
        ("", "as in `my_own`"),
        ("fsq", "`fsq` has a meaning already\n  choose another name, as `my_fsq`"), // a kind
        ("ema", "`ema` has a meaning already"),                                     // a recipe
        ("match", "`match` has a meaning already"),                                 // a word of the language
        ("serde", "`serde` has a meaning already"),                                 // a crate that it uses
        ("deps", "`deps` has a meaning already"), // a folder that cargo builds into
        ("vec", "`vec` has a meaning already"),   // `Vec` would be another type
        ("quantizer", "`quantizer` has a meaning already"),
    ] {
        expect(at, &["new", "quantizer", name], 1, &[said]);
    }
    for name in ["tanh", "conv", "fn"] {
        expect(at, &["new", "op", name], 1, &[&format!("`{name}` has a meaning already")]);
    }
    expect(at, &["new", "layer", "x"], 2, &["possible values: quantizer, op"]);
    assert!(fs::read_dir(at).expect("a folder").next().is_none());

    fs::write(at.join("here"), "mine").expect("room");
    expect(at, &["new", "quantizer", "here"], 1, &["here is there already\n  --out names another folder"]);
    expect(at, &["new", "op", "fold", "--out", "here/fold"], 1, &["cannot create the folder here/fold"]);
    let left: Vec<_> =
        fs::read_dir(at).expect("a folder").map(|entry| entry.expect("a file").file_name()).collect();
    assert_eq!(
        (left, fs::read_to_string(at.join("here")).expect("a file")),
        (vec!["here".into()], "mine".into())
    );
}
