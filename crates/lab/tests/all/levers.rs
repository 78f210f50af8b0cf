//! What happens at a step of a run happens as the recipe says.

use crate::common;
use gradbook_lab::{Recipe, Training};

/// The numbers of the parameters (and buffers) whose name begins like this.
fn numbers(training: &Training<'_>, prefix: &str) -> Vec<f32> {
    let entries = training.store.iter().filter(|(_, entry)| entry.name.starts_with(prefix));
    entries.flat_map(|(_, entry)| entry.value.as_slice().to_vec()).collect()
}

fn trained<'c>(recipe: &Recipe, corpus: &'c gradbook_audio::Corpus, steps: u64) -> Training<'c> {
    let mut training = Training::new(recipe.clone(), corpus).expect("a recipe that works");
    (0..steps).for_each(|_| assert!(training.advance().expect("a step").is_finite()));
    training
}

#[test]
fn frozen_codes_stand_still_while_the_decoder_learns_on() {
    for learning in ["{ by = \"ema\" }", "{ by = \"loss\" }"] {
        let corpus = common::corpus();
        let recipe = common::recipe().set("train.freeze_codes=22").expect("a key");
        let recipe = recipe.set(&format!("quantizer.learning={learning}")).expect("a key");
        let mut training = trained(&recipe, &corpus, 22);
        let [codes, decoder] = ["quantizer.", "decoder."].map(|part| numbers(&training, part));
        training.advance().expect("a step");
        assert!(numbers(&training, "quantizer.") == codes, "{learning}: the codes moved");
        assert!(numbers(&training, "decoder.") != decoder, "{learning}: the decoder did not move");
    }
}

#[test]
fn a_frozen_encoder_stands_at_its_moving_average() {
    let corpus = common::corpus();
    let recipe = common::recipe();
    let mut training = trained(&recipe, &corpus, 26);
    let average = training.averaged(|training| numbers(training, "encoder."));
    assert!(average != numbers(&training, "encoder."));
    training.advance().expect("a step");
    assert!(numbers(&training, "encoder.") == average);
}

#[test]
fn codes_seeded_from_windows_over_the_clips_differ_from_those_of_random_crops() {
    let corpus = common::corpus();
    let crops = common::recipe();
    let windows = crops.set("train.seeding.windows=true").expect("a key");
    let codes = |recipe| numbers(&trained(recipe, &corpus, 5), "quantizer.codes");
    assert!(codes(&windows) == codes(&windows));
    assert!(codes(&windows) != codes(&crops));
}

#[test]
fn a_stretched_run_freezes_at_the_same_share_of_its_steps() {
    let recipe = common::recipe().set("train.freeze_codes=24").expect("a key");
    let half = recipe.stretched(15).train;
    assert_eq!((half.freeze_encoder, half.freeze_codes), (Some(13), Some(12)));
}

#[test]
fn the_average_of_a_stretched_run_reaches_back_over_the_same_share_of_it() {
    let recipe = common::recipe().set("train.average=0.9").expect("a key");
    let twice = recipe.stretched(2 * recipe.train.steps).train.average.expect("it is kept");
    assert!((twice.powi(2) - 0.9).abs() < 1e-12, "{twice}");
}

#[test]
fn a_stretched_run_moves_the_times_of_quantizers_within_quantizers() {
    let text = r#"
        [quantizer]
        kind = "residual"
        levels = 2
        [quantizer.quantizer]
        kind = "codebook"
        codes = 8
        commitment = { value = 1.0, schedule = { kind = "linear", steps = 1000 } }
        respawn = { every = 20, below = { hits = 1.0 }, until = 3000 }
    "#;
    let half = Recipe::parse(text).expect("a recipe").stretched(2000).to_toml();
    assert!(
        half.contains("steps = 500") && half.contains("until = 1500") && half.contains("every = 20"),
        "{half}"
    );
}
