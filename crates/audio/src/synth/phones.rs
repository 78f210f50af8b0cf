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

#[cfg(test)]
mod tests {
    use ndarray_rand::rand::SeedableRng;

    use super::*;

    /// That numbers are drawn from a range: none lies beyond it, and they come near both ends.
    #[track_caller]
    fn fill(what: &str, low: f32, high: f32, numbers: impl Iterator<Item = f32>) {
        let (least, most) =
            numbers.fold((f32::MAX, f32::MIN), |(least, most), x| (x.min(least), x.max(most)));
        let near = 0.06 * (high - low);
        assert!((low..low + near).contains(&least), "{what}: {least} is the least of {low} to {high}");
        assert!((high - near..=high).contains(&most), "{what}: {most} is the most of {low} to {high}");
    }

    #[test]
    fn consonants_are_fricatives_plosives_nasals_and_glides_as_often_and_as_long_as_said() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let mut kinds: [Vec<Target>; 6] = Default::default();
        for _ in 0..4_000 {
            let mut targets = Vec::new();
            consonant(&mut rng, 2.0, &mut targets);
            match targets[..] {
                [closure, burst, release] => {
                    for (k, target) in [(1, closure), (2, burst), (3, release)] {
                        kinds[k].push(target);
                    }
                }
                [one] if one.hiss > 0.0 => kinds[0].push(one),
                [one] if one.voice == 0.25 => kinds[4].push(one),
                [one] => kinds[5].push(one),
                _ => panic!("{} targets", targets.len()),
            }
        }
        let shares = kinds.each_ref().map(|kind| (kind.len() as f32 / 400.0).round());
        assert_eq!(shares, [3.0, 4.0, 4.0, 4.0, 2.0, 1.0], "of ten");
        let [fricatives, closures, bursts, releases, nasals, glides] = &kinds;
        let seconds = |kind: &[Target]| kind.iter().map(|t| t.seconds).collect::<Vec<_>>().into_iter();

        // What is stretched lasts twice as long here.
        fill("fricative", 0.14, 0.34, seconds(fricatives));
        fill("closure", 0.03, 0.08, seconds(closures));
        fill("release", 0.01, 0.05, seconds(releases));
        fill("nasal", 0.1, 0.22, seconds(nasals));
        fill("glide", 0.1, 0.18, seconds(glides));
        assert!(bursts.iter().all(|t| t.seconds == 0.012));

        fill("hiss of fricatives", 0.1, 0.5, fricatives.iter().map(|t| t.hiss));
        let she = |t: &&Target| t.hiss_band[0] < 3_000.0 && t.hiss_band[1] < 1_000.0;
        fill("she", 0.9 * 2_600.0, 1.1 * 2_600.0, fricatives.iter().filter(she).map(|t| t.hiss_band[0]));
        fill("its width", 0.9 * 900.0, 1.1 * 900.0, fricatives.iter().filter(she).map(|t| t.hiss_band[1]));
        fill("hiss of bursts", 0.3, 0.9, bursts.iter().map(|t| t.hiss));
        fill("breath", 0.1, 0.4, releases.iter().map(|t| t.breath).filter(|breath| *breath != 0.05));
        fill("nasal, second formant", 900.0, 1_800.0, nasals.iter().map(|t| t.formants[1]));
        fill("glide, second formant", 700.0, 2_200.0, glides.iter().map(|t| t.formants[1]));
        fill("glide, third formant", 1_600.0, 2_800.0, glides.iter().map(|t| t.formants[2]));

        // Two of five are voiced: with a murmur, and the less breath.
        let voiced = |kind: &[Target], voice: f32| {
            assert!(kind.iter().all(|t| t.voice == voice || t.voice == 0.0));
            (10.0 * kind.iter().filter(|t| t.voice == voice).count() as f32 / kind.len() as f32).round()
        };
        assert_eq!([voiced(fricatives, 0.3), voiced(closures, 0.08)], [4.0, 4.0]);
        for (closure, (burst, release)) in closures.iter().zip(bursts.iter().zip(releases)) {
            assert_eq!(closure.voice == 0.08, release.breath == 0.05);
            let second = closure.formants[1];
            assert!(PLOSIVES.contains(&(burst.hiss_band, second)));
            assert_eq!([closure, burst, release].map(|t| t.formants), [[300.0, second, 2_500.0]; 3]);
        }
        assert!(nasals.iter().all(|t| t.formants[0] == 260.0 && t.formants[2] == 2_300.0));
        assert!(glides.iter().all(|t| t.voice == 0.5 && t.formants[0] == 340.0));
    }

    #[test]
    fn a_word_is_one_to_three_syllables_around_a_vowel_between_pauses() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let words: Vec<Vec<Target>> = (0..3_000).map(|_| word(&mut rng)).collect();
        fill("pause before", 0.02, 0.08, words.iter().map(|word| word[0].seconds));
        fill("pause after", 0.02, 0.12, words.iter().map(|word| word[word.len() - 1].seconds));
        let silent = |t: &Target| t.voice == 0.0 && t.breath == 0.0 && t.hiss == 0.0;
        assert!(words.iter().all(|word| silent(&word[0]) && silent(&word[word.len() - 1])));
        let vowel = |t: &&Target| t.breath == 0.02;
        let vowels = |word: &Vec<Target>| word.iter().filter(vowel).count();
        assert!(words.iter().all(|word| (1..=6).contains(&vowels(word))), "each perhaps with a glide");
        fill("voice", 0.6, 1.0, words.iter().flatten().filter(vowel).map(|t| t.voice));
        // Alone, with no stretch of others: 0.7 · 0.1 to 1.35 · 0.24 seconds.
        fill(
            "the only vowel",
            0.07,
            0.324,
            words
                .iter()
                .filter(|word| vowels(word) == 1)
                .map(|word| word.iter().find(vowel).expect("one").seconds),
        );
        // The first formant of [a] is 740 Hz, that of [i] 290, in average adults; speakers vary by 7 %.
        fill(
            "first formant",
            0.93 * 290.0,
            1.07 * 740.0,
            words.iter().flatten().filter(vowel).map(|t| t.formants[0]),
        );
    }
}
