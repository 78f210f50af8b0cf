//! The name of a new crate, which is the name of its kind, of its type and of its library at once.

use gradbook_lab::Registry;

use super::{File, What};

/// Words of the language, crates that every crate has or uses, and folders that cargo builds into.
const TAKEN: &str = "abstract alloc as async await become box break build const continue core crate deps do dyn else enum \
    examples extern false final fn for gen gradbook gradbook_cli if impl in incremental let loop macro match mod move mut \
    newkind override priv proc_macro pub ref return self serde static std struct super test trait true try type typeof \
    union unsafe unsized use virtual where while yield";

/// Refuses a name that the crate, its type or a recipe could not have.
pub fn check(name: &str, what: What, files: &[File], registry: &Registry) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(legal) {
        let like = name.to_lowercase().replace(|c: char| !legal(c), "_");
        let like = like.trim_start_matches("my_").trim_matches('_');
        return Err(format!(
            "`{name}` cannot be the name: it is lower-case letters, digits and `_`, a letter first\n  as in `my_{}`; \
             --out names the folder",
            if like.is_empty() { "own" } else { like }
        ));
    }
    let ops = gradbook_autograd::ops::ALL.iter().chain(registry.ops());
    let known = match what {
        What::Quantizer => registry.quantizers().kinds().any(|kind| kind.name == name),
        What::Op => ops.into_iter().any(|op| op.name == name) || registry.blocks().any(|block| block == name),
    };
    // Its type must be no other that its code speaks of.
    let types = [camel(name), format!("{}Config", camel(name))];
    let code = files.iter().filter(|(path, _)| path.ends_with(".rs"));
    let mut words = code.flat_map(|(_, text)| text.split(|c: char| !c.is_alphanumeric()));
    if known
        || TAKEN.split(' ').any(|word| word == name)
        || registry.built_in(name).is_ok() // its recipe would be called as this one
        || words.any(|word| types.iter().any(|own| own == word))
    {
        return Err(format!("`{name}` has a meaning already\n  choose another name, as `my_{name}`"));
    }
    Ok(())
}

/// A template with this name.
pub fn put(name: &str, text: &str) -> String {
    text.replace("newkind", name).replace("Newkind", &camel(name)).replace("NEWKIND", &name.to_uppercase())
}

/// `my_vq` as a type, `MyVq`.
fn camel(name: &str) -> String {
    let upper = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('_').filter(|word| !word.is_empty()).map(upper).collect()
}
