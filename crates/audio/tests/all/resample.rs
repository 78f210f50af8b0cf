//! Resampling keeps what both rates can carry, removes the rest, and keeps time.

use std::f32::consts::TAU;

use gradbook_audio::resample;
use proptest::prelude::*;

fn tone(hz: f32, rate: u32, samples: usize) -> Vec<f32> {
    (0..samples).map(|n| (TAU * (hz * n as f32 / rate as f32).fract()).sin()).collect()
}

#[test]
fn a_tone_stays_the_same_tone_at_the_same_time() {
    for rate in [11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 7_919] {
        let ours = resample(&tone(440.0, rate, rate as usize), rate, 8_000);
        let wanted = tone(440.0, 8_000, 8_000);
        let inner = 800..7_200;
        let worst = inner.map(|i| (ours[i] - wanted[i]).abs()).fold(0.0, f32::max);
        assert!(worst < 2e-3, "from {rate} Hz: worst error {worst}");
    }
}

#[test]
fn what_the_lower_rate_cannot_carry_is_removed() {
    let ours = resample(&tone(5_000.0, 44_100, 44_100), 44_100, 8_000);
    let loudest = ours[800..7_200].iter().fold(0.0_f32, |m, x| m.max(x.abs()));
    assert!(loudest < 1e-3, "{loudest} is left");
}

/// At 44,100 Hz a block has 4 periods of 441 samples, 40 ms; the filter is as long, and half of it comes first.
#[test]
fn a_click_rings_for_twenty_milliseconds() {
    let mut click = vec![0.0; 44_100];
    click[22_050] = 1.0;
    let ours = resample(&click, 44_100, 8_000);
    let loudest =
        |range: std::ops::Range<usize>| ours[range].iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    assert!(
        loudest(3_840..3_900) > 1e-7 && loudest(4_100..4_160) > 1e-7,
        "the filter is as long as the block"
    );
    assert!(loudest(0..3_835) < 1e-7 && loudest(4_165..8_000) < 1e-7, "and no longer");
    assert!((ours[4_000] - 8.0 / 44.1).abs() < 2e-2, "the click itself, {}, is where it was", ours[4_000]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn lengths_follow_the_rates_and_bits_repeat(
        samples in prop::collection::vec(-1.0_f32..1.0, 0..3_000),
        from in 1_000_u32..100_000,
        to in 1_000_u32..50_000,
    ) {
        let once = resample(&samples, from, to);
        let exact = samples.len() as f64 * f64::from(to) / f64::from(from);
        prop_assert!((once.len() as f64 - exact.ceil()).abs() <= 1.0);
        prop_assert_eq!(once, resample(&samples, from, to));
    }
}
