//! Each event of a run has a before and an after.

use gradbook_audio::Corpus;
use gradbook_autograd::{Graph, Tape, Tensor};
use gradbook_lab::{Evaluation, Recipe, Training, data};

use crate::common;

/// The tiny recipe with settings, without the events that are its own.
fn recipe(settings: &[&str]) -> Recipe {
    let bare =
        ["train.grow=[]", "train.warmup=0", "train.seeding={ latents = 64 }", "train.freeze_encoder=1000"];
    common::named("tiny", &[&bare[..], settings].concat())
}

/// Nothing but events changes the model: a rate of 0, and codes that learn nothing.
const STILL: [&str; 2] = ["train.optimizer.rate=0", "train.freeze_codes=0"];

fn start<'c>(settings: &[&str], corpus: &'c Corpus) -> Training<'c> {
    Training::new(recipe(settings), corpus).expect("a recipe that works")
}

fn go(training: &mut Training<'_>, steps: u64) {
    (0..steps).for_each(|_| assert!(training.advance().expect("a step").is_finite()));
}

fn entry(training: &Training<'_>, name: &str) -> Tensor<f32> {
    let mut entries = training.store.iter();
    entries
        .find(|(_, entry)| entry.name == name)
        .unwrap_or_else(|| panic!("there is no {name}"))
        .1
        .value
        .clone()
}

fn rows(x: &Tensor<f32>) -> Vec<Vec<f32>> {
    x.as_slice().chunks(x.shape()[1]).map(<[f32]>::to_vec).collect()
}

/// The latents of two of all training windows: those that end the halves of their list.
fn latents_of_two_windows(training: &Training<'_>) -> Vec<Vec<f32>> {
    let clips = &training.corpus.train;
    let all = data::places(clips, 16);
    let chosen = [all[all.len().div_ceil(2) - 1], all[all.len() - 1]];
    let tape = Tape::new();
    let x = tape.constant(data::crops(clips, &chosen, 16).expect("in memory"));
    let z = training.model.encode(&Graph::eval(&tape, &training.store), x).value();
    z.as_slice().chunks(training.model.latent()).map(<[f32]>::to_vec).collect()
}

/// From each row to the nearest of `others`, channel by channel.
fn moved(rows: &[Vec<f32>], others: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let difference =
        |a: &Vec<f32>, b: &Vec<f32>| -> Vec<f32> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
    let size = |d: &Vec<f32>| d.iter().map(|x| x * x).sum::<f32>();
    let nearest = |row: &Vec<f32>| {
        others
            .iter()
            .map(|other| difference(row, other))
            .min_by(|a, b| size(a).total_cmp(&size(b)))
            .expect("some")
    };
    rows.iter().map(nearest).collect()
}

#[test]
fn as_many_codes_as_latents_are_the_latents_of_training_windows() {
    let corpus = common::corpus();
    let seeding = ["quantizer.codes=16", "train.seeding={ latents = 16, windows = true }"];
    let mut training = start(&[&STILL[..], &seeding].concat(), &corpus);
    let latents = latents_of_two_windows(&training);
    assert_eq!(latents.len(), 16);
    go(&mut training, 1);
    let codes = rows(&entry(&training, "quantizer.codes"));
    for (a, b) in [(&codes, &latents), (&latents, &codes)] {
        let worst = moved(a, b).concat().into_iter().fold(0.0f32, |m, x| m.max(x.abs()));
        assert!(worst < 1e-6, "a code is {worst} from every latent, or a latent from every code");
    }
}

#[test]
fn codes_are_seeded_from_training_clips_alone() {
    let corpus = common::corpus();
    let codes = |corpus: &Corpus, seeding: &str| {
        let mut training = start(&[&STILL[..], &[seeding]].concat(), corpus);
        go(&mut training, 1);
        entry(&training, "quantizer.codes")
    };
    let (mut other_test, mut other_train) = (corpus.clone(), corpus.clone());
    other_test.test = corpus.train[3..6].to_vec();
    other_test.validation = corpus.train[6..8].to_vec();
    other_train.train.truncate(9);
    for seeding in ["train.seeding={ latents = 64 }", "train.seeding={ latents = 64, windows = true }"] {
        let seeded = codes(&corpus, seeding);
        assert!(
            seeded.as_slice() == codes(&other_test, seeding).as_slice(),
            "{seeding}: held-out clips had a say"
        );
        assert!(
            seeded.as_slice() != codes(&other_train, seeding).as_slice(),
            "{seeding}: training clips had none"
        );
    }
}

#[test]
fn the_first_step_after_seeding_again_is_that_of_a_fresh_optimizer() {
    let corpus = common::corpus();
    let mut training = start(
        &[
            "quantizer.codes=16",
            "quantizer.respawn={ every = 1000, below = { hits = 0.0 } }",
            "quantizer.learning={ by = \"loss\" }",
            "train.seeding={ latents = 16, windows = true, again = [6] }",
            "train.optimizer={ rate = 1e-3, method = { kind = \"adam\" } }",
        ],
        &corpus,
    );
    go(&mut training, 6);
    let latents = latents_of_two_windows(&training);
    go(&mut training, 1);
    let steps = moved(&rows(&entry(&training, "quantizer.codes")), &latents).concat();
    // Adam's first step is rate·g/(|g| + ε): the rate itself, up or down, wherever there is a gradient.
    let taken: Vec<f32> = steps.into_iter().map(f32::abs).filter(|x| *x > 1e-5).collect();
    let whole = taken.iter().filter(|x| (*x / 1e-3 - 1.0).abs() < 0.01).count();
    assert!(
        taken.len() > 20 && whole * 100 >= taken.len() * 97,
        "{whole} of {} steps are the rate",
        taken.len()
    );
}

#[test]
fn growth_copies_the_most_used_codes_and_leaves_the_old_ones() {
    let corpus = common::corpus();
    let mut training = start(
        &[
            "quantizer={ kind = \"codebook\", codes = 4, learning = { by = \"ema\", decay = 0.9 } }",
            "train.optimizer.rate=0",
            "train.freeze_codes=5",
            "train.grow=[{ step = 5, codes = 6, jitter = 0.0 }]",
        ],
        &corpus,
    );
    go(&mut training, 5);
    let (before, counts) =
        (rows(&entry(&training, "quantizer.codes")), entry(&training, "quantizer.ema.counts"));
    let mut order: Vec<usize> = (0..4).collect();
    order.sort_by(|&a, &b| counts.as_slice()[b].total_cmp(&counts.as_slice()[a]));
    assert!(counts.as_slice()[order[0]] > counts.as_slice()[order[1]], "{counts:?}");
    assert_eq!(before.len(), 4, "nothing grows before its step");
    go(&mut training, 1);
    let after = rows(&entry(&training, "quantizer.codes"));
    assert_eq!(after[..4], before[..]);
    assert_eq!(after[4..], [before[order[0]].clone(), before[order[1]].clone()]);
}

#[test]
fn wider_codes_stand_for_what_they_stood_for() {
    let corpus = common::corpus();
    let quantizer =
        "quantizer={ kind = \"projected\", dim = 3, quantizer = { kind = \"codebook\", codes = 8 } }";
    let mut training =
        start(&[&STILL[..], &[quantizer, "train.raise=[{ step = 4, dim = 5 }]"]].concat(), &corpus);
    go(&mut training, 4);
    let (before, mse) = (entry(&training, "quantizer.codes"), training.evaluate().mse);
    assert_eq!(before.shape()[..], [8, 3]);
    go(&mut training, 1);
    let (after, now) = (entry(&training, "quantizer.codes"), training.evaluate().mse);
    assert_eq!(after.shape()[..], [8, 5]);
    for (old, new) in rows(&before).iter().zip(rows(&after)) {
        assert_eq!((&new[..3], &new[3..]), (&old[..], &[0.0, 0.0][..]));
    }
    assert!((now / mse - 1.0).abs() < 1e-6, "{mse} before, {now} after");
}

#[test]
fn averaged_weights_are_the_moving_average_and_evaluations_use_them() {
    let corpus = common::corpus();
    let mut training = start(&["train.average=0.9"], &corpus);
    let weights = |training: &Training<'_>| entry(training, "encoder.0.weight");
    let mut average: Vec<f64> = weights(&training).as_slice().iter().map(|x| f64::from(*x)).collect();
    for _ in 0..3 {
        go(&mut training, 1);
        let now = weights(&training);
        average.iter_mut().zip(now.as_slice()).for_each(|(s, x)| *s += 0.1 * (f64::from(*x) - *s));
    }
    let found = training.averaged(|training| weights(training));
    let worst =
        found.as_slice().iter().zip(&average).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
    assert!(worst < 1e-7, "{worst}");
    let windows = data::windows(&corpus.validation, 16).expect("in memory");
    let mse = |training: &Training<'_>| Evaluation::of(&training.model, &training.store, &windows, true).mse;
    let (plain, averaged) = (mse(&training), training.averaged(|training| mse(training)));
    assert_eq!(training.evaluate().mse, averaged);
    assert_ne!(plain, averaged);
}

#[test]
fn in_a_warm_up_the_model_is_the_autoencoder_it_would_be_without_codes() {
    let corpus = common::corpus();
    let mut warm = start(&["train.warmup=3"], &corpus);
    let mut plain = start(&[], &corpus);
    plain = Training::new(Recipe { quantizer: None, ..plain.recipe }, &corpus).expect("an autoencoder");
    let codes = entry(&warm, "quantizer.codes");
    for step in 0..3 {
        assert!(!warm.quantizing() && warm.evaluate().alive().is_none(), "step {step}");
        assert_eq!(warm.advance().expect("a step"), plain.advance().expect("a step"), "step {step}");
        assert!(entry(&warm, "quantizer.codes").as_slice() == codes.as_slice(), "step {step}");
    }
    assert!(warm.quantizing() && warm.evaluate().alive().is_some());
    assert_ne!(warm.advance().expect("a step"), plain.advance().expect("a step"));
    assert!(entry(&warm, "quantizer.codes").as_slice() != codes.as_slice());
}

#[test]
fn a_frozen_encoder_moves_to_the_last_step_before() {
    let corpus = common::corpus();
    let mut training = start(&["train.freeze_encoder=3", "train.average=0.0"], &corpus);
    let mut moved = Vec::new();
    for _ in 0..5 {
        let before = entry(&training, "encoder.0.weight");
        go(&mut training, 1);
        moved.push(entry(&training, "encoder.0.weight").as_slice() != before.as_slice());
    }
    assert_eq!(moved, [true, true, true, false, false]);
}

#[test]
fn frozen_codes_move_to_the_last_step_before() {
    let corpus = common::corpus();
    let mut training = start(&["train.freeze_codes=3"], &corpus);
    let mut moved = Vec::new();
    for _ in 0..5 {
        let before = entry(&training, "quantizer.codes");
        go(&mut training, 1);
        moved.push(entry(&training, "quantizer.codes").as_slice() != before.as_slice());
    }
    assert_eq!(moved, [true, true, true, false, false]);
}
