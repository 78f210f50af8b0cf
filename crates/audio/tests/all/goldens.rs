//! Features agree with the NumPy front end of the speech experiment and with librosa to 1e-4
//! (reference values made by goldens/make.py).

use gradbook_audio::{FilterBank, Framing, LogMel, MelNorm, MelParams, MelScale, Spectrum, Window};
use ndarray::Array2;
use safetensors::SafeTensors;

fn golden(name: &str) -> Array2<f32> {
    let bytes = include_bytes!("../goldens/features.safetensors");
    let file = SafeTensors::deserialize(bytes).expect("the golden file is intact");
    let tensor = file.tensor(name).expect("a tensor make.py writes");
    let values = tensor.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    let columns = tensor.shape().get(1).copied().unwrap_or(1);
    Array2::from_shape_vec((tensor.shape()[0], columns), values).expect("shape and data agree")
}

fn signal(name: &str) -> Vec<f32> {
    golden(name).into_iter().collect()
}

#[track_caller]
fn assert_close(ours: &Array2<f32>, reference: &Array2<f32>, tolerance: f32) {
    assert_eq!(ours.dim(), reference.dim());
    let worst = ours.iter().zip(reference).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < tolerance, "worst difference {worst}");
}

#[track_caller]
fn assert_features(params: MelParams, samples: &[f32], reference: &str) {
    let mel = LogMel::new(params).expect("legal parameters");
    assert_close(&mel.compute(samples), &golden(reference), 1e-4);
}

fn slaney(framing: Framing, spectrum: Spectrum) -> MelParams {
    MelParams {
        sample_rate: 22_050,
        n_fft: 512,
        hop: 200,
        mels: 40,
        f_min: 50.0,
        f_max: 11_000.0,
        scale: MelScale::Slaney,
        norm: MelNorm::Area,
        window: Window::PeriodicHann,
        spectrum,
        framing,
        min_frames: 1,
        ..MelParams::default()
    }
}

fn htk(framing: Framing) -> MelParams {
    MelParams { mels: 32, window: Window::PeriodicHann, framing, min_frames: 1, ..MelParams::default() }
}

#[test]
fn default_features_are_those_of_the_speech_experiment() {
    assert_features(MelParams::default(), &signal("x8"), "script_x8");
}

#[test]
fn short_clips_are_padded_as_in_the_speech_experiment() {
    assert_features(MelParams::default(), &signal("short"), "script_short");
}

#[test]
fn silence_is_the_floor() {
    assert_features(MelParams::default(), &[0.0; 3_000], "script_silence");
}

#[test]
fn filter_banks_agree_with_both_references() {
    assert_close(&FilterBank::new(&MelParams::default()).matrix(), &golden("script_bank"), 1e-6);
    let params = slaney(Framing::Inside, Spectrum::Power);
    assert_close(&FilterBank::new(&params).matrix(), &golden("slaney_bank"), 1e-7);
}

#[test]
fn slaney_features_agree_with_librosa() {
    let x = signal("x22");
    assert_features(slaney(Framing::Centered, Spectrum::Power), &x, "slaney_centered_power");
    assert_features(slaney(Framing::Inside, Spectrum::Magnitude), &x, "slaney_inside_magnitude");
}

#[test]
fn htk_features_agree_with_librosa() {
    let x = signal("x8");
    assert_features(htk(Framing::Centered), &x, "htk_centered_power");
    assert_features(htk(Framing::Inside), &x, "htk_inside_power");
}
