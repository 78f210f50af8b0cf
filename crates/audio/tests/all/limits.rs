//! Every number of a configuration has a rule, and what no memory holds is refused before it is computed.

use gradbook_audio::{
    Audio, Compression, Corpus, CorpusConfig, Encoding, Error, HoldOut, MelParams, Pcen, Source,
    Standardization, Storage, Synthetic, wav,
};

#[test]
fn settings_of_a_corpus_have_their_rules() {
    let rule = |config: CorpusConfig| config.check().expect_err("refused").to_string();
    let clips = |clips| CorpusConfig {
        source: Source::Synthetic(Synthetic { clips, seed: 0 }),
        ..CorpusConfig::default()
    };
    assert_eq!(rule(clips(2)), "source.synthetic.clips = 2: 3 to 1,000,000 clips");
    assert_eq!(rule(clips(1_000_001)), "source.synthetic.clips = 1000001: 3 to 1,000,000 clips");
    assert!(clips(3).check().is_ok() && clips(1_000_000).check().is_ok());
    let standard = |mean, deviation| CorpusConfig {
        standardization: Some(Standardization { mean, deviation }),
        ..clips(3)
    };
    assert_eq!(rule(standard(f32::NAN, 1.0)), "standardization.mean = NaN: finite");
    assert_eq!(rule(standard(0.0, 0.0)), "standardization.deviation = 0: positive and finite");
    assert_eq!(rule(standard(0.0, f32::INFINITY)), "standardization.deviation = inf: positive and finite");
    assert!(standard(-6.0, 3.7).check().is_ok());
    let mel = |mel| CorpusConfig { mel, ..clips(3) };
    assert_eq!(rule(mel(MelParams { mels: 0, ..MelParams::open() })), "mel.mels = 0: 1 to 4,096 bands");
    assert!(
        rule(mel(MelParams { mels: 1_000, n_fft: 1_024, ..MelParams::open() }))
            .starts_with("mel.mels = 1000: at most the 513 bins")
    );
    assert_eq!(
        rule(CorpusConfig { test: HoldOut::EveryNth(0), ..clips(3) }),
        "test.every_nth = 0: 1 or more, such as 10 for every 10th clip"
    );
    assert!(
        rule(CorpusConfig { test: HoldOut::Glob("[".into()), ..clips(3) })
            .starts_with("test.glob = [: not a glob")
    );
}

#[test]
fn every_parameter_has_its_limits() {
    let rule = |edit: &dyn Fn(&mut MelParams)| {
        let mut params = MelParams::default();
        edit(&mut params);
        params.validate().map_err(|error| error.to_string())
    };
    assert!(rule(&|_| {}).is_ok());
    for (edit, wanted) in [
        (
            &(|p: &mut MelParams| p.sample_rate = 999) as &dyn Fn(&mut MelParams),
            "sample_rate = 999: 1,000 to 768,000 Hz",
        ),
        (&|p| p.sample_rate = 768_001, "sample_rate = 768001: 1,000 to 768,000 Hz"),
        (&|p| p.n_fft = 1, "n_fft = 1: 2 to 65,536 samples"),
        (&|p| p.n_fft = 65_537, "n_fft = 65537: 2 to 65,536 samples"),
        (&|p| p.hop = 0, "hop = 0: 1 to n_fft samples"),
        (&|p| p.hop = 257, "hop = 257: 1 to n_fft samples"),
        (&|p| p.win_length = 257, "win_length = 257: hop to n_fft samples, or 0 for all of n_fft"),
        (&|p| p.win_length = 63, "win_length = 63: hop to n_fft samples, or 0 for all of n_fft"),
        (&|p| p.mels = 0, "mels = 0: 1 to 4,096 bands"),
        (&|p| p.mels = 130, "mels = 130: at most the 129 bins of n_fft = 256: fewer bands or a longer n_fft"),
        (&|p| p.f_min = -1.0, "f_min = -1: 0 Hz or more and below f_max"),
        (&|p| p.f_min = 4_000.0, "f_min = 4000: 0 Hz or more and below f_max"),
        (&|p| p.f_max = 4_000.5, "f_max = 4000.5: at most half the sample rate"),
        (&|p| p.floor = 0.0, "floor = 0: positive and finite"),
        (&|p| p.floor = f32::INFINITY, "floor = inf: positive and finite"),
        (&|p| p.min_frames = 0, "min_frames = 0: 1 to 65,536 frames"),
        (&|p| p.min_frames = 65_537, "min_frames = 65537: 1 to 65,536 frames"),
    ] {
        assert_eq!(rule(edit).expect_err(wanted), wanted);
    }
    for edit in [
        &(|p: &mut MelParams| p.mels = 129) as &dyn Fn(&mut MelParams),
        &|p| p.hop = 256,
        &|p| p.win_length = 256,
        &|p| p.win_length = 64,
        &|p| p.min_frames = 65_536,
        &|p| (p.n_fft, p.hop) = (65_536, 1),
    ] {
        rule(edit).expect("at its limit");
    }
}

#[test]
fn every_number_of_pcen_has_its_limits() {
    let rule = |edit: &dyn Fn(&mut Pcen)| {
        let mut pcen = Pcen::default();
        edit(&mut pcen);
        let params = MelParams { compression: Compression::Pcen(pcen), ..MelParams::default() };
        params.validate().map_err(|error| error.to_string())
    };
    assert!(rule(&|_| {}).is_ok() && rule(&|p| (p.gain, p.bias, p.power) = (1.0, 0.0, 1.0)).is_ok());
    for (edit, wanted) in [
        (&(|p: &mut Pcen| p.gain = 1.01) as &dyn Fn(&mut Pcen), "gain = 1.01: 0 to 1"),
        (&|p| p.gain = f32::NAN, "gain = NaN: 0 to 1"),
        (&|p| p.bias = -1.0, "bias = -1: 0 or more, and finite"),
        (&|p| p.power = 0.0, "power = 0: above 0 and at most 1"),
        (&|p| p.time_constant = 0.0, "time_constant = 0: 0.001 to 3,600 seconds"),
        (&|p| p.eps = 0.0, "eps = 0: positive and finite"),
        (&|p| p.scale = f32::INFINITY, "scale = inf: positive and finite"),
    ] {
        assert_eq!(rule(edit).expect_err(wanted), format!("compression.pcen.{wanted}"));
    }
}

#[test]
fn features_beyond_memory_are_refused_before_any_is_computed() {
    let mel = MelParams { n_fft: 8_192, hop: 1, mels: 4_096, min_frames: 1, ..MelParams::default() };
    let config = |clips, storage| CorpusConfig {
        source: Source::Synthetic(Synthetic { clips, seed: 0 }),
        mel: mel.clone(),
        storage,
        ..CorpusConfig::default()
    };
    let load = |config: &CorpusConfig| Corpus::load(config, &|_, _| panic!("nothing is computed"));
    // 600 clips of 9,600 samples at most, each sample a frame of 4,096 numbers of 4 bytes
    match load(&config(600, Storage::Memory)).expect_err("94 GB") {
        Error::TooLarge { gigabytes, most } => {
            assert!((gigabytes - 94.4).abs() < 0.1 && most == 16.0, "{gigabytes} of {most}");
        }
        other => panic!("{other}"),
    }
    let folder = tempfile::tempdir().expect("a folder");
    for i in 0..3 {
        let audio = Audio { samples: vec![0.1; 500_000], sample_rate: 8_000 };
        wav::write(&folder.path().join(format!("{i}.wav")), &audio, Encoding::Pcm16).expect("a file");
    }
    let recordings =
        CorpusConfig { source: Source::Folder(folder.path().into()), ..config(2, Storage::Memory) };
    match load(&recordings).expect_err("24.6 GB") {
        Error::TooLarge { gigabytes, .. } => assert!((gigabytes - 24.6).abs() < 0.1, "{gigabytes}"),
        other => panic!("{other}"),
    }
    // Kept on disk, the longest recording alone counts: of 500,000 samples 8.2 GB, of a million 16.4.
    let audio = Audio { samples: vec![0.1; 1_000_000], sample_rate: 8_000 };
    wav::write(&folder.path().join("long.wav"), &audio, Encoding::Pcm8).expect("a file");
    let on_disk = CorpusConfig { storage: Storage::Disk(folder.path().join("frames")), ..recordings };
    match load(&on_disk).expect_err("16.4 GB") {
        Error::TooLarge { gigabytes, .. } => assert!((gigabytes - 16.4).abs() < 0.1, "{gigabytes}"),
        other => panic!("{other}"),
    }
}
