//! What is drawn to train on, and what is measured: numbers worked out by hand.

use gradbook_audio::{Clip, Corpus};
use gradbook_autograd::Tensor;
use gradbook_lab::{Crops, Evaluation, Figures, Recipe, TrainConfig, baseline::frames_kmeans, data};
use gradbook_nn::Schedule;
use gradbook_vq::{Codes, diagnostics::Usage};

use crate::common;

/// Which clip a crop of 16 frames is from, and from which frame on.
fn place(crop: &[f32], clips: &[Clip]) -> (usize, usize) {
    let starts =
        clips.iter().enumerate().flat_map(|(i, clip)| (0..=clip.frame_count() - 16).map(move |at| (i, at)));
    let same = |(i, at): &(usize, usize)| clips[*i].crop(*at, 16).expect("in memory").iter().eq(crop);
    starts.into_iter().find(same).expect("every crop is a piece of a clip")
}

/// Two clips, and where 400 crops of 16 frames are taken from them.
fn drawn(crops: Crops) -> (Vec<Clip>, Vec<(usize, usize)>) {
    let corpus = common::corpus();
    let mut clips = corpus.train[..8].to_vec();
    clips.sort_by_key(Clip::frame_count);
    let clips = vec![clips[0].clone(), clips[7].clone()];
    let batch = data::batch(&clips, 400, 16, 1, 2, crops).expect("in memory");
    assert_eq!(batch.shape()[..], [400, 16, 80]);
    let places = batch.as_slice().chunks(16 * 80).map(|crop| place(crop, &clips)).collect();
    (clips, places)
}

fn share(places: &[(usize, usize)], holds: impl Fn(&(usize, usize)) -> bool) -> f64 {
    places.iter().filter(|place| holds(place)).count() as f64 / places.len() as f64
}

#[test]
fn crops_from_anywhere_come_from_each_clip_alike_and_from_every_place() {
    let (clips, places) = drawn(Crops::Anywhere);
    let first = share(&places, |place| place.0 == 0);
    assert!((first - 0.5).abs() < 0.1, "{first} of the crops are from the shorter of two clips");
    let starts = |clip| places.iter().filter(move |place| place.0 == clip).map(|place| place.1);
    for (i, clip) in clips.iter().enumerate() {
        let last = clip.frame_count() - 16;
        assert!(starts(i).min().expect("some") <= 2 && starts(i).max().expect("some") + 2 >= last);
        let mean = starts(i).sum::<usize>() as f64 / starts(i).count() as f64;
        assert!((mean / last as f64 - 0.5).abs() < 0.1, "clip {i}: {mean} of {last}");
    }
}

#[test]
fn crops_at_windows_start_where_held_out_windows_would() {
    let (clips, places) = drawn(Crops::Windows { shift: 0 });
    assert_eq!(share(&places, |place| place.1 % 16 == 0), 1.0);
    let windows: Vec<f64> = clips.iter().map(|clip| (clip.frame_count() / 16) as f64).collect();
    let (first, wanted) = (share(&places, |place| place.0 == 0), windows[0] / (windows[0] + windows[1]));
    assert!((first - wanted).abs() < 0.1, "{first} from the shorter clip, which has {wanted} of the windows");
}

#[test]
fn crops_at_windows_are_moved_by_up_to_the_shift_to_both_sides() {
    let (clips, places) = drawn(Crops::Windows { shift: 3 });
    let moved = |place: &(usize, usize)| (place.1 + 8) % 16; // 8 is a window's start
    let inner: Vec<_> = places
        .iter()
        .filter(|place| place.1 > 3 && place.1 + 16 < clips[place.0].frame_count() - 3)
        .copied()
        .collect();
    assert!(inner.len() > 50);
    for offset in 5..=11 {
        let share = share(&inner, |place| moved(place) == offset);
        assert!((0.03..0.3).contains(&share), "{share} are moved by {}", offset as i64 - 8);
    }
    assert_eq!(share(&inner, |place| (5..=11).contains(&moved(place))), 1.0);
}

#[test]
fn crops_depend_on_seed_and_step() {
    let corpus = common::corpus();
    let batch =
        |seed, step| data::batch(&corpus.train, 4, 16, seed, step, Crops::Anywhere).expect("in memory");
    assert!(batch(1, 2).as_slice() == batch(1, 2).as_slice());
    assert!(batch(1, 2).as_slice() != batch(1, 3).as_slice());
    assert!(batch(1, 2).as_slice() != batch(2, 2).as_slice());
}

#[test]
fn windows_follow_one_another_and_leave_out_the_rest() {
    let corpus = common::corpus();
    let clips = &corpus.test;
    let counts: Vec<usize> = clips.iter().map(|clip| clip.frame_count() / 16).collect();
    let windows = data::windows(clips, 16).expect("in memory");
    assert_eq!(windows.shape()[..], [counts.iter().sum::<usize>(), 16, 80]);
    let second = clips[0].crop(16, 16).expect("long enough");
    assert!(second.iter().eq(&windows.as_slice()[16 * 80..2 * 16 * 80]));
    let of_next_clip = clips[1].crop(0, 16).expect("long enough");
    assert!(of_next_clip.iter().eq(&windows.as_slice()[counts[0] * 16 * 80..][..16 * 80]));
}

#[test]
fn figures_of_two_slots_are_means_over_slots() {
    let usage = |codes: &[u64], radix| Usage::of(&Codes::single(codes.to_vec(), radix), 0);
    // A coarse slot with a code for every second of four latents, and a fine one.
    let found = Evaluation {
        mse: 0.0,
        usage: vec![usage(&[0, 1], 4), usage(&[0, 1, 2, 3], 8)],
        latents: Tensor::new([4, 1], vec![1.0, 2.0, 3.0, 4.0]),
    };
    assert_eq!(found.alive(), Some(3.0)); // (2 + 4)/2
    assert!((found.perplexity().expect("codes") - 3.0).abs() < 1e-12);
    assert!((found.bits().expect("codes") - 2.5).abs() < 1e-12); // 1 bit for half of the latents, 2 bits for all
    let figures = Figures::of(&found);
    let mean = figures.usage.as_ref().expect("codes");
    assert_eq!((figures.rows, mean.codes, mean.alive, mean.alive_in_1000), (4, 6.0, 3.0, None));
    assert_eq!(mean.lively, 0.5); // half of either slot's codes
    let each: Vec<_> = figures.slots.iter().map(|slot| (slot.codes, slot.alive)).collect();
    assert_eq!(each, [(4.0, 2.0), (8.0, 4.0)]);
    let text = serde_json::to_string(&figures).expect("numbers");
    assert_eq!(serde_json::from_str::<Figures>(&text).expect("the same"), figures);
    let none = Evaluation { usage: Vec::new(), ..found };
    assert_eq!((none.alive(), none.perplexity(), none.bits()), (None, None, None));
    let figures = Figures::of(&none);
    assert!(figures.usage.is_none() && figures.slots.is_empty());
    let text = serde_json::to_string(&figures).expect("numbers");
    assert_eq!(serde_json::from_str::<Figures>(&text).expect("the same"), figures);
}

#[test]
fn one_cluster_of_frames_is_their_mean_and_its_error_their_variance_about_it() {
    let corpus = common::corpus();
    let summary = frames_kmeans(&corpus, 1, 16, 0).expect("in memory");
    assert_eq!(summary.recipe, "frames-kmeans");
    let found = summary.last();
    let mut mean = vec![0.0; 80];
    let frames: usize = corpus.train.iter().map(Clip::frame_count).sum();
    for clip in &corpus.train {
        let all = clip.frames().expect("in memory");
        all.rows()
            .into_iter()
            .for_each(|row| mean.iter_mut().zip(row).for_each(|(m, x)| *m += f64::from(*x) / frames as f64));
    }
    let test = data::windows(&corpus.test, 16).expect("in memory");
    let errors = test
        .as_slice()
        .chunks(80)
        .flat_map(|row| row.iter().zip(&mean).map(|(x, m)| (f64::from(*x) - m).powi(2)));
    let mse = errors.sum::<f64>() / test.as_slice().len() as f64;
    assert!((found.mse / mse - 1.0).abs() < 1e-5, "{} against {mse}", found.mse);
    assert_eq!((found.rows, found.bits_per_token), (test.as_slice().len() / 80, Some(0.0)));
    let usage = found.usage.as_ref().expect("codes");
    assert_eq!((usage.alive, usage.codes, usage.perplexity), (1.0, 1.0, 1.0));
    assert_ne!(summary.validation.mse, found.mse, "other clips");
}

#[test]
fn a_run_is_evaluated_ten_times_unless_it_says_how_often() {
    let every = |steps, evaluate_every| {
        TrainConfig { steps, evaluate_every, ..TrainConfig::default() }.evaluation_interval()
    };
    assert_eq!([every(4000, None), every(25, None), every(3, None), every(4000, Some(7))], [400, 3, 1, 7]);
}

#[test]
fn the_rate_of_a_stretched_run_is_the_same_at_the_same_share_of_it() {
    let recipe = Recipe::built_in("autoencoder").expect("built in");
    let (first, steps) = (Schedule::Warmup { start: 0.2, steps: 100 }, 200);
    for schedule in [
        first.clone(),
        Schedule::Cosine { min: 0.1, steps: 4000 },
        Schedule::Linear { end: 0.1, steps: 3000 },
        Schedule::Step { every: 500, factor: 0.5 },
        Schedule::Piecewise { milestones: vec![1000, 3000], factor: 0.1 },
        first.then(steps, Schedule::Linear { end: 0.0, steps: 3800 }),
    ] {
        let mut whole = recipe.clone();
        whole.train.optimizer.schedule = schedule.clone();
        let half = whole.with_steps(2000).train.optimizer.schedule;
        for step in [0, 7, 50, 99, 100, 101, 249, 250, 500, 777, 1499, 1500, 1999] {
            let [was, is] = [schedule.at(2 * step), half.at(step)];
            assert!((was - is).abs() < 1e-12, "{schedule:?} at {step}: {was}, {is}");
        }
    }
    let mut cycle = recipe.clone();
    cycle.train.optimizer.schedule = Schedule::OneCycle { steps: 4000, rise: 0.3, div: 25.0, final_div: 1e4 };
    let half = cycle.with_steps(2000).train.optimizer.schedule;
    assert_eq!(half, Schedule::OneCycle { steps: 2000, rise: 0.3, div: 25.0, final_div: 1e4 });
    let mut falling = recipe;
    falling.train.optimizer.schedule = Schedule::Exponential { factor: 0.999 };
    assert_eq!(falling.with_steps(2000).train.optimizer.schedule, Schedule::Exponential { factor: 0.999 });
}

#[test]
fn times_of_a_stretched_run_move_and_intervals_stay() {
    let text = "[train]\nsteps = 4000\nwarmup = 1000\nseeding = { again = [2000] }\nraise = [{ step = 3000, dim = 8 }]\n\
                grow = [{ step = 500, codes = 16 }, { plateau = 3, codes = 32 }]\nevaluate_every = 400\npatience = 5";
    let train = Recipe::parse(text).expect("a recipe").with_steps(1000).train;
    let seeding = train.seeding.expect("it is kept");
    assert_eq!((train.steps, train.warmup, seeding.again, seeding.latents), (1000, 250, vec![500], 8192));
    assert_eq!((train.raise[0].step, train.raise[0].dim), (750, 8));
    assert_eq!((train.grow[0].at, train.grow[0].codes), (gradbook_lab::GrowAt::Step(125), 16));
    assert_eq!((train.grow[1].at, train.grow[1].codes), (gradbook_lab::GrowAt::Plateau(3), 32));
    assert_eq!((train.evaluate_every, train.patience), (Some(100), Some(5)));
}

/// Where clips are shorter than a crop, the first is named.
#[test]
fn a_clip_shorter_than_a_crop_is_named() {
    let corpus: Corpus = common::corpus();
    let shortest = corpus.clips().map(|(_, clip)| clip.frame_count()).min().expect("some");
    assert!(data::check(&corpus, shortest).is_ok());
    let error = data::check(&corpus, shortest + 1).expect_err("too long").to_string();
    assert!(error.contains(&format!("has {shortest} frames, a crop {}", shortest + 1)), "{error}");
}
