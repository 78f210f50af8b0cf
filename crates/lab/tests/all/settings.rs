//! Every kind of value at every key of every recipe and of every type: a sentence or a run, never a panic.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use gradbook_audio::Corpus;
use gradbook_lab::{BUILT_IN, Error, Recipe, Training};
use rayon::prelude::*;

use crate::{
    common::{self, small},
    everything::{EVERYTHING, VALUES},
};

fn recipes() -> Vec<Recipe> {
    let clips = "data.source={ synthetic = { clips = 4, seed = 3 } }";
    let with = |recipe: Recipe, settings: &[&str]| {
        let set =
            |recipe: Recipe, setting: &&str| recipe.set(setting).unwrap_or_else(|error| panic!("{error}"));
        settings.iter().fold(recipe, set).set(clips).expect("four clips")
    };
    let built_in = BUILT_IN.iter().map(|(name, _)| with(small(name), &[]));
    built_in.chain(EVERYTHING.iter().map(|settings| with(common::recipe(), settings))).collect()
}

/// Every key of a recipe, those of tables and lists too.
fn keys(recipe: &Recipe) -> BTreeSet<String> {
    let values = recipe.values();
    let whole = values.keys().flat_map(|key| {
        let dots = key.match_indices('.').map(|(at, _)| key[..at].to_owned());
        dots.chain([key.clone()]).collect::<Vec<_>>()
    });
    whole.collect()
}

/// What comes of a recipe: a sentence, or a step and an evaluation.
fn tried(recipe: Result<Recipe, Error>, corpus: &Corpus, anew: bool) -> Result<(), String> {
    let run = || -> Result<(), Error> {
        let recipe = recipe?;
        let own = if anew { Some(Corpus::load(&recipe.data, &|_, _| {})?) } else { None };
        let mut training = Training::new(recipe, own.as_ref().unwrap_or(corpus))?;
        training.advance()?;
        training.evaluate();
        Ok(())
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) if error.to_string().len() > 10 => Ok(()),
        Ok(Err(error)) => Err(format!("it says no more than `{error}`")),
        Err(_) => Err("it panics".to_owned()),
    }
}

#[test]
fn every_kind_of_value_at_every_key_is_a_sentence_or_a_run() {
    let corpus = common::corpus();
    let mut known = BTreeSet::new();
    let mut cases = Vec::new();
    for recipe in recipes() {
        let kinds: Vec<String> =
            recipe.values().into_iter().filter(|(key, _)| key.ends_with("kind")).map(|kind| kind.1).collect();
        for key in keys(&recipe) {
            // The same key of the same kinds of things is tried once.
            if known.insert((key.clone(), if key.starts_with("data") { Vec::new() } else { kinds.clone() })) {
                cases.extend(VALUES.iter().map(|value| (recipe.clone(), key.clone(), *value)));
            }
        }
    }
    assert!(cases.len() > 10_000, "{}", cases.len());
    let wrong = cases.par_iter().filter_map(|(recipe, key, value)| {
        let set =
            catch_unwind(AssertUnwindSafe(|| recipe.set(&format!("{key}={value}")).map_err(Error::from)));
        let tried = set
            .map_err(|_| "setting it panics".to_owned())
            .and_then(|r| tried(r, &corpus, key.starts_with("data")));
        tried.err().map(|what| format!("{key}={value} on {}: {what}", recipe.name))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(
        wrong.is_empty(),
        "{} cases, among them\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
}

#[test]
fn what_cannot_work_is_named_with_its_rule() {
    let recipe = common::recipe();
    let refused = |setting: &str| recipe.set(setting).expect_err(setting).to_string();
    for (setting, said) in [
        ("train.average=1.5", "train.average = 1.5: 0 ≤ x < 1"),
        ("train.seeding.latents=0", "train.seeding.latents = 0: 1 to 16777216"),
        ("train.batch=0", "train.batch = 0: 1 to 65536"),
        ("train.shards=0", "train.shards = 0: 1 to 1024"),
        ("train.steps=0", "train.steps = 0: 1 to 10¹⁵ steps"),
        ("train.patience=0", "train.patience = 0: 1 to 10¹⁵ steps"),
        ("train.optimizer.rate=-1", "train.optimizer.rate = -1.0: a finite number, 0 or more"),
        ("train.optimizer.method.eps=-1", "train.optimizer.method.eps = -1.0: a finite number above 0"),
        ("quantizer.commitment=-1", "quantizer.commitment = -1.0: a finite number, 0 or more"),
        ("quantizer.codes=4000000000", "quantizer.codes = 4000000000: 1 to 2147483648"),
        ("quantizer.codes=2000000000", "too much memory: about 240 GB for the quantizer, at most 16 GB"),
        ("train.grow=[{ step = 1, codes = 0 }]", "train.grow.0.codes = 0: 1 to 2147483648"),
        ("train.raise=[{ step = 1, dim = 0 }]", "train.raise.0.dim = 0: 1 to 65536"),
        ("model.encoder.0.stride=0", "model.encoder.0.stride = 0: 1 to 4096"),
        ("model.encoder.0.taps=0", "model.encoder.0.taps = 0: 1 to 16384"),
        ("model.encoder.0.channels=0", "model.encoder.0.channels = 0: 1 to 65536"),
        (
            "model.encoder.0.dilation=16384",
            "model.encoder.0.dilation = 16384: (taps − 1)·dilation is at most 16384",
        ),
        (
            "model.encoder=[{ layer = \"upsample\", channels = 4, factor = 2 }]",
            "an encoder shortens sequences, by a `conv` with a stride",
        ),
        (
            "model.decoder=[{ layer = \"conv\", channels = 4, stride = 2 }]",
            "a decoder lengthens sequences, by `upsample`",
        ),
        ("data.mel.floor=0", "data.mel.floor = 0: positive and finite"),
        (
            "data.mel.win_length=70000",
            "data.mel.win_length = 70000: hop to n_fft samples, or 0 for all of n_fft",
        ),
        ("data.mel.compression={ pcen = { gain = 2 } }", "data.mel.compression.pcen.gain = 2: 0 to 1"),
        ("data.split_seconds=0", "data.split_seconds = 0: above 0, and at most 86,400 seconds"),
        (
            "data.band_standardization={ mean = [1.0], deviation = [1.0] }",
            "data.band_standardization.mean = 1 numbers: 80 numbers, one for each band of mel.mels",
        ),
        ("train.augment=[{ gain = { db = 0 } }]", "train.augment.0.gain.db = 0.0: above 0, and at most 100"),
        (
            "train.augment=[{ noise = { deviation = 1 } }, { mix = { share = 2, db = [0, 1] } }]",
            "train.augment.1.mix.share = 2.0: 0 ≤ x ≤ 1",
        ),
        ("data.test={ every_nth = 0 }", "data.test.every_nth = 0"),
        (
            "data.source={ synthetic = { clips = 4000000000 } }",
            "data.source.synthetic.clips = 4000000000: 3 to 1,000,000",
        ),
        ("name=\"../x\"", "name = \"../x\": the name of a folder"),
    ] {
        assert!(refused(setting).contains(said), "{setting}: {}", refused(setting));
    }
    let long = recipe.set("train.crop=65536").expect("one long crop fits");
    let error = long.set("train.batch=65536").expect_err("many do not").to_string();
    assert!(error.contains("for the activations of a step, at most 16 GB"), "{error}");
    assert_eq!(recipe.set("train.seed=18446744073709551615").expect("a seed").train.seed, u64::MAX);
    let last = recipe.set("train.seed=18446744073709551615").expect("a seed");
    assert_eq!(last.set("train.batch=3").expect("a batch").train.seed, u64::MAX);
    let text = last.to_toml();
    assert_eq!(Recipe::parse(&text).expect("what was written"), last);
}

#[test]
fn codes_that_would_grow_beyond_memory_are_refused_before_the_first_step() {
    let corpus = common::corpus();
    let recipe = common::recipe().set("train.grow=[{ step = 12, codes = 2000000000 }]").expect("a growth");
    let error = Training::new(recipe, &corpus).err().expect("48 GB of codes and their moments").to_string();
    assert!(error.contains("for the codes that train.grow and train.raise make, at most 16 GB"), "{error}");
}

#[test]
fn words_where_tables_are_wanted_say_what_to_write() {
    let said = |setting: &str| common::recipe().set(setting).expect_err(setting).to_string();
    assert_eq!(said("codes=1024"), "there is no key `codes`; did you mean `quantizer.codes`?");
    assert_eq!(
        said("quantizer.learning=loss"),
        "`quantizer.learning=loss`: a table is wanted: quantizer.learning={ by = \"loss\" }, with its settings behind it"
    );
    assert_eq!(
        said("train.optimizer.method=adam"),
        "`train.optimizer.method=adam`: a table is wanted: train.optimizer.method={ kind = \"adam\" }, with its settings \
         behind it"
    );
    assert_eq!(
        said("data.storage=disk"),
        "`data.storage=disk`: `disk` needs more than its name: data.storage={ disk = … }, with its value or settings"
    );
    assert!(
        said("train.crops=windows").contains("train.crops={ windows = … }"),
        "{}",
        said("train.crops=windows")
    );
    assert!(said("model.encoder.9.channels=3").contains("there is no place `9`"));
    let parsed = Recipe::parse("[quantizer]\nkind = \"codebook\"\ncodes = 8\nlearning = \"loss\"")
        .expect_err("a word");
    assert!(parsed.to_string().contains("KEY = { by = \"loss\" }"), "{parsed}");
    assert_eq!(Recipe::parse("\u{feff}[train]\nsteps = 3").expect("a byte-order mark").train.steps, 3);
    let row = Recipe::built_in("frames-kmeans").expect_err("a row").to_string();
    assert!(row.contains("the row of k-means") && row.contains("`compare` adds"), "{row}");
    assert_eq!(
        common::recipe().set("model.encoder.0.channels=7").expect("a list has places").values()["model.encoder.0.channels"],
        "7"
    );
}
