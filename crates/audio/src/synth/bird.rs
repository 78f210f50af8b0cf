//! A bird: whistled chirps, trills, warbles, and harmonic stacks.

use std::f32::consts::{PI, TAU};

use ndarray_rand::rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{RATE, length};

/// What makes a bird recognizable.
pub(super) struct Bird {
    /// Middle of its range, in Hz.
    center: f32,
    /// Notes of a trill per second.
    tempo: f32,
    /// How much weaker each harmonic is than the one below.
    purity: f32,
}

/// One note: a glide from one frequency to another through a bend, perhaps wavering.
struct Note {
    from: f32,
    to: f32,
    bend: f32,
    waver_hz: f32,
    waver: f32,
    harmonics: usize,
    decay: f32,
    level: f32,
}

impl Bird {
    pub(super) fn draw(rng: &mut ChaCha8Rng) -> Self {
        Self {
            center: rng.random_range(1_600.0..2_900.0),
            tempo: rng.random_range(12.0..28.0),
            purity: rng.random_range(0.05..0.2),
        }
    }

    /// Sings phrases with pauses between them for 0.4 to 1.2 s.
    pub(super) fn sing(&self, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let mut out = vec![0.0; length(rng.random_range(0.4..1.2))];
        let mut at = length(rng.random_range(0.01..0.1));
        while at < out.len() {
            let level = rng.random_range(0.15..1.0);
            let note = self.note(rng, level);
            let seconds = rng.random_range(0.04..0.22);
            let repeats = if rng.random_bool(0.35) { rng.random_range(4..14) } else { 1 };
            for _ in 0..repeats {
                let seconds = if repeats > 1 { rng.random_range(0.6..0.8) / self.tempo } else { seconds };
                note.render(out.get_mut(at..).unwrap_or_default(), length(seconds));
                at += if repeats > 1 { length(1.0 / self.tempo) } else { length(seconds) };
            }
            at += length(rng.random_range(0.02..0.16));
        }
        out
    }

    fn note(&self, rng: &mut ChaCha8Rng, level: f32) -> Note {
        let hz = |rng: &mut ChaCha8Rng| self.center * rng.random_range(0.6..1.4_f32);
        let plain = Note {
            from: hz(rng),
            to: hz(rng),
            bend: rng.random_range(-400.0..400.0),
            waver_hz: rng.random_range(12.0..40.0),
            waver: 0.0,
            harmonics: 2,
            decay: self.purity,
            level,
        };
        match rng.random_range(0..4) {
            0 => Note { waver: rng.random_range(100.0..500.0), ..plain },
            1 => {
                let (from, to) = (plain.from * 0.3, plain.to * 0.3);
                Note {
                    from,
                    to,
                    bend: plain.bend * 0.2,
                    harmonics: 9,
                    decay: rng.random_range(0.5..0.95),
                    ..plain
                }
            }
            _ => plain,
        }
    }
}

impl Note {
    /// Adds the note to the first `samples` samples of `out`, as far as they reach.
    fn render(&self, out: &mut [f32], samples: usize) {
        let mut phase = 0.0_f32;
        for (n, y) in out.iter_mut().take(samples).enumerate() {
            let t = n as f32 / samples as f32;
            let waver = self.waver * (TAU * self.waver_hz * n as f32 / RATE as f32).sin();
            let hz = self.from + (self.to - self.from) * t + self.bend * (PI * t).sin() + waver;
            phase = (phase + hz.max(100.0) / RATE as f32).fract();
            let mut strength = self.level * (PI * t).sin();
            for k in 1..=self.harmonics {
                // Harmonics fade out below the Nyquist frequency instead of folding back.
                let room = (1.0 - k as f32 * hz / (0.5 * RATE as f32)).clamp(0.0, 0.1) * 10.0;
                *y += strength * room * (TAU * phase * k as f32).sin();
                strength *= self.decay;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f32::consts::FRAC_1_SQRT_2 as HALF; // sin 45°

    use super::*;

    const PURE: Note = Note {
        from: 1_000.0,
        to: 1_000.0,
        bend: 0.0,
        waver_hz: 0.0,
        waver: 0.0,
        harmonics: 1,
        decay: 0.5,
        level: 0.5,
    };

    #[track_caller]
    fn sounds(note: &Note, wanted: [f32; 8]) {
        let mut out = [1.0; 9];
        note.render(&mut out, 8);
        for (n, (y, wanted)) in out.iter().zip(wanted).enumerate() {
            assert!((y - 1.0 - wanted).abs() < 2e-5, "sample {n}: {}, wanted {wanted}", y - 1.0);
        }
        assert_eq!(out[8], 1.0, "the note is over");
    }

    /// 1,000 Hz turn by an eighth for each sample: level · sin(πn/8) · sin(2π(n + 1)/8).
    #[test]
    fn a_pure_note_swells_and_fades() {
        let swell = [0.0, 0.382_683, HALF, 0.923_880, 1.0, 0.923_880, HALF, 0.382_683].map(|s| 0.5 * s);
        let turn = [HALF, 1.0, HALF, 0.0, -HALF, -1.0, -HALF, 0.0];
        sounds(&PURE, std::array::from_fn(|n| swell[n] * turn[n]));
        // 2,000 Hz at half of that, 3,000 Hz at a quarter, and none at the Nyquist frequency
        let [second, third] = [[1.0, 0.0, -1.0, 0.0], [HALF, -1.0, HALF, 0.0]];
        let third = move |n: usize| if n < 4 { third[n] } else { -third[n - 4] };
        let stack = Note { harmonics: 4, ..PURE };
        sounds(&stack, std::array::from_fn(|n| swell[n] * (turn[n] + 0.5 * second[n % 4] + 0.25 * third(n))));
        // At 1,950 Hz, 3,900 Hz has a fortieth of the room to the Nyquist frequency: a quarter of the tenth that is full.
        let phase = |n: usize| TAU * 0.243_75 * (n + 1) as f32;
        let high = Note { from: 1_950.0, to: 1_950.0, harmonics: 2, decay: 1.0, ..PURE };
        sounds(&high, std::array::from_fn(|n| swell[n] * (phase(n).sin() + 0.25 * (2.0 * phase(n)).sin())));
    }

    /// Middle of a glide from 800 to 1,600 Hz: 1,200 Hz, bent up by 200, wavering by 300 · sin(2π · 1,000 · n / 8,000).
    #[test]
    fn a_note_glides_bends_and_wavers() {
        let hz = [
            800.0,
            900.0 + 200.0 * 0.382_683 + 300.0 * HALF,
            1_000.0 + 200.0 * HALF + 300.0,
            1_100.0 + 200.0 * 0.923_880 + 300.0 * HALF,
            1_200.0 + 200.0,
            1_300.0 + 200.0 * 0.923_880 - 300.0 * HALF,
            1_400.0 + 200.0 * HALF - 300.0,
            1_500.0 + 200.0 * 0.382_683 - 300.0 * HALF,
        ];
        let note = Note { from: 800.0, to: 1_600.0, bend: 200.0, waver_hz: 1_000.0, waver: 300.0, ..PURE };
        let mut phase = 0.0;
        sounds(
            &note,
            std::array::from_fn(|n| {
                phase += hz[n] / 8_000.0;
                0.5 * (PI * n as f32 / 8.0).sin() * (TAU * phase).sin()
            }),
        );
    }
}
