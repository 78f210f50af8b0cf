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
