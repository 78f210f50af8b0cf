//! Every event has a before and an after: respawn, seeding, growth, with the numbers that each must leave behind.

use gradbook_autograd::{Rng, Stream, Tensor};
use gradbook_vq::codebook::Growth;
use ndarray_rand::rand::SeedableRng;

use crate::{
    options::{assert_near, column, get, learn, set},
    trial::{Built, of},
};

/// Three codes at 0, 10 and 20.
fn three(options: &str) -> Built {
    let mut built = of(&format!("kind = \"codebook\"\ncodes = 3\n{options}"), 1);
    set(&mut built, "codes", column(&[0.0, 10.0, 20.0]));
    if built.0.find("ema.sums").is_some() {
        set(&mut built, "ema.sums", column(&[0.0, 10.0, 20.0]));
    }
    built
}

/// The steps at which something is respawned, of `steps` steps on rows about 0.
fn respawns(options: &str, steps: u64) -> Vec<u64> {
    let mut built = three(&format!("respawn = {{ {options} }}"));
    (0..steps).filter(|&step| learn(&mut built, &[0.1, -0.1, 0.2, 0.0, 0.05, 40.0], step) > 0).collect()
}

#[test]
fn codes_are_looked_at_every_so_many_steps_until_a_step() {
    // 10 has no row; where it comes back it has one. 20 has the row 40 at first.
    let grace = "grace = 0, below = { hits = 100.0 }";
    assert_eq!(respawns(&format!("every = 1, {grace}"), 5), [0, 1, 2, 3, 4]);
    assert_eq!(respawns(&format!("every = 2, {grace}"), 6), [1, 3, 5]);
    assert_eq!(respawns(&format!("every = 1, {grace}, until = 2"), 5), [0, 1]);
    assert_eq!(respawns(&format!("every = 2, {grace}, until = 3"), 8), [1]);
}

#[test]
fn a_respawned_code_is_left_alone_for_its_grace() {
    // All codes die at every look that finds them old enough.
    let below = "every = 1, below = { hits = 100.0 }";
    assert_eq!(respawns(&format!("{below}, grace = 0"), 4), [0, 1, 2, 3]);
    assert_eq!(respawns(&format!("{below}, grace = 1"), 5), [0, 2, 4]);
    assert_eq!(respawns(&format!("{below}, grace = 2"), 7), [0, 3, 6]);
    assert_eq!(respawns(below, 5), [0, 2, 4], "one look if it is left out");
}

#[test]
fn too_few_are_fewer_hits_than_the_threshold_in_the_whole_window() {
    let dead = |options: &str, rows: &[f64], steps: u64| {
        let mut built = three(&format!("respawn = {{ every = {steps}, {options} }}"));
        (0..steps).map(|step| learn(&mut built, rows, step)).sum::<usize>()
    };
    // Hits 5, 1, 0.
    let rows = [0.0, 0.1, 0.2, 0.3, 0.4, 10.0];
    assert_eq!(dead("below = { hits = 1.0 }", &rows, 1), 1);
    assert_eq!(dead("below = { hits = 2.0 }", &rows, 1), 2);
    assert_eq!(dead("below = { hits = 2.0 }", &rows, 2), 1, "two steps are a window of 10, 2 and 0");
    // The mean is 2.
    assert_eq!(dead("below = { of_mean = 0.5 }", &rows, 1), 1, "1 hit is not fewer than 0.5·2");
    assert_eq!(dead("below = { of_mean = 0.51 }", &rows, 1), 2);
    assert_eq!(dead("below = { of_mean = 0.0 }", &rows, 1), 0);
}

#[test]
fn a_dead_code_comes_back_on_any_row_or_on_one_that_is_far_from_its_code() {
    let back = |aim: &str, step: u64| {
        let options = format!("every = 1, below = {{ hits = 1.0 }}, aim = \"{aim}\"");
        let mut built = three(&format!("learning = {{ by = \"loss\" }}\nrespawn = {{ {options} }}"));
        // 0 and 20 are used, 10 is not; 27 is far from 20, and 49 of 49.04 of all squared distances.
        learn(&mut built, &[0.1, 0.1, 0.1, 0.1, 27.0], step);
        get(&built, "codes")[1]
    };
    let share = |aim: &str| (0..200).filter(|&step| back(aim, step) == 27.0).count() as f64 / 200.0;
    assert_near(share("uniform"), 0.2, 0.08);
    assert!(share("distortion") > 0.99);
}

#[test]
fn a_respawned_code_begins_with_the_mean_count_and_an_empty_window() {
    let mut built =
        three("learning = { by = \"ema\", decay = 0.5 }\nrespawn = { every = 1, below = { hits = 1.0 } }");
    assert_eq!(learn(&mut built, &[0.0, 0.0, 0.0, 20.0], 0), 1);
    // Counts ½·1 + ½·(3, 0, 1) = 2, ½, 1, of mean 7/6; the second code is dead.
    let counts = get(&built, "ema.counts").to_vec();
    for (found, expected) in counts.iter().zip([2.0, 7.0 / 6.0, 1.0]) {
        assert_near(*found, expected, 1e-12);
    }
    let code = get(&built, "codes")[1];
    assert!([0.0, 20.0].contains(&code), "a row of the batch: {code}");
    assert_near(get(&built, "ema.sums")[1], counts[1] * code, 1e-12);
    assert_eq!((get(&built, "hits"), get(&built, "age")[1]), (&[0.0; 3][..], 0.0));
    assert!(get(&built, "age")[0] > 1e5, "the others are as old as they were");
}

#[test]
fn seeding_again_gives_every_code_the_same_count_and_keeps_their_sum() {
    let mut built = three("learning = { by = \"ema\", decay = 0.5 }");
    learn(&mut built, &[0.0, 0.0, 0.0, 0.0, 0.0, 20.0], 0); // counts 3, ½, 1
    built.1.seed(&mut built.0, &column(&[1.0, 1.2, 2.0, 2.2, 3.0, 3.2]), &Stream::new(1, 0, 5));
    get(&built, "ema.counts").iter().for_each(|&count| assert_near(count, 1.5, 1e-12));
    let mut codes = get(&built, "codes").to_vec();
    for (sum, code) in get(&built, "ema.sums").iter().zip(&codes) {
        assert_near(*sum, 1.5 * code, 1e-12);
    }
    codes.sort_by(f64::total_cmp);
    codes.iter().zip([1.1, 2.1, 3.1]).for_each(|(code, expected)| assert_near(*code, expected, 1e-9));
    assert_eq!((get(&built, "hits"), get(&built, "age")), (&[0.0; 3][..], &[0.0; 3][..]));
}

#[test]
fn growth_copies_the_most_used_codes_first() {
    for options in ["learning = { by = \"ema\", decay = 0.5 }", "learning = { by = \"loss\" }"] {
        let mut built = three(options);
        learn(&mut built, &[20.0, 20.0, 20.0, 0.0, 0.0, 10.0], 0);
        let grow = |built: &mut Built, count: usize, jitter: f64| {
            let book = built.1.codebooks()[0].codebook;
            book.grow(&mut built.0, count, Growth::Jitter(jitter), &mut Rng::seed_from_u64(3));
        };
        let before = get(&built, "codes").to_vec();
        grow(&mut built, 7, 0.0);
        let after = get(&built, "codes").to_vec();
        assert_eq!(after[..3], before[..], "the old ones stay");
        assert_eq!(
            after[3..],
            [before[2], before[0], before[1], before[2]],
            "by their use, then from the start"
        );
        if options.contains("ema") {
            // (½ + ½·2) + (½ + ½·1) + (½ + ½·3) = 4.5
            get(&built, "ema.counts")[3..].iter().for_each(|&count| assert_near(count, 1.5, 1e-12));
        }
        assert_eq!(get(&built, "age")[3..], [0.0; 4]);
    }
}

#[test]
fn jitter_is_relative_to_the_deviation_of_the_codes() {
    // 0, 10, 20 have the deviation √(200/3).
    for size in [0.01, 0.1] {
        let mut built = three("");
        let book = built.1.codebooks()[0].codebook;
        book.grow(&mut built.0, 3003, Growth::Jitter(size), &mut Rng::seed_from_u64(3));
        let codes = get(&built, "codes");
        let moved = |k: usize| {
            codes[k]
                - codes[..3]
                    .iter()
                    .copied()
                    .min_by(|a, b| (codes[k] - a).abs().total_cmp(&(codes[k] - b).abs()))
                    .expect("three")
        };
        let square = (3..3003).map(|k| moved(k).powi(2)).sum::<f64>() / 3000.0;
        assert_near(square.sqrt() / (200f64 / 3.0).sqrt() / size, 1.0, 0.05);
    }
}

#[test]
fn levels_that_have_nothing_to_learn_from_are_seeded_small() {
    // Three rows and seven codes: the first level leaves nothing over.
    for text in [
        "kind = \"residual\"\nlevels = 3\nquantizer = { kind = \"codebook\", codes = 7 }",
        "kind = \"multi_scale\"\nscales = [1]\nsharing = \"own\"\nquantizer = { kind = \"codebook\", codes = 7 }",
        "kind = \"hierarchical\"\nstrides = [3]\nquantizer = { kind = \"codebook\", codes = 7 }",
    ] {
        let mut built = of(text, 2);
        let rows = Tensor::new([3, 2], vec![4.0, 4.0, 4.0, 4.0, 4.0, 4.0]);
        built.1.seed(&mut built.0, &rows, &Stream::new(1, 0, 5));
        let values = built.1.decode(&built.0, &built.1.encode(&built.0, &rows));
        let error = values.as_slice().iter().map(|y| (y - 4.0).powi(2)).sum::<f64>() / 6.0;
        assert!(error < 0.02, "{text}: {error} of 16, where codes as they were drawn would leave about 1");
        for book in built.1.codebooks().iter().skip(1) {
            let codes = book.codebook.values(&built.0);
            let most = codes.as_slice().iter().fold(0.0, |most: f64, e| most.max(e.abs()));
            assert!(most < 0.5, "{text}: {}: {codes:?}", book.place);
        }
    }
}
