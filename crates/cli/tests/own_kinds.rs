//! A program with a kind of its own, as its users meet it: what it says of names that cannot be, of options that do not fit,
//! and what another program says of its runs. Started with `KINDS` it is that program, else the test of it.

use std::{
    env, fs,
    path::Path,
    process::{Command, ExitCode},
};

use gradbook::{
    autograd::Real,
    lab::{Registry, blocks::Relu},
    nn::{ConfigError, Scope},
    vq::{KindConfig, KindError, Quantizer, QuantizerConfig, kinds::FsqConfig},
};
use hound::{SampleFormat, WavSpec, WavWriter};
use serde::{Deserialize, Serialize};

/// Each channel has so many values.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Even<const NAME: usize> {
    values: u64,
}

/// The first is a name of its own, no recipe can say the second, the third is taken.
const NAMES: [&str; 3] = ["even", "Even-Values", "fsq"];

impl<const NAME: usize> KindConfig for Even<NAME> {
    const NAME: &'static str = NAMES[NAME];
    const PAPER: &'static str = "unpublished";
    const SUMMARY: &'static str = "as many values for each channel";

    fn build<T: Real>(
        &self,
        dim: usize,
        scope: &mut Scope<'_, T>,
    ) -> Result<Box<dyn Quantizer<T>>, ConfigError> {
        FsqConfig { levels: vec![self.values; dim], symmetric: false }.build(dim, scope)
    }

    fn probes(_: &[QuantizerConfig]) -> Vec<Self> {
        vec![Self { values: 3 }]
    }
}

fn main() -> Result<ExitCode, KindError> {
    let registry = Registry::default();
    Ok(gradbook_cli::main_with(match env::var("KINDS").as_deref() {
        Ok("own") => registry.quantizer::<Even<0>>()?,
        Ok("a name that no recipe can say") => registry.quantizer::<Even<1>>()?,
        Ok("a name that is taken") => registry.quantizer::<Even<2>>()?,
        Ok("a block that is taken") => registry.block::<Relu>()?,
        _ => {
            test();
            return Ok(ExitCode::SUCCESS);
        }
    }))
}

/// Runs this program with some kinds, or with none the one with the built-in kinds, and checks how it ends and what it says.
#[track_caller]
fn expect(at: &Path, kinds: Option<&str>, arguments: &[&str], code: i32, says: &[&str]) {
    let program = match kinds {
        Some(_) => env::current_exe().expect("this program"),
        None => env!("CARGO_BIN_EXE_gradbook").into(),
    };
    let mut command = Command::new(program);
    command.current_dir(at).args(arguments).env("KINDS", kinds.unwrap_or_default());
    let output = command.output().expect("the program runs");
    let said =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{said}");
    for word in says {
        assert!(said.contains(word), "`{word}` is missing in what {arguments:?} says:\n{said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

const RECIPE: &str = r#"
[model]
encoder = [{ layer = "conv", channels = 6 }]
decoder = [{ layer = "conv", channels = 6 }]

[quantizer]
kind = "residual"
levels = 2
quantizer = { kind = "even", values = 3 }

[train]
steps = 4
batch = 2
crop = 8
evaluate_every = 2

[data]
source = { synthetic = { clips = 12, seed = 0 } }
"#;

fn test() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();

    for (kinds, says) in [
        (
            "a name that no recipe can say",
            [
                "`Even-Values` cannot be the name of a quantizer: a name is lower-case letters",
                "change its NAME",
            ],
        ),
        ("a name that is taken", ["there is a quantizer `fsq` already", "give the new one another NAME"]),
        ("a block that is taken", ["there is a block `relu` already", "give the new one another NAME"]),
    ] {
        expect(at, Some(kinds), &["recipes"], 1, &says);
    }

    let own = Some("own");
    fs::write(at.join("even.toml"), RECIPE).expect("room");
    expect(at, own, &["quantizers"], 0, &["even", "as many values for each channel"]);
    for (inner, says) in [
        ("kind = \"even\", value = 3", ["line 9", "unknown field `value`, expected `values`"]),
        ("kind = \"even\", values = \"3\"", ["line 9", "invalid type: string \"3\", expected u64"]),
        ("kind = \"even\"", ["line 9", "missing field `values`"]),
        ("kind = \"evn\", values = 3", ["line 9", "did you mean `even`?"]),
        ("values = 3", ["line 9", "missing field `kind`: the name of a quantizer, one of `codebook`, "]),
        ("kind = \"fsq\", levels = [1]", ["levels", "at least two"]),
    ] {
        let wrong = RECIPE.replace("kind = \"even\", values = 3", inner);
        fs::write(at.join("wrong.toml"), wrong).expect("room");
        expect(at, own, &["train", "wrong.toml"], 1, &says);
    }
    let set = ["train", "even.toml", "--set", "quantizer.quantizer.value=3"];
    expect(at, own, &set, 2, &["unknown field `value`", "did you mean `values`?"]);

    expect(at, own, &["train", "even.toml", "--out", "run", "-q"], 0, &[]);
    expect(at, own, &["inspect", "run"], 0, &["even at step 4"]);
    let spec =
        WavSpec { channels: 1, sample_rate: 8_000, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let mut wav = WavWriter::create(at.join("a.wav"), spec).expect("a file");
    (0..8_000i16).for_each(|i| wav.write_sample(i % 40 * 200).expect("room"));
    wav.finalize().expect("room");
    expect(at, own, &["encode", "run", "a.wav", "--out", "tokens.json"], 0, &[]);
    expect(at, own, &["decode", "run", "tokens.json", "--out", "decoded"], 0, &[]);
    let lacks = ["this program knows no quantizer `even`, only `codebook`, ", "the program of that crate"];
    for arguments in [
        &["train", "even.toml"][..],
        &["train", "even.toml", "--out", "run", "--resume"],
        &["inspect", "run"],
        &["encode", "run", "a.wav", "--out", "other.json"],
        &["decode", "run", "tokens.json", "--out", "other"],
        &["compare", "ema", "even.toml"],
    ] {
        expect(at, None, arguments, 1, &lacks);
    }
}
