//! What happens at a step of a run happens as the recipe says.

use crate::common;
use gradbook_lab::{Recipe, Training};
use gradbook_nn::{State, Value};

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
    let half = recipe.with_steps(15).train;
    assert_eq!((half.freeze_encoder, half.freeze_codes), (Some(13), Some(12)));
}

#[test]
fn the_average_of_a_stretched_run_reaches_back_over_the_same_share_of_it() {
    let recipe = common::recipe().set("train.average=0.9").expect("a key");
    let twice = recipe.with_steps(2 * recipe.train.steps).train.average.expect("it is kept");
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
    let half = Recipe::parse(text).expect("a recipe").with_steps(2000).to_toml();
    assert!(
        half.contains("steps = 500") && half.contains("until = 1500") && half.contains("every = 20"),
        "{half}"
    );
}

/// The recipe with codes that learn by gradient, so that they are averaged.
fn averaged_codes() -> Recipe {
    common::recipe().set("quantizer.learning={ by = \"loss\" }").expect("a key")
}

/// For how many steps the optimizer has had moments of each code.
fn moments(training: &Training<'_>) -> Vec<u64> {
    let found = training.optimizer.state().into_iter().find(|(name, _)| name == "age/quantizer.codes");
    let Some((_, Value::Counts(ages))) = found else { panic!("codes that learn by gradient have moments") };
    ages
}

#[test]
fn moments_begin_anew_with_codes_that_are_seeded_or_new() {
    let corpus = common::corpus();
    let recipe = averaged_codes().set("quantizer.respawn.until=0").expect("a key");
    let mut training = trained(&recipe, &corpus, 9);
    assert_eq!(moments(&training), [5; 8], "since the end of the warm-up at step 4");
    training.advance().expect("the step that seeds again");
    assert_eq!(moments(&training), [1; 8]);
    (10..13).for_each(|_| _ = training.advance().expect("a step"));
    assert_eq!(moments(&training), [[4; 8], [1; 8]].concat(), "the codebook grew at step 12");
}

#[test]
fn averaged_codes_begin_anew_with_codes_that_were_respawned() {
    let corpus = common::corpus();
    let mut training = trained(&averaged_codes(), &corpus, 10);
    let mut fresh = 0;
    for _ in 10..24 {
        training.advance().expect("a step");
        let ages = numbers(&training, "quantizer.age");
        let codes = numbers(&training, "quantizer.codes");
        let averages = training.averaged(|training| numbers(training, "quantizer.codes"));
        // Every third step looks; a code of age 0 came back in the last look.
        for (k, _) in
            ages.iter().enumerate().filter(|(_, age)| training.step.is_multiple_of(3) && **age == 0.0)
        {
            assert_eq!(codes[k * 6..][..6], averages[k * 6..][..6], "code {k} at step {}", training.step);
            assert_eq!(moments(&training)[k], 0, "the moments of code {k} are as new");
            fresh += 1;
        }
    }
    assert!(fresh > 0, "no code was respawned");
}

#[test]
fn averaged_codes_are_seeded_with_the_codes() {
    let corpus = common::corpus();
    let mut training = trained(&averaged_codes(), &corpus, 9);
    let before = numbers(&training, "quantizer.codes");
    training.advance().expect("the step that seeds again");
    let after = numbers(&training, "quantizer.codes");
    let averages = training.averaged(|training| numbers(training, "quantizer.codes"));
    let most = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(most(&before, &after) > 0.05, "seeding moved the codes");
    assert!(
        most(&averages, &after) < 2e-3,
        "the average is a step of the optimizer away: {}",
        most(&averages, &after)
    );
}

#[test]
fn a_codebook_with_an_average_may_grow_or_widen_at_the_step_that_freezes_the_encoder() {
    let corpus = common::corpus();
    let grown = averaged_codes().set("train.grow=[{ step = 26, codes = 20 }]").expect("a key");
    let wide = averaged_codes().set("train.grow=[]").expect("a key");
    let inner = "{ kind = \"codebook\", codes = 8, learning = { by = \"loss\" } }";
    let wide = wide.set(&format!("quantizer={{ kind = \"projected\", dim = 3, quantizer = {inner} }}"));
    let wide = wide.expect("a key").set("train.raise=[{ step = 26, dim = 5 }]").expect("a key");
    for (recipe, codes) in [(grown, 20 * 6), (wide, 8 * 5)] {
        let mut training = trained(&recipe, &corpus, 26);
        let before = training.averaged(|training| numbers(training, "quantizer.codes"));
        training.advance().expect("the step at which both are due");
        assert_eq!(numbers(&training, "quantizer.codes").len(), codes);
        let after = training.averaged(|training| numbers(training, "quantizer.codes"));
        assert_eq!(after.len(), codes, "the average has the new shape");
        assert!(before.len() < codes && training.evaluate().mse.is_finite());
        (27..30).for_each(|_| _ = training.advance().expect("a step"));
    }
}
