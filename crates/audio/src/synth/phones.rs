//! The sounds of the synthetic language, each a list of articulation targets, and how they make words.

use ndarray_rand::rand::Rng;
use rand_chacha::ChaCha8Rng;

/// What the mouth does for a while.
#[derive(Clone, Copy)]
pub(super) struct Target {
    /// How long, in seconds.
    pub(super) seconds: f32,
    /// Strength of the glottal pulses, of breath through the formants, and of turbulence at the lips.
    pub(super) voice: f32,
    pub(super) breath: f32,
    pub(super) hiss: f32,
    /// Center and width of the turbulence, in Hz.
    pub(super) hiss_band: [f32; 2],
    /// The first three formants of an average tract, in Hz.
    pub(super) formants: [f32; 3],
}

const REST: Target = Target {
    seconds: 0.05,
    voice: 0.0,
    breath: 0.0,
    hiss: 0.0,
    hiss_band: [2_500.0, 1_000.0],
    formants: [500.0, 1_500.0, 2_500.0],
};

/// Vowel formants of an average adult, after Peterson & Barney (1952), with a few glides between them.
const VOWELS: [[f32; 3]; 12] = [
    [290.0, 2_300.0, 3_000.0],
    [400.0, 2_050.0, 2_600.0],
    [550.0, 1_850.0, 2_500.0],
    [680.0, 1_750.0, 2_450.0],
    [740.0, 1_150.0, 2_450.0],
    [590.0, 880.0, 2_450.0],
    [450.0, 1_050.0, 2_300.0],
    [330.0, 900.0, 2_250.0],
    [640.0, 1_220.0, 2_400.0],
    [480.0, 1_380.0, 1_700.0],
    [500.0, 1_500.0, 2_500.0],
    [310.0, 1_700.0, 2_200.0],
];
/// Center and width of the turbulence of fricatives: as in see, she, thin, he, fee.
const FRICATIVES: [[f32; 2]; 5] =
    [[3_700.0, 900.0], [2_600.0, 900.0], [3_200.0, 2_500.0], [1_600.0, 1_400.0], [1_100.0, 3_000.0]];
/// The burst of plosives and the second formant they pull to: as in pea, tea, key.
const PLOSIVES: [([f32; 2], f32); 3] =
    [([800.0, 1_200.0], 900.0), ([3_500.0, 1_500.0], 1_800.0), ([1_900.0, 700.0], 2_200.0)];

/// A word of one to three syllables with silence before and after, as targets.
pub(super) fn word(rng: &mut ChaCha8Rng) -> Vec<Target> {
    let pause = |rng: &mut ChaCha8Rng, longest| Target { seconds: rng.random_range(0.02..longest), ..REST };
    let mut targets = vec![pause(rng, 0.08)];
    let syllables = rng.random_range(1..=3);
    for _ in 0..syllables {
        let stretch = rng.random_range(0.7..1.35) / (syllables as f32).sqrt();
        if rng.random_bool(0.85) {
            consonant(rng, stretch, &mut targets);
        }
        let voice = rng.random_range(0.6..1.0);
        let vowel = |rng: &mut ChaCha8Rng, seconds: f32| Target {
            seconds,
            voice,
            breath: 0.02,
            formants: VOWELS[rng.random_range(0..VOWELS.len())].map(|f| f * rng.random_range(0.93..1.07)),
            ..REST
        };
        let seconds = stretch * rng.random_range(0.1..0.24);
        targets.push(vowel(rng, seconds));
        if rng.random_bool(0.6) {
            targets.push(vowel(rng, stretch * 0.12));
        }
        if rng.random_bool(0.45) {
            consonant(rng, stretch, &mut targets);
        }
    }
    targets.push(pause(rng, 0.12));
    targets
}

fn consonant(rng: &mut ChaCha8Rng, stretch: f32, targets: &mut Vec<Target>) {
    let voiced = rng.random_bool(0.4);
    match rng.random_range(0..10) {
        0..=2 => {
            let hiss_band =
                FRICATIVES[rng.random_range(0..FRICATIVES.len())].map(|f| f * rng.random_range(0.9..1.1));
            let (seconds, hiss) = (stretch * rng.random_range(0.07..0.17), rng.random_range(0.1..0.5));
            targets.push(Target { seconds, hiss, hiss_band, voice: if voiced { 0.3 } else { 0.0 }, ..REST });
        }
        3..=6 => {
            let (hiss_band, second) = PLOSIVES[rng.random_range(0..PLOSIVES.len())];
            let formants = [300.0, second, 2_500.0];
            let murmur = if voiced { 0.08 } else { 0.0 };
            let closure = Target { seconds: rng.random_range(0.03..0.08), voice: murmur, formants, ..REST };
            let hiss = rng.random_range(0.3..0.9);
            let burst = Target { seconds: 0.012, hiss, hiss_band, formants, ..REST };
            let breath = if voiced { 0.05 } else { rng.random_range(0.1..0.4) };
            let release = Target { seconds: rng.random_range(0.01..0.05), breath, formants, ..REST };
            targets.extend([closure, burst, release]);
        }
        7..=8 => {
            let formants = [260.0, rng.random_range(900.0..1_800.0), 2_300.0];
            targets.push(Target {
                seconds: stretch * rng.random_range(0.05..0.11),
                voice: 0.25,
                formants,
                ..REST
            });
        }
        _ => {
            let formants = [340.0, rng.random_range(700.0..2_200.0), rng.random_range(1_600.0..2_800.0)];
            targets.push(Target {
                seconds: stretch * rng.random_range(0.05..0.09),
                voice: 0.5,
                formants,
                ..REST
            });
        }
    }
}
