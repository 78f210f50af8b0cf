//! Windows shorter than a frame, mirrored ends and other compressions: numbers of librosa 0.11 (and NumPy 2.4) in double
//! precision, for twelve samples and for the front ends of HiFi-GAN, Vocos and Whisper at their own sizes.

use gradbook_audio::{Compression, Framing, LogMel, MelNorm, MelParams, MelScale, Pcen, Spectrum, Window};
use ndarray::Array2;

use crate::pinned::{SAMPLES, small};

const LN_HALF: f64 = -std::f64::consts::LN_2; // what a clamp at 0.5 leaves of less

fn frames(params: MelParams, samples: &[f32]) -> Array2<f32> {
    LogMel::new(params).expect("legal").compute(samples)
}

#[track_caller]
fn close(frames: &Array2<f32>, frame: usize, bands: &[usize], wanted: &[f64], tolerance: f64) {
    for (band, wanted) in bands.iter().zip(wanted) {
        let found = f64::from(frames[[frame, *band]]);
        assert!((found - wanted).abs() < tolerance, "frame {frame}, band {band} is {found}, wanted {wanted}");
    }
}

/// librosa.stft(x, n_fft=8, win_length=…, hop_length=2)
#[test]
fn a_window_shorter_than_the_frame_is_that_of_librosa() {
    let odd = MelParams { win_length: 5, framing: Framing::Centered, ..small() };
    let found = frames(odd, &SAMPLES);
    assert_eq!(found.dim(), (7, 3));
    close(&found, 0, &[0, 1, 2], &[-3.325002241, -1.698785639, -1.108720285], 1e-5);
    close(&found, 3, &[0, 1, 2], &[-2.481691421, -0.490869655, 0.3893484], 1e-5);
    let found = frames(MelParams { win_length: 6, ..small() }, &SAMPLES);
    assert_eq!(found.dim(), (3, 3));
    close(&found, 0, &[0, 1, 2], &[-4.409224771, -1.305374189, 1.139254303], 1e-5);
    close(&found, 2, &[0, 1, 2], &[-4.069622189, -2.202738633, -0.578810748], 1e-5);
    let whole = MelParams { win_length: 8, ..small() };
    assert_eq!(frames(whole, &SAMPLES), frames(small(), &SAMPLES), "all of the frame is the default");
}

#[test]
fn mirrored_ends_are_those_of_numpy() {
    let clamp = MelParams {
        framing: Framing::Reflected,
        spectrum: Spectrum::Magnitude,
        compression: Compression::LnClamp,
        floor: 0.5,
        ..small()
    };
    let found = frames(clamp, &SAMPLES);
    assert_eq!(found.dim(), (7, 3));
    close(&found, 0, &[0, 1, 2], &[LN_HALF, LN_HALF, -0.142490908], 1e-5);
    close(&found, 1, &[0, 1, 2], &[LN_HALF, -0.437851082, 0.538178389], 1e-5);
    close(&found, 6, &[0, 1, 2], &[LN_HALF, LN_HALF, 0.251945736], 1e-5);
    // Three samples, mirrored by four on either side: more than they are.
    let found = frames(MelParams { framing: Framing::Reflected, ..small() }, &SAMPLES[..3]);
    assert_eq!(found.dim(), (2, 3));
    close(&found, 0, &[0, 1, 2], &[-3.894392343, -2.406961718, -0.824053010], 1e-5);
    close(&found, 1, &[0, 1, 2], &[-4.374937025, -2.976314058, -1.601107467], 1e-5);
    let per_hop = MelParams { framing: Framing::PerHop, min_frames: 4, ..small() };
    assert_eq!([0, 1, 8, 9, 10, 12].map(|samples| per_hop.frames(samples)), [4, 4, 4, 4, 5, 6]);
    assert_eq!(per_hop.samples(6), 12);
}

#[test]
fn short_recordings_are_lengthened_by_zeros_before_they_are_mirrored() {
    for framing in [Framing::Reflected, Framing::PerHop] {
        let params = MelParams { framing, min_frames: 9, ..small() };
        let zeros = [&SAMPLES[..], &[0.0; 8]].concat();
        let long = &zeros[..params.samples(9)];
        assert_eq!(frames(params.clone(), &SAMPLES), frames(params.clone(), long), "{framing:?}");
        let silent = frames(params.clone(), &[]);
        assert!(silent.iter().all(|level| *level == params.silence()), "{framing:?}");
    }
}

#[test]
fn logarithms_of_ten_and_pcen_are_those_of_librosa() {
    let log10 = MelParams { compression: Compression::Log10Clamp, floor: 0.1, ..small() };
    let found = frames(log10, &SAMPLES);
    close(&found, 0, &[0, 1, 2], &[-1.0, -0.490790066, 0.582530840], 1e-5);
    close(&found, 1, &[0, 1, 2], &[-1.0, -0.349401107, 0.408786452], 1e-5);
    // librosa.pcen(2³¹ E, sr=8000, hop_length=2, zi=(1 − b) 2³¹ E₀) of magnitudes: its level starts at the first frame.
    let pcen = |pcen| {
        let compression = Compression::Pcen(pcen);
        frames(MelParams { compression, spectrum: Spectrum::Magnitude, ..small() }, &SAMPLES)
    };
    let found = pcen(Pcen::default());
    close(&found, 0, &[0, 1, 2], &[0.438314336, 0.458792720, 0.472907133], 1e-5);
    close(&found, 2, &[0, 1, 2], &[0.668383762, 0.431994783, 0.250729874], 1e-5);
    let found = pcen(Pcen { time_constant: 0.002, gain: 0.8, bias: 10.0, power: 0.25, ..Pcen::default() });
    close(&found, 0, &[0, 1, 2], &[0.829185350, 1.123244886, 1.352140254], 1e-5);
    close(&found, 2, &[0, 1, 2], &[1.012280537, 1.059586931, 0.948368070], 1e-5);
}

/// 0.4 sin 0.1n + 0.2 n/1536 sin 0.71n
fn two_tones() -> Vec<f32> {
    let at = |n: f64| 0.4 * (0.1 * n).sin() + 0.2 * n / 1_536.0 * (0.71 * n).sin();
    (0..1_536).map(|n| at(f64::from(n)) as f32).collect()
}

fn vocos() -> MelParams {
    MelParams {
        sample_rate: 24_000,
        n_fft: 1_024,
        hop: 256,
        mels: 100,
        f_max: 12_000.0,
        window: Window::PeriodicHann,
        spectrum: Spectrum::Magnitude,
        framing: Framing::Reflected,
        compression: Compression::LnClamp,
        floor: 1e-7,
        min_frames: 1,
        ..MelParams::default()
    }
}

/// ln(max(bank · √(|X|² + 1e-9), 1e-5)), both ends mirrored by 384 samples: its `mel_spectrogram`, whose 1e-9 counts for
/// nothing in bands that are heard.
#[test]
fn mels_of_hifi_gan_are_its_own() {
    let params = MelParams {
        sample_rate: 22_050,
        mels: 80,
        f_max: 8_000.0,
        scale: MelScale::Slaney,
        norm: MelNorm::Area,
        framing: Framing::PerHop,
        floor: 1e-5,
        ..vocos()
    };
    let found = frames(params, &two_tones());
    assert_eq!(found.dim(), (6, 80));
    let bands = [0, 4, 9, 29, 59, 79];
    close(
        &found,
        0,
        &bands,
        &[-1.158178742, -0.824730207, 0.889990794, -3.372896675, -5.690200438, -6.905490638],
        1e-3,
    );
    close(
        &found,
        5,
        &bands,
        &[-1.186682031, -0.871530189, 0.708175128, -5.299026806, -3.709929566, -5.379030603],
        1e-3,
    );
    close(&found, 3, &[9, 59, 79], &[0.886144401, -11.512925465, -11.512925465], 1e-3); // ln 1e-5 is the clamp
}

/// ln(max(bank · |X|, 1e-7)), frames centered, ends mirrored: its `MelSpectrogramFeatures` with `padding="center"`.
#[test]
fn mels_of_vocos_are_its_own() {
    let found = frames(vocos(), &two_tones());
    assert_eq!(found.dim(), (7, 100));
    let bands = [0, 4, 9, 29, 59, 99];
    close(
        &found,
        0,
        &bands,
        &[1.925471812, 2.151778803, 2.730575521, 1.128833923, -0.541233965, -1.193769336],
        1e-3,
    );
    close(
        &found,
        6,
        &bands,
        &[1.895775730, 2.116529964, 2.672788054, 0.469665970, 1.955740878, 0.301469445],
        1e-3,
    );
    close(&found, 3, &[0, 4, 9], &[-4.558021495, -3.951718056, -2.054785923], 1e-3);
}

/// log₁₀(max(bank · |X|², 1e-10)), before the bound and the scale that depend on the whole recording.
#[test]
fn mels_of_whisper_are_its_own() {
    let params = MelParams {
        sample_rate: 16_000,
        n_fft: 400,
        hop: 160,
        mels: 80,
        f_max: 8_000.0,
        scale: MelScale::Slaney,
        norm: MelNorm::Area,
        spectrum: Spectrum::Power,
        compression: Compression::Log10Clamp,
        floor: 1e-10,
        ..vocos()
    };
    let found = frames(params, &two_tones());
    assert_eq!(found.dim(), (10, 80));
    let bands = [0, 4, 9, 29, 59, 79];
    close(
        &found,
        0,
        &bands,
        &[0.230081402, 1.155512211, 0.185329614, -2.321584580, -4.237880457, -4.997068346],
        1e-3,
    );
    close(&found, 3, &bands[..3], &[-3.713016307, 0.214571191, -1.984614418], 1e-3);
}

#[test]
fn every_compression_but_pcen_becomes_sound_again() {
    let tone: Vec<f32> = (0..6_000).map(|n| 0.3 * (0.3 * n as f32).sin()).collect();
    for (compression, framing, win_length) in [
        (Compression::LnClamp, Framing::Reflected, 0),
        (Compression::Log10Clamp, Framing::PerHop, 0),
        (Compression::Ln, Framing::PerHop, 200),
    ] {
        let scale = if compression == Compression::Log10Clamp { std::f32::consts::LN_10 } else { 1.0 };
        let params = MelParams { compression, framing, win_length, ..MelParams::default() };
        let mel = LogMel::new(params).expect("legal");
        let wanted = mel.compute(&tone);
        let found = mel.compute(&mel.invert(&wanted, 32, 0));
        let off = scale * (&found - &wanted).mapv(f32::abs).mean().expect("frames");
        assert!(off < 0.5, "mean |Δ ln power| = {off} with {:?}", mel.params().compression);
    }
}

#[test]
#[should_panic(expected = "a number of PCEN depends on the frames before it")]
fn pcen_does_not() {
    let pcen = MelParams { compression: Compression::Pcen(Pcen::default()), ..MelParams::default() };
    LogMel::new(pcen).expect("legal").invert(&Array2::zeros((4, 80)), 1, 0);
}

#[test]
fn configurations_from_before_mean_what_they_meant() {
    let text = r#"{ "sample_rate": 8000, "n_fft": 256, "hop": 64, "mels": 80, "f_min": 0.0, "f_max": 4000.0, "scale": "htk",
        "norm": "peak", "window": "hann", "spectrum": "power", "framing": "inside", "floor": 1e-5, "min_frames": 32 }"#;
    assert_eq!(serde_json::from_str::<MelParams>(text).expect("an old file"), MelParams::default());
    let text = r#"{ "framing": "per_hop", "compression": { "pcen": { "gain": 0.5 } } }"#;
    let found: MelParams = serde_json::from_str(text).expect("a new one");
    assert_eq!(found.compression, Compression::Pcen(Pcen { gain: 0.5, ..Pcen::default() }));
    // What is left open follows the window.
    let fitted = MelParams { win_length: 1_200, ..MelParams::open() }.fitted(24_000);
    assert_eq!((fitted.n_fft, fitted.hop), (2_048, 300));
}
