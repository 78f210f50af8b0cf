//! Resynthesized sound has nearly the log-mel spectrogram it was made from.

use gradbook_audio::{Framing, LogMel, MelParams, MelScale, Spectrum, Synthetic};
use ndarray::Array2;

/// ‖a − b‖² relative to the variance of a.
fn relative_error(a: &Array2<f32>, b: &Array2<f32>) -> f64 {
    let mean = a.mean().unwrap();
    let total = |values: Array2<f32>| values.iter().map(|v| f64::from(v * v)).sum::<f64>();
    total(a - b) / total(a - mean)
}

#[test]
fn the_log_mel_of_the_resynthesis_is_close_to_the_original() {
    let mel = LogMel::new(MelParams::default()).unwrap();
    let clips: Vec<_> = (0..12).map(|i| mel.compute(&Synthetic::default().samples(i))).collect();
    let error = |iterations| {
        let all: Vec<_> =
            clips.iter().map(|m| relative_error(m, &mel.compute(&mel.invert(m, iterations, 0)))).collect();
        all.iter().sum::<f64>() / all.len() as f64
    };
    let (start, few, many) = (error(0), error(8), error(32));
    assert!(many < 0.03, "{many} of the variance is lost after 32 iterations");
    assert!(many < few && few < start / 4.0, "{start}, {few}, {many} after 0, 8, 32 iterations");
}

#[test]
fn resynthesis_works_with_centered_magnitudes_on_the_slaney_scale() {
    let params = MelParams {
        framing: Framing::Centered,
        spectrum: Spectrum::Magnitude,
        scale: MelScale::Slaney,
        mels: 64,
        ..MelParams::default()
    };
    let mel = LogMel::new(params).unwrap();
    let original = mel.compute(&Synthetic::default().samples(1));
    let error = relative_error(&original, &mel.compute(&mel.invert(&original, 32, 0)));
    assert!(error < 0.03, "{error} of the variance is lost");
}

#[test]
fn silence_comes_back_as_silence_and_one_seed_gives_one_sound() {
    let mel = LogMel::new(MelParams::default()).unwrap();
    let silence = mel.invert(&mel.compute(&[0.0; 4_000]), 8, 0);
    assert!(silence.iter().all(|x| x.abs() < 1e-3));
    let frames = mel.compute(&Synthetic::default().samples(2));
    assert_eq!(mel.invert(&frames, 4, 7), mel.invert(&frames, 4, 7));
    let by_columns = frames.t().to_owned().reversed_axes();
    assert_eq!(
        mel.invert(&frames, 4, 7),
        mel.invert(&by_columns, 4, 7),
        "the order in memory is of no account"
    );
    assert_eq!(mel.invert(&frames, 4, 7).len(), mel.params().samples(frames.nrows()));
}
