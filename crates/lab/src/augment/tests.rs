//! Augmentations by hand: two bands, energies whose logarithms are known, one level for all of them.

use gradbook_audio::{Bands, Compression, Pcen, Spectrum, Standardization};

use super::*;
use std::f32::consts::LN_10;

fn mel(spectrum: Spectrum) -> MelParams {
    MelParams { mels: 2, spectrum, floor: 1e-9, ..MelParams::default() }
}

/// Mean 1 and deviation 2: a standardized x is the energy e^(2x + 1).
fn level() -> Level {
    Level::One(Standardization { mean: 1.0, deviation: 2.0 })
}

fn standardized(energy: f32) -> f32 {
    (energy.ln() - 1.0) / 2.0
}

fn given(list: &[Augment], batch: &Tensor<f32>, step: u64) -> (Tensor<f32>, Option<Tensor<f32>>) {
    let level = level();
    augmented(list, batch.clone(), &vec![&level; batch.shape()[0]], &mel(Spectrum::Power), (7, step))
}

#[track_caller]
fn close(found: &[f32], wanted: &[f32]) {
    assert!(
        found.len() == wanted.len() && found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-5),
        "{found:?}, wanted {wanted:?}"
    );
}

#[test]
fn twenty_decibels_are_a_hundredfold_power_or_a_tenfold_magnitude() {
    let (level, silence) = (level(), standardized(1e-9));
    for (spectrum, offset) in [(Spectrum::Power, LN_10), (Spectrum::Magnitude, LN_10 / 2.0)] {
        let mel = mel(spectrum);
        let crops = Crops { frames: 1, levels: &[&level], mel: &mel };
        let factor = spectrum.factor(20.0) as f32;
        let mut crop = [standardized(3.0), silence];
        crops.louder(&mut crop, 0, |energy, _| energy * factor);
        close(&crop, &[standardized(3.0) + offset, silence]); // no sound stays no sound
    }
    // Every crop has its own gain, the same for all of its elements, of at most 6 dB: ln 10^0.6 = 1.381551.
    let batch = Tensor::new([50, 2, 2], vec![0.5; 200]);
    let (found, target) = given(&[Augment::Gain { db: 6.0 }], &batch, 0);
    let offsets: Vec<f32> = found.as_slice().chunks(4).map(|crop| crop[0] - 0.5).collect();
    found.as_slice().chunks(4).for_each(|crop| close(crop, &[crop[0]; 4]));
    assert!(offsets.iter().all(|offset| offset.abs() < 1.381_56 / 2.0), "{offsets:?}");
    assert!(offsets.iter().any(|x| *x > 0.4) && offsets.iter().any(|x| *x < -0.4), "{offsets:?}");
    assert_eq!(target, None, "a louder sound is to be given back as loud");
}

#[test]
fn a_mixture_has_the_energies_of_both() {
    let batch = Tensor::new([2, 1, 2], [1.0, 2.0, 3.0, 6.0].map(standardized).to_vec());
    let (found, target) = given(&[Augment::Mix { share: 1.0, db: [0.0, 0.0] }], &batch, 0);
    close(found.as_slice(), &[4.0, 8.0, 4.0, 8.0].map(standardized)); // each the other's, as it was
    assert_eq!(target, None);
    let (found, _) = given(&[Augment::Mix { share: 1.0, db: [-10.0, -10.0] }], &batch, 0);
    close(found.as_slice(), &[1.3, 2.6, 3.1, 6.2].map(standardized));
    let many = Tensor::new([1_000, 1, 2], vec![0.0; 2_000]);
    let (found, _) = given(&[Augment::Mix { share: 0.3, db: [0.0, 0.0] }], &many, 0);
    let mixed = found.as_slice().chunks(2).filter(|crop| crop[0] > 0.1).count();
    assert!((250..350).contains(&mixed), "{mixed} of 1000");
}

#[test]
fn clips_of_their_own_levels_mix_by_their_energies() {
    let levels =
        [0.0, 5.0].map(|mean| Level::Bands(Bands { mean: vec![mean; 2], deviation: vec![1.0, 2.0] }));
    let [soft, loud] = &levels;
    let batch = Tensor::new([2, 1, 2], vec![0.0; 4]); // energies 1 and e⁵
    let mix = [Augment::Mix { share: 1.0, db: [0.0, 0.0] }];
    let (found, _) = augmented(&mix, batch, &[soft, loud], &mel(Spectrum::Power), (0, 0));
    let sum = (1.0 + 5_f32.exp()).ln(); // 5.006715
    close(found.as_slice(), &[sum, sum / 2.0, sum - 5.0, (sum - 5.0) / 2.0]);
}

#[test]
fn a_shift_lets_silence_in_or_what_went_out() {
    let (level, mel) = (level(), mel(Spectrum::Power));
    let crops = Crops { frames: 3, levels: &[&level], mel: &mel };
    let shifted = |by, wrap| {
        let mut crop = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        crops.shift(&mut crop, 0, by, wrap);
        crop
    };
    let s = standardized(1e-9);
    close(&shifted(1, false), &[s, s, 1.0, 2.0, 3.0, 4.0]);
    close(&shifted(-2, false), &[5.0, 6.0, s, s, s, s]);
    close(&shifted(3, false), &[s; 6]);
    close(&shifted(0, false), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    close(&shifted(1, true), &[5.0, 6.0, 1.0, 2.0, 3.0, 4.0]);
    close(&shifted(-1, true), &[3.0, 4.0, 5.0, 6.0, 1.0, 2.0]);
}

#[test]
fn masks_are_whole_frames_and_whole_bands_of_the_mean_and_the_rest_is_to_be_guessed() {
    let batch = Tensor::new([200, 10, 2], vec![9.0; 4_000]);
    let masks = Augment::SpecAugment { time_masks: 1, time_width: 4, band_masks: 0, band_width: 0 };
    let (found, target) = given(&[masks], &batch, 3);
    assert_eq!(target.as_ref(), Some(&batch), "what was hidden is to be given back");
    let mut widths = [0; 5];
    for crop in found.as_slice().chunks(20) {
        let hidden: Vec<usize> = (0..10).filter(|t| crop[2 * t..2 * t + 2] == [0.0; 2]).collect();
        assert!(crop.iter().filter(|x| **x == 0.0).count() == 2 * hidden.len(), "half a frame in {crop:?}");
        assert!(hidden.windows(2).all(|pair| pair[1] == pair[0] + 1), "one mask: {hidden:?}");
        widths[hidden.len()] += 1;
    }
    assert!(widths.iter().all(|count| (20..65).contains(count)), "about 40 of each width: {widths:?}");
    let bands = Augment::SpecAugment { time_masks: 0, time_width: 0, band_masks: 1, band_width: 60_000 };
    let (found, _) = given(&[bands], &batch, 3);
    for crop in found.as_slice().chunks(20) {
        assert!(crop.chunks(2).all(|frame| frame == &crop[..2]), "a band is hidden in all frames: {crop:?}");
    }
}

#[test]
fn noise_has_its_deviation_and_is_not_to_be_given_back() {
    let batch = Tensor::new([10, 500, 2], vec![0.5; 10_000]);
    let noise = Augment::Noise { deviation: 0.1 };
    let (found, target) = given(std::slice::from_ref(&noise), &batch, 0);
    let off: Vec<f64> = found.as_slice().iter().map(|x| f64::from(x - 0.5)).collect();
    let (mean, square) = (off.iter().sum::<f64>() / 1e4, off.iter().map(|x| x * x).sum::<f64>() / 1e4);
    assert!(mean.abs() < 0.005 && (square.sqrt() - 0.1).abs() < 0.003, "{mean}, {}", square.sqrt());
    assert_eq!(target, Some(batch));
    // A shift behind it moves both alike.
    let ramp = Tensor::new([4, 8, 2], (0..64).map(|x| x as f32).collect());
    let (found, target) = given(&[noise, Augment::TimeShift { frames: 8, wrap: true }], &ramp, 5);
    let target = target.expect("noise hides");
    assert_ne!(target, ramp);
    let far = found.as_slice().iter().zip(target.as_slice()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(far > 0.01 && far < 0.6, "{far}");
}

#[test]
fn any_step_can_be_drawn_again_and_an_empty_list_leaves_every_bit() {
    let batch = Tensor::new([3, 8, 2], (0..48).map(|x| x as f32 * 0.01).collect());
    let list = [
        Augment::TimeShift { frames: 3, wrap: false },
        Augment::Gain { db: 6.0 },
        Augment::Mix { share: 0.5, db: [-20.0, 0.0] },
        Augment::Noise { deviation: 0.1 },
    ];
    assert_eq!(given(&list, &batch, 4), given(&list, &batch, 4));
    assert_ne!(given(&list, &batch, 4), given(&list, &batch, 5));
    assert_eq!(given(&[], &batch, 4), (batch.clone(), None));
    let alone = Tensor::new([1, 8, 2], vec![0.25; 16]);
    let (mixed, _) = given(&[Augment::Mix { share: 1.0, db: [0.0, 0.0] }], &alone, 0);
    close(mixed.as_slice(), &[0.25 + 2_f32.ln() / 2.0; 16]); // a batch of one has no other
}

#[test]
fn every_number_has_its_rule() {
    let plain = MelParams::default();
    let said = |augment: Augment| augment.check(&plain).map_err(|error| error.to_string());
    let spec = |time_masks, band_width| Augment::SpecAugment {
        time_masks,
        time_width: 1,
        band_masks: 1,
        band_width,
    };
    for (augment, wanted) in [
        (Augment::TimeShift { frames: 0, wrap: true }, "time_shift.frames = 0: 1 to 65536"),
        (Augment::Gain { db: 0.0 }, "gain.db = 0.0: above 0, and at most 100 decibels"),
        (Augment::Gain { db: f64::NAN }, "gain.db = NaN: above 0, and at most 100 decibels"),
        (Augment::Noise { deviation: -1.0 }, "noise.deviation = -1.0: above 0, and at most 1,000 deviations"),
        (Augment::Mix { share: 1.5, db: [0.0; 2] }, "mix.share = 1.5: 0 ≤ x ≤ 1"),
        (
            Augment::Mix { share: 1.0, db: [0.0, -1.0] },
            "mix.db = [0.0, -1.0]: two numbers from -100 to 100, the lower first",
        ),
        (spec(1_025, 0), "spec_augment.time_masks = 1025: 0 to 1024"),
        (spec(1, 65_537), "spec_augment.band_width = 65537: 0 to 65536"),
    ] {
        assert_eq!(said(augment).expect_err(wanted), wanted);
    }
    assert!(said(Augment::Mix { share: 1.0, db: [-100.0, 100.0] }).is_ok() && said(spec(0, 0)).is_ok());
    let pcen = MelParams { compression: Compression::Pcen(Pcen::default()), ..plain };
    let refused = Augment::Gain { db: 3.0 }.check(&pcen).expect_err("no logarithms").to_string();
    assert!(refused.ends_with("needs logarithms, and data.mel.compression is PCEN"), "{refused}");
    assert!(Augment::Noise { deviation: 0.1 }.check(&pcen).is_ok());
}
