//! A speaker: glottal pulses and turbulence through a vocal tract of a certain length, after Klatt (1980).

use std::f32::consts::PI;

use ndarray_rand::rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::filters::{Resonator, Smoother, corner};
use super::phones::{Target, word};
use super::{RATE, length};

/// Samples between two adjustments of the tract: 5 ms.
const CONTROL: usize = 40;
/// Words are cut to this length and stretched to that one, in seconds.
const SHORTEST: f32 = 0.4;
const LONGEST: f32 = 1.2;

/// What makes a speaker recognizable.
pub(super) struct Voice {
    /// Mean pitch in Hz and how far it moves (a share of it).
    pitch: f32,
    range: f32,
    /// Formants relative to the average tract: above 1 for a short one.
    tract: f32,
    /// Where the glottal spectrum begins to fall, in Hz: high for a pressed voice.
    tilt: f32,
    breathiness: f32,
    /// How fast the articulators follow, in Hz.
    agility: f32,
}

impl Voice {
    /// Speakers alternate between low and high voices.
    pub(super) fn draw(rng: &mut ChaCha8Rng, number: usize) -> Self {
        let (pitch, tract) = match number % 3 {
            0 => (rng.random_range(85.0..130.0), rng.random_range(0.88..0.98)),
            1 => (rng.random_range(150.0..215.0), rng.random_range(1.02..1.14)),
            _ => (rng.random_range(100.0..240.0), rng.random_range(0.95..1.2)),
        };
        Self {
            pitch,
            tract,
            range: rng.random_range(0.08..0.3),
            tilt: rng.random_range(150.0..600.0),
            breathiness: rng.random_range(0.02..0.15),
            agility: rng.random_range(3.0..8.0),
        }
    }

    /// Says one word of nonsense.
    pub(super) fn say(&self, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let targets = word(rng);
        let natural: f32 = targets.iter().map(|t| t.seconds).sum();
        let pace = natural.clamp(SHORTEST, LONGEST) / natural;
        let total = length(natural * pace);
        let (accent, lean) = (rng.random_range(0.1..0.9), rng.random_range(-1.0..0.6));

        let mut mouth = Mouth::default();
        let mut out = Vec::with_capacity(total);
        let mut ends = targets.iter().scan(0.0, |end, t| {
            *end += t.seconds * pace;
            Some((length(*end), t))
        });
        let (mut end, mut target) = ends.next().expect("a word has targets");
        while out.len() < total {
            if out.len() >= end
                && let Some(next) = ends.next()
            {
                (end, target) = next;
            }
            let time = out.len() as f32 / total as f32;
            let bump = (-((time - accent) / 0.2).powi(2)).exp();
            let pitch = self.pitch * (1.0 + self.range * (bump + lean * (time - 0.5)));
            mouth.aim(self, target);
            for _ in 0..CONTROL.min(total - out.len()) {
                out.push(mouth.step(self, target, pitch, rng));
            }
        }
        out
    }
}

/// The moving state of a tract.
#[derive(Default)]
struct Mouth {
    formants: [Smoother; 3],
    tract: [Resonator; 4],
    lips: Resonator,
    glottis: Smoother,
    levels: [Smoother; 3],
    /// Position in the pitch period, 0 to 1, the pulse that carries over to the next sample, and its strength.
    phase: f32,
    carry: f32,
    strength: f32,
    started: bool,
}

impl Mouth {
    /// Moves the formants one control period towards the target.
    fn aim(&mut self, voice: &Voice, target: &Target) {
        let k = if self.started {
            1.0 - (-2.0 * PI * voice.agility * CONTROL as f32 / RATE as f32).exp()
        } else {
            1.0
        };
        self.started = true;
        for (i, formant) in self.formants.iter_mut().enumerate() {
            let hz = formant.step((target.formants[i] * voice.tract).min(3_800.0), k);
            self.tract[i].tune(hz, 50.0 + 0.05 * hz);
        }
        self.tract[3].tune((3_500.0 * voice.tract).min(3_850.0), 250.0);
        self.lips.tune_band(target.hiss_band[0].min(3_850.0), target.hiss_band[1]);
    }

    fn step(&mut self, voice: &Voice, target: &Target, pitch: f32, rng: &mut ChaCha8Rng) -> f32 {
        let noise = rng.random_range(-1.0..1.0_f32);
        let wanted = [target.voice, target.breath + voice.breathiness * target.voice, target.hiss];
        let mut levels = [0.0; 3];
        for ((level, smoother), (goal, hz)) in
            levels.iter_mut().zip(&mut self.levels).zip(wanted.into_iter().zip([12.0, 20.0, 60.0]))
        {
            *level = smoother.step(goal, corner(hz));
        }
        let source = levels[0] * self.pulse(pitch, rng) + 0.5 * levels[1] * noise;
        let flow = self.glottis.step(source, corner(voice.tilt)) + 0.02 * source;
        let voiced = self.tract.iter_mut().fold(flow, |x, formant| formant.step(x));
        voiced + 0.5 * levels[2] * self.lips.step(noise)
    }

    /// One pulse a period, split between two samples so that pitch is not quantized, with a little jitter.
    fn pulse(&mut self, pitch: f32, rng: &mut ChaCha8Rng) -> f32 {
        let advance = pitch / RATE as f32;
        let mut now = std::mem::take(&mut self.carry);
        self.phase += advance;
        if self.phase >= 1.0 {
            self.phase -= 1.0;
            let late = (self.phase / advance).clamp(0.0, 1.0);
            self.strength = rng.random_range(0.9..1.1) / advance.sqrt();
            now += self.strength * late;
            self.carry = self.strength * (1.0 - late);
            self.phase += rng.random_range(-0.01..0.01);
        }
        now
    }
}
