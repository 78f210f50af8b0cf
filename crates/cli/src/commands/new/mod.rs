//! `gradbook new`: a crate to start from, with a quantizer or an op that works and the program that knows it.

mod name;
mod origin;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use gradbook_lab::Registry;

use super::Outcome;
use crate::Loudness;

#[derive(Args)]
#[command(after_help = "Examples:
  gradbook new quantizer my_vq    a crate in the folder my_vq
  gradbook new op my_op --out crates/my_op")]
pub struct New {
    /// What it defines.
    what: What,
    /// What recipes call it, in lower-case letters, digits and `_`; also the name of the crate.
    name: String,
    /// Its folder; the name if left out.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum What {
    /// A kind of quantizer, its contract test, a recipe.
    Quantizer,
    /// An op, its gradient check, a block that applies it, a recipe.
    Op,
}

/// A file of a crate: where it goes, and what it says with `newkind` for the name.
type File = (&'static str, &'static str);

macro_rules! template {
    ($folder:literal, $test:literal) => {
        &[
            ("Cargo.toml", include_str!("../../../templates/Cargo.toml.in")),
            ("README.md", include_str!(concat!("../../../templates/", $folder, "/README.md.in"))),
            ("newkind.toml", include_str!(concat!("../../../templates/", $folder, "/recipe.toml.in"))),
            ("src/lib.rs", include_str!(concat!("../../../templates/", $folder, "/src/lib.rs"))),
            ("src/main.rs", include_str!(concat!("../../../templates/", $folder, "/src/main.rs"))),
            ($test, include_str!(concat!("../../../templates/", $folder, "/", $test))),
            (".gitignore", "/target\n/runs\n"),
        ]
    };
}

const QUANTIZER: &[File] = template!("quantizer", "tests/contract.rs");
const OP: &[File] = template!("op", "tests/gradient.rs");

impl New {
    pub fn run(&self, loudness: &Loudness, registry: &Registry) -> Outcome {
        let files = match self.what {
            What::Quantizer => QUANTIZER,
            What::Op => OP,
        };
        name::check(&self.name, self.what, files, registry)?;
        let folder = self.out.clone().unwrap_or_else(|| PathBuf::from(&self.name));
        let shown = folder.display();
        if folder.symlink_metadata().is_ok() {
            return Err(format!("{shown} is there already\n  --out names another folder").into());
        }
        // Beside its place first: it appears whole or not at all.
        let partial = folder.with_file_name(format!(".{}.partial", self.name));
        self.write(files, &partial).and_then(|()| fs::rename(&partial, &folder)).map_err(|error| {
            _ = fs::remove_dir_all(&partial); // the first error is the one to report
            format!("cannot create the folder {shown}: {error}")
        })?;
        if !loudness.quiet {
            let name = &self.name;
            let recipes = if self.what == What::Quantizer { "ema fsq" } else { "ema" };
            println!(
                "{shown} is a crate that works; its README.md says how to prove, compare and change it:"
            );
            println!("  cd {shown}\n  cargo test\n  cargo run -- compare {recipes} {name}.toml --steps 200");
        }
        Ok(ExitCode::SUCCESS)
    }

    fn write(&self, files: &[File], folder: &Path) -> std::io::Result<()> {
        for (path, text) in files {
            let path = folder.join(name::put(&self.name, path));
            fs::create_dir_all(path.parent().unwrap_or(folder))?;
            let text = text.replace("{dependencies}", &origin::dependencies());
            fs::write(path, name::put(&self.name, &text))?;
        }
        // The versions that this program was built with are there without a network.
        origin::lock().map_or(Ok(()), |lock| fs::write(folder.join("Cargo.lock"), lock))
    }
}
