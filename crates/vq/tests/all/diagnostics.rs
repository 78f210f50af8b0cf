//! The figures of health, each worked out by hand.

use gradbook_autograd::{Stats, Tensor};
use gradbook_vq::{
    Absorbed, Codes, SKIPPED,
    diagnostics::{
        Health, Usage, Window, duplicate_rate, effective_dimension, principal_axes, recoded, signal_to_noise,
    },
};

use crate::{
    options::{assert_near, column, pass, set},
    trial::of,
};

#[test]
fn usage_counts_exactly_and_has_the_entropy_of_its_shares() {
    let codes = Codes::new(vec![vec![5, 5, 5, 5], vec![0, 2, SKIPPED, 0]], vec![6, 3]);
    let mut usage = Usage::of(&codes, 1);
    assert_eq!((usage.codes, usage.alive(), usage.dense()), (3, 2, vec![2, 0, 1]));
    usage.add(&[1, SKIPPED]);
    assert_eq!((usage.alive(), usage.dense()), (3, vec![2, 1, 1]));
    // Shares ½, ¼ and ¼: H = ½·1 + 2·¼·2 = 1.5 bits, so as many even codes as 2^1.5.
    assert_near(usage.bits(), 1.5, 1e-12);
    assert_near(usage.entropy(), 1.5 * 2f64.ln(), 1e-12);
    assert_near(usage.perplexity(), 2.828_427_124_746, 1e-9);
    let one = Usage::of(&codes, 0);
    assert_eq!((one.codes, one.alive(), one.entropy(), one.perplexity(), one.bits()), (6, 1, 0.0, 1.0, 0.0));
    assert_eq!(Usage { codes: 6, ..Usage::default() }.perplexity(), 1.0, "of nothing");
}

#[test]
fn noise_is_measured_in_decibels_of_energy() {
    let z = Tensor::new([1, 2], vec![3.0, 4.0]);
    // 25/0.25 is a hundred, 25/25 is one.
    assert_near(signal_to_noise(&z, &Tensor::new([1, 2], vec![3.3, 4.4])), 20.0, 1e-9);
    assert_near(signal_to_noise(&z, &Tensor::zeros([1, 2])), 0.0, 1e-12);
}

#[test]
fn rows_that_changed_their_code_are_counted_slot_by_slot() {
    let codes = |a: Vec<u64>, b: Vec<u64>| Codes::new(vec![a, b], vec![4, 4]);
    let (before, after) =
        (codes(vec![0, 1, 2, 3], vec![0, 0, 0, 0]), codes(vec![0, 1, 2, 3], vec![0, 1, 2, 3]));
    assert_eq!((recoded(&before, &after, 0), recoded(&before, &after, 1)), (0.0, 0.75));
    assert_eq!(recoded(&codes(vec![], vec![]), &codes(vec![], vec![]), 0), 0.0);
}

#[test]
fn principal_axes_are_the_eigenvectors_of_the_covariance_about_the_mean() {
    // ±3(1, 2, 2), ±2(2, 1, −2) and ±(2, −2, 1): three directions at right angles, each of length 3 times its factor. Their
    // variances are 2·9·factor²/6 = 27, 12 and 3, wherever the mean is.
    let directions = [[1.0, 2.0, 2.0], [2.0, 1.0, -2.0], [2.0, -2.0, 1.0]];
    let mean = [10.0, -20.0, 5.0];
    let along = |factor: f64, i: usize| (0..3).map(move |c| mean[c] + factor * directions[i][c]);
    let rows = [(1.0, 2), (3.0, 0), (-2.0, 1), (-3.0, 0), (2.0, 1), (-1.0, 2)];
    let rows = Tensor::new([6, 3], rows.into_iter().flat_map(|(f, i)| along(f, i)).collect());
    let (variances, axes) = principal_axes(&rows);
    for (i, expected) in [27.0, 12.0, 3.0].into_iter().enumerate() {
        assert_near(variances[i], expected, 1e-9);
        let cosine: f64 = axes[i].iter().zip(directions[i]).map(|(a, d)| a * d / 3.0).sum();
        assert_near(cosine.abs(), 1.0, 1e-9);
    }
    // Shares 9/14, 4/14 and 1/14: e^0.830471
    assert_near(effective_dimension(&rows), 2.294_4, 1e-4);
    // Along one direction there is one dimension, and without any there is one, too.
    assert_near(effective_dimension(&Tensor::new([2, 2], vec![1.0, 1.0, 3.0, 3.0])), 1.0, 1e-9);
    assert_eq!(effective_dimension(&Tensor::new([2, 2], vec![1.0, 2.0, 1.0, 2.0])), 1.0);
}

#[test]
fn many_channels_are_turned_until_nothing_is_left_beside_the_diagonal() {
    // Rows of the reflection I − 2vvᵀ, v = unit(1, 2, …, 16), times i + 1, each with both signs: at right angles.
    let (n, norm) = (16, (1..=16).map(|i| f64::from(i * i)).sum::<f64>());
    let axis = |i: usize, c: usize| f64::from(u8::from(i == c)) - 2.0 * ((i + 1) * (c + 1)) as f64 / norm;
    let rows = (0..2 * n).flat_map(|r| {
        let (i, sign) = (r / 2, if r % 2 == 0 { 1.0 } else { -1.0 });
        (0..n).map(move |c| sign * (i + 1) as f64 * axis(i, c))
    });
    let (variances, axes) = principal_axes(&Tensor::new([2 * n, n], rows.collect()));
    for (k, (variance, found)) in variances.iter().zip(axes).enumerate() {
        let i = n - 1 - k; // the largest first
        assert_near(*variance, ((i + 1) * (i + 1)) as f64 / n as f64, 1e-8);
        let cosine: f64 = found.iter().enumerate().map(|(c, x)| x * axis(i, c)).sum();
        assert_near(cosine.abs(), 1.0, 1e-8);
    }
}

#[test]
fn codes_coincide_when_they_are_near_in_all_channels_by_the_deviation_of_all() {
    // Variances 27/16 and 179/64 about the mean: a deviation of 2.1176. (0, ½) is 0.236 of it from (0, 0).
    let codes = Tensor::new([4, 2], vec![0.0, 0.0, 0.0, 4.0, 3.0, 0.0, 0.0, 0.5]);
    assert_eq!(duplicate_rate(&codes, 0.25), 0.25);
    assert_eq!(duplicate_rate(&codes, 0.22), 0.0);
    // Two pairs that lie between each other in the widest channel, and differ in the other.
    let codes = Tensor::new([5, 2], vec![1.0, 0.0, 1.001, 5.0, 1.002, 0.0, 1.003, 5.0, 9.0, 2.0]);
    assert_eq!(duplicate_rate(&codes, 1e-2), 0.4);
    // Three at one place are two too many.
    assert_eq!(duplicate_rate(&column(&[1.0, 1.0, 7.0, 1.0]), 1e-3), 0.5);
}

#[test]
fn health_tells_of_each_slot_its_codebook_and_of_all_rows_the_noise() {
    let text = "kind = \"residual\"\nlevels = 2\nquantizer = { kind = \"codebook\", codes = 4 }";
    let mut built = of(text, 1);
    set(&mut built, "level.0.codes", column(&[-4.0, 0.0, 4.0, 4.0]));
    set(&mut built, "level.1.codes", column(&[-1.0, 0.0, 1.0, 2.0]));
    let rows = column(&[4.5, 5.0, -5.0, 0.0]);
    let health = Health::of(&*built.1, &built.0, &rows);
    assert_eq!(health.rows, 4);
    // 4.5 is coded as 4 + 0 or 4 + 1, half a unit off either way: energy 70.25 over 0.25.
    assert_near(health.signal_to_noise, 10.0 * 281f64.log10(), 1e-9);
    assert_eq!((health.latent_dimension, health.value_dimension), (1.0, 1.0));
    let [first, second] = &health.slots[..] else { panic!("{health:?}") };
    assert_eq!((&first.place[..], &second.place[..]), ("level 0", "level 1"));
    assert_eq!((first.codes, first.most_bits, first.alive), (4, 2.0, 3));
    assert_eq!((first.duplicates, second.duplicates), (Some(0.25), Some(0.0)));
    assert_near(first.bits, 1.5, 1e-12);
    assert_near(first.perplexity, 2f64.powf(1.5), 1e-12);
    assert_eq!(first.code_dimension, Some(1.0));
    let grid = of("kind = \"fsq\"\nlevels = [3]", 1);
    let slot = &Health::of(&*grid.1, &grid.0, &rows).slots[0];
    assert_eq!((&slot.place[..], slot.duplicates, slot.code_dimension), ("", None, None));
}

#[test]
fn a_window_counts_hits_idle_steps_and_respawned_codes() {
    let mut built = of("kind = \"codebook\"\ncodes = 3", 1);
    set(&mut built, "codes", column(&[0.0, 1.0, 2.0]));
    let stats = |rows: &[f64]| pass(&built, &column(rows), 0).2;
    let (both, one, none) = (stats(&[0.0, 0.1, 1.0]), stats(&[0.0]), Stats::default());
    let books = built.1.codebooks();
    let (book, other) = (books[0].codebook, built.0.find("hits").expect("an entry"));
    let overwritten = vec![(book.parameter(), vec![1, 2]), (other, vec![0])];
    let mut window = Window::default();
    assert_eq!(window.churn(), 0.0, "of no codes");
    window.observe(book, &both, &Absorbed::default());
    assert_eq!((&window.hits[..], &window.idle[..]), (&[2, 1, 0][..], &[0, 0, 1][..]));
    window.observe(book, &one, &Absorbed { overwritten, respawned: 3 });
    window.observe(book, &none, &Absorbed::default());
    assert_eq!((window.steps, &window.hits[..], &window.idle[..]), (3, &[3, 1, 0][..], &[1, 2, 3][..]));
    assert_eq!((window.usage().dense(), window.usage().alive()), (vec![3, 1, 0], 2));
    assert_eq!(window.dead_ages(), [3]);
    assert_eq!((window.respawned, window.churn()), (2, 2.0 / 9.0), "its own codes alone");
    window.restart();
    assert_eq!((window.steps, window.respawned, &window.hits[..]), (0, 0, &[0, 0, 0][..]));
    assert_eq!(window.dead_ages(), [1, 2, 3], "codes stay as old as they are");
}
