//! Numbers worked out by hand, by SciPy 1.17 or by librosa 0.11, at sizes one can follow on paper.

use gradbook_audio::{
    Audio, Encoding, FilterBank, Framing, LogMel, MelNorm, MelParams, MelScale, Spectrum, Window, resample,
    wav,
};

/// Twelve samples, cut into frames of eight.
pub const SAMPLES: [f32; 12] = [0.5, -0.25, 0.125, 1.0, -1.0, 0.75, 0.3, -0.6, 0.2, 0.1, -0.4, 0.9];

pub fn small() -> MelParams {
    MelParams {
        n_fft: 8,
        hop: 2,
        mels: 3,
        window: Window::PeriodicHann,
        floor: 1e-2,
        min_frames: 1,
        ..MelParams::default()
    }
}

#[track_caller]
fn close(found: &[f32], wanted: &[f64], tolerance: f64) {
    assert_eq!(found.len(), wanted.len());
    for (i, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let off = (f64::from(*found) - wanted).abs();
        assert!(off <= tolerance, "number {i} is {found}, wanted {wanted}");
    }
}

fn row(params: MelParams, frame: usize) -> Vec<f32> {
    LogMel::new(params).expect("legal").compute(&SAMPLES).row(frame).to_vec()
}

#[test]
fn windows_are_those_of_numpy_and_scipy() {
    close(&Window::Hann.coefficients(5), &[0.0, 0.5, 1.0, 0.5, 0.0], 1e-7); // numpy.hanning(5)
    let periodic = [0.0, 0.3454915, 0.9045085, 0.9045085, 0.3454915]; // scipy.signal.get_window("hann", 5)
    close(&Window::PeriodicHann.coefficients(5), &periodic, 1e-7);
    close(&Window::Hann.coefficients(1), &[0.0], 0.0);
    assert!(Window::Hann.coefficients(0).is_empty());
}

#[test]
fn mel_scales_are_those_of_librosa() {
    for (scale, hz, mel) in [
        (MelScale::Slaney, 500.0, 7.5),
        (MelScale::Slaney, 1_000.0, 15.0),
        (MelScale::Slaney, 2_000.0, 25.08188015730832),
        (MelScale::Slaney, 6_400.0, 42.0),
        (MelScale::Htk, 100.0, 150.48910240709708),
        (MelScale::Htk, 700.0, 781.1728387480312),
        (MelScale::Htk, 4_000.0, 2146.06452750619),
    ] {
        assert!((scale.mel(hz) - mel).abs() < 1e-9, "{scale:?} of {hz} Hz: {}", scale.mel(hz));
        assert!((scale.hz(mel) - hz).abs() < 1e-9, "{scale:?} back from {mel}: {}", scale.hz(mel));
    }
}

#[test]
fn a_filter_bank_of_three_bands_is_that_of_librosa() {
    // librosa.filters.mel(sr=8000, n_fft=8, n_mels=3, htk=True, norm=None)
    let bank = FilterBank::new(&small()).matrix();
    let wanted = [
        [0.0, 0.16569184, 0.0, 0.0, 0.0],
        [0.0, 0.83430815, 0.19871527, 0.0, 0.0],
        [0.0, 0.0, 0.80128473, 0.5617236, 0.0],
    ];
    for (found, wanted) in bank.rows().into_iter().zip(wanted) {
        close(&found.to_vec(), &wanted, 1e-6);
    }
    let (mut mel, mut back) = ([0.0; 3], [7.0; 5]);
    let bank = FilterBank::new(&small());
    bank.apply(&[9.0, 1.0, 2.0, 10.0, 9.0], &mut mel);
    close(&mel, &[0.16569184, 0.83430815 + 2.0 * 0.19871527, 2.0 * 0.80128473 + 5.617236], 1e-6);
    bank.apply_transposed(&[1.0, 2.0, 3.0], &mut back);
    let wanted =
        [0.0, 0.16569184 + 2.0 * 0.83430815, 2.0 * 0.19871527 + 3.0 * 0.80128473, 3.0 * 0.5617236, 0.0];
    close(&back, &wanted, 1e-6);
}

#[test]
fn a_filter_bank_of_area_one_between_two_frequencies_is_that_of_librosa() {
    // librosa.filters.mel(sr=16000, n_fft=64, n_mels=4, fmin=200, fmax=6000)
    let params = MelParams {
        sample_rate: 16_000,
        n_fft: 64,
        hop: 16,
        mels: 4,
        f_min: 200.0,
        f_max: 6_000.0,
        scale: MelScale::Slaney,
        norm: MelNorm::Area,
        ..MelParams::default()
    };
    let bank = FilterBank::new(&params).matrix();
    let first = bank.row(0).to_vec();
    close(&first[..6], &[0.0, 0.000187992, 0.00112795, 0.00175803, 0.000875811, 0.0], 1e-8);
    let last = bank.row(3).to_vec();
    close(
        &last[8..16],
        &[0.0, 5.08704e-05, 0.00013952, 0.00022817, 0.000316819, 0.000405469, 0.000494118, 0.000472747],
        1e-8,
    );
    close(&last[22..26], &[0.000105055, 5.25274e-05, 0.0, 0.0], 1e-8);
}

/// ln(bank · |rfft(window · frame)|² + 0.01) in NumPy.
#[test]
fn log_mel_frames_are_those_of_numpy() {
    assert_eq!(LogMel::new(small()).expect("legal").compute(&SAMPLES).dim(), (3, 3));
    close(&row(small(), 0), &[-4.19359455, -1.0995962, 1.34393839], 1e-5);
    close(&row(small(), 1), &[-3.25978641, -0.7824156, 0.94515935], 1e-5);
    close(&row(small(), 2), &[-3.74650882, -1.85330107, -0.0742383], 1e-5);
    let magnitude = MelParams { spectrum: Spectrum::Magnitude, ..small() };
    close(&row(magnitude.clone(), 0), &[-3.24300491, -0.91793192, 0.79050692], 1e-5);
    close(&row(magnitude, 2), &[-2.85649091, -0.98426244, 0.09053954], 1e-5);
    let centered = MelParams { framing: Framing::Centered, ..small() };
    assert_eq!(LogMel::new(centered.clone()).expect("legal").compute(&SAMPLES).dim(), (7, 3));
    close(&row(centered.clone(), 0), &[-3.91056734, -2.08533939, -0.52151281], 1e-5);
    close(&row(centered, 6), &[-2.55419337, -0.75087372, -0.02479383], 1e-5);
}

#[test]
fn frames_and_samples_are_counted() {
    let inside = MelParams::default();
    let centered = MelParams { framing: Framing::Centered, ..inside.clone() };
    let odd = MelParams { n_fft: 255, min_frames: 1, ..centered.clone() };
    assert_eq!([255, 256, 2240, 2303, 2304].map(|n| inside.frames(n)), [32, 32, 32, 32, 33]);
    assert_eq!([8_000, 8_063, 8_064].map(|n| centered.frames(n)), [126, 126, 127]);
    assert_eq!([0, 1, 2, 3, 126].map(|n| inside.samples(n)), [0, 256, 320, 384, 8_256]);
    assert_eq!([0, 1, 126].map(|n| centered.samples(n)), [0, 0, 8_000]);
    assert_eq!((odd.bins(), odd.frames(1), odd.frames(65), odd.samples(2)), (128, 1, 2, 65));
    let short = MelParams { min_frames: 5, ..inside };
    assert_eq!([0, 256, 512, 576].map(|n| short.frames(n)), [5, 5, 5, 6]);
}

#[test]
fn open_parameters_fit_the_sample_rate_and_the_bands() {
    let fitted = |mels, rate| {
        let MelParams { sample_rate, n_fft, hop, f_max, .. } =
            MelParams { mels, ..MelParams::open() }.fitted(rate);
        assert_eq!((sample_rate, f_max), (rate, rate as f32 / 2.0));
        (n_fft, hop)
    };
    let rates = [8_000, 16_000, 22_050, 48_000, 96_000].map(|rate| fitted(80, rate));
    assert_eq!(rates, [(256, 64), (512, 128), (512, 128), (1_024, 256), (2_048, 512)]);
    // Where 32 ms have fewer bins than there are bands, more samples do.
    assert_eq!(
        [fitted(80, 1_000), fitted(129, 8_000), fitted(130, 8_000)],
        [(256, 64), (256, 64), (512, 128)]
    );
    for mels in [1, 2, 3, 79, 80, 81, 4_096] {
        MelParams { mels, ..MelParams::open() }.fitted(8_000).validate().expect("what is fitted is legal");
    }
}

#[test]
fn a_configuration_says_what_is_fitted_only_once_it_is() {
    let fitting = ["sample_rate", "n_fft", "hop", "f_max"];
    let has =
        |mel: &MelParams, key: &str| serde_json::to_value(mel).expect("plain numbers").get(key).is_some();
    assert!(fitting.iter().all(|key| !has(&MelParams::open(), key)), "0 stands for what is left out");
    assert!(fitting.iter().all(|key| has(&MelParams::default(), key)));
    let open = MelParams::open();
    assert_eq!((open.sample_rate, open.n_fft, open.hop, open.f_max), (0, 0, 0, 0.0));
    // What is given stays, and the rest follows from it: a quarter of the frame, half of the rate.
    let given = MelParams { sample_rate: 16_000, n_fft: 400, ..open }.fitted(44_100);
    assert_eq!((given.sample_rate, given.n_fft, given.hop, given.f_max), (16_000, 400, 100, 8_000.0));
    let given = MelParams { hop: 160, f_max: 3_500.0, ..MelParams::open() }.fitted(16_000);
    assert_eq!((given.sample_rate, given.n_fft, given.hop, given.f_max), (16_000, 512, 160, 3_500.0));
}

#[test]
fn full_scale_of_other_widths_is_theirs() {
    let levels = |encoding, samples: &[f32]| -> Vec<i32> {
        let bytes =
            wav::encode(&Audio { samples: samples.to_vec(), sample_rate: 8_000 }, encoding).expect("sound");
        hound::WavReader::new(&bytes[..]).expect("a file").samples().map(|x| x.expect("a level")).collect()
    };
    assert_eq!(levels(Encoding::Pcm8, &[0.5, -1.0, 1.0, -3.0]), [64, -128, 127, -128]);
    assert_eq!(levels(Encoding::Pcm24, &[0.5, -1.0, 1.0]), [1 << 22, -(1 << 23), (1 << 23) - 1]);
    assert_eq!(levels(Encoding::Pcm32, &[0.5, -1.0, 1.0]), [1 << 30, i32::MIN, i32::MAX]);
}

#[test]
fn a_constant_stays_what_it_is_at_another_rate() {
    let ours = resample(&[0.5; 16_000], 16_000, 8_000);
    assert_eq!(ours.len(), 8_000);
    assert!(ours[2_000..6_000].iter().all(|x| (x - 0.5).abs() < 1e-4));
    assert_eq!(resample(&SAMPLES, 8_000, 8_000), SAMPLES);
}
