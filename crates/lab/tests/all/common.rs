//! A corpus and a model small enough for a test.

use gradbook_audio::{Corpus, CorpusConfig, Source, Synthetic};
use gradbook_lab::Recipe;

/// Twenty synthetic clips.
pub fn corpus() -> Corpus {
    let source = Source::Synthetic(Synthetic { clips: 20, seed: 3 });
    Corpus::load(&CorpusConfig { source, ..CorpusConfig::default() }, &|_, _| {}).expect("made by rule")
}

/// A tiny model for 30 steps, with everything that happens in training: warm-up, seeding, growth, respawn, averaging, a
/// schedule, a frozen encoder. Its stride is 2.
pub fn recipe() -> Recipe {
    let text = r#"
        name = "tiny"
        data = { source = { synthetic = { clips = 20, seed = 3 } } }
        model.encoder = [
            { layer = "conv", channels = 12, stride = 2 },
            { layer = "relu" },
            { layer = "conv", channels = 6, taps = 1 },
        ]
        model.decoder = [{ layer = "upsample", channels = 12, factor = 2 }, { layer = "relu" }]

        [quantizer]
        kind = "codebook"
        codes = 8
        learning = { by = "ema", decay = 0.9 }
        commitment = 0.25
        respawn = { every = 3, below = { of_mean = 0.3 }, grace = 1 }

        [train]
        steps = 30
        batch = 4
        crop = 16
        warmup = 4
        seeding = { latents = 64, again = [9] }
        grow = [{ step = 12, codes = 16 }, { step = 19, codes = 24 }]
        average = 0.9
        freeze_encoder = 26
        evaluate_every = 7

        [train.optimizer]
        rate = 1e-3
        method = { kind = "adam" }
        schedule = { kind = "cosine", min = 0.1, steps = 30 }
    "#;
    Recipe::parse(text).expect("a recipe")
}

/// A recipe with a model so narrow that a step takes no time. What it is about, its quantizer and its events, stays.
pub fn small(name: &str) -> Recipe {
    let narrow = |text: &str| {
        text.replace("channels = 256", "channels = 16").replace("channels = 128", "channels = 16")
    };
    let mut recipe =
        Recipe::parse(&narrow(&Recipe::built_in(name).expect("built in").to_toml())).expect(name);
    (recipe.train.batch, recipe.train.crop) = (2, 16);
    recipe.train.raise.iter_mut().for_each(|raise| raise.dim = raise.dim.min(16));
    if let Some(seeding) = &mut recipe.train.seeding {
        seeding.latents = 200;
    }
    recipe.with_steps(8)
}

/// A recipe with some settings.
pub fn set(recipe: &Recipe, settings: &[&str]) -> Recipe {
    settings.iter().fold(recipe.clone(), |recipe, setting| recipe.set(setting).expect(setting))
}

/// The tiny recipe with some settings and a name.
pub fn named(name: &str, settings: &[&str]) -> Recipe {
    Recipe { name: name.into(), ..set(&recipe(), settings) }
}
