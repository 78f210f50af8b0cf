//! What the inputs of gradient checks are drawn from.

use std::collections::BTreeSet;

use gradbook_autograd::{Tensor, case, check::Sampler};

/// None lies beyond the range, and they come near both of its ends.
#[track_caller]
fn fill(low: f64, high: f64, x: &[f64]) {
    let (least, most) = x.iter().fold((f64::MAX, f64::MIN), |(least, most), &x| (x.min(least), x.max(most)));
    let near = 0.02 * (high - low);
    assert!((low..low + near).contains(&least), "{least} is the least of {low} to {high}");
    assert!((high - near..=high).contains(&most), "{most} is the most of {low} to {high}");
}

fn moments(x: &[f64]) -> (f64, f64) {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    (mean, (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64).sqrt())
}

const MANY: [usize; 2] = [100, 100];

#[test]
fn numbers_and_shapes_take_all_values_of_their_ranges() {
    let mut s = Sampler::new(1);
    let numbers: BTreeSet<usize> = (0..200).map(|_| s.int(2, 5)).collect();
    assert_eq!(numbers, (2..=5).collect());
    let axes: BTreeSet<usize> = (0..100).flat_map(|_| s.dims::<3>()).collect();
    assert_eq!(axes, (1..=4).collect());
    let shapes: Vec<_> = (0..200).map(|_| s.shape()).collect();
    assert_eq!(shapes.iter().map(|shape| shape.len()).collect::<BTreeSet<_>>(), (0..=3).collect());
    assert_eq!(shapes.iter().flat_map(|shape| shape.to_vec()).collect::<BTreeSet<_>>(), (1..=4).collect());
    let ranks: BTreeSet<usize> = (0..100).map(|_| s.any(Sampler::normal).shape().len()).collect();
    assert_eq!(ranks, (0..=3).collect());
}

#[test]
fn elements_follow_the_distributions_that_they_are_named_by() {
    let mut s = Sampler::new(2);
    let (mean, deviation) = moments(s.normal(&MANY).as_slice());
    assert!(mean.abs() < 0.03 && (deviation - 1.0).abs() < 0.03, "{mean}, {deviation}");
    let uniform = s.uniform(&MANY, -1.0, 3.0);
    fill(-1.0, 3.0, uniform.as_slice());
    assert!((moments(uniform.as_slice()).0 - 1.0).abs() < 0.05);
    assert_eq!(uniform.shape()[..], MANY);
}

#[test]
fn divisors_keep_away_from_zero_on_both_sides() {
    let x = Sampler::new(3).nonzero(&MANY);
    let (negative, positive): (Vec<f64>, Vec<f64>) = x.as_slice().iter().partition(|x| **x < 0.0);
    fill(0.3, 2.0, &positive);
    fill(-2.0, -0.3, &negative);
    assert!((positive.len() as f64 / 1e4 - 0.5).abs() < 0.03, "as many of each sign");
}

#[test]
fn kinks_are_kept_away_from_and_nothing_else_is() {
    let x = Sampler::new(4).away_from(&MANY, &[0.0, 0.5]);
    let nearest = |kink: f64| x.as_slice().iter().map(|x| (x - kink).abs()).fold(f64::MAX, f64::min);
    assert!([0.0, 0.5].map(nearest).iter().all(|far| (0.01..0.011).contains(far)));
    assert!(nearest(1.0) < 0.001 && (moments(x.as_slice()).1 - 1.0).abs() < 0.03);
}

#[test]
fn distinct_elements_are_a_twentieth_apart_around_zero_in_any_order() {
    let x = Sampler::new(5).distinct(&[5, 8]);
    let mut sorted = x.as_slice().to_vec();
    sorted.sort_by(f64::total_cmp);
    let gaps: Vec<f64> = sorted.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| (0.05..0.15).contains(gap)), "{gaps:?}");
    assert!((-2.0..-1.95).contains(&sorted[0]) && (1.9..1.95).contains(&sorted[39]), "0.1 · (i − 20)");
    assert_ne!(sorted, x.as_slice());
}

#[test]
fn one_seed_draws_one_sequence() {
    let draw = |seed| {
        let mut s = Sampler::new(seed);
        (s.dims::<4>(), s.normal(&[3]), s.distinct(&[4]))
    };
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
}

/// Equal shapes, missing axes on either side, axes of 1 on either side and on both, a scalar on either side.
#[test]
fn every_way_to_broadcast_is_a_case() {
    let mut pairs = Vec::new();
    let cases = Sampler::new(6).broadcasts(|s, x, y| {
        pairs.push([x.to_vec(), y.to_vec()]);
        case!([s.normal(x), s.normal(y)], |x| x[0] * x[1])
    });
    assert_eq!((cases.len(), pairs.len()), (8, 8));
    for (case, [x, y]) in cases.iter().zip(&pairs) {
        let shapes: Vec<_> = case.inputs.iter().map(|x: &Tensor<f64>| x.shape().to_vec()).collect();
        assert_eq!(shapes, [x.clone(), y.clone()]);
    }
    let ranks: Vec<[usize; 2]> = pairs.iter().map(|pair| pair.each_ref().map(Vec::len)).collect();
    assert_eq!(ranks, [[3, 3], [3, 1], [1, 2], [2, 2], [0, 2], [2, 0], [3, 2], [1, 1]]);
    assert!(pairs[3][0][1] == 1 && pairs[3][1][0] == 1 && pairs[6][0][1] == 1 && pairs[6][1][1] == 1);
}
