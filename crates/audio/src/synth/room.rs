//! Where a clip is recorded: a room that rings, a microphone at some level, and noise that never stops.

use ndarray_rand::rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::filters::{Smoother, corner};
use super::length;

/// Delays of the recirculating echoes, in seconds: mutually prime in samples, so that they do not line up.
const ECHOES: [f32; 3] = [0.0211, 0.0297, 0.0373];

/// A recording place.
pub(super) struct Room {
    /// Loudness of the echoes and how much of them survives a round trip.
    wet: f32,
    ring: f32,
    /// Peak level of a clip.
    level: f32,
    /// Amplitude of the noise, and the corner above which it falls, in Hz.
    noise: f32,
    color: f32,
}

impl Room {
    pub(super) fn draw(rng: &mut ChaCha8Rng) -> Self {
        Self {
            wet: rng.random_range(0.0..0.12),
            ring: rng.random_range(0.3..0.7),
            level: 10_f32.powf(rng.random_range(-0.9..-0.05)),
            noise: 10_f32.powf(rng.random_range(-4.8..-2.1)),
            color: rng.random_range(300.0..3_000.0),
        }
    }

    /// Adds echoes, sets the level, adds the noise.
    pub(super) fn record(&self, dry: &[f32], rng: &mut ChaCha8Rng) -> Vec<f32> {
        let mut wet = dry.to_vec();
        for delay in ECHOES.map(length) {
            let mut echo = vec![0.0; dry.len()];
            let mut wall = Smoother::default();
            for n in delay..dry.len() {
                echo[n] = wall.step(dry[n - delay] + self.ring * echo[n - delay], corner(2_000.0));
                wet[n] += self.wet * echo[n];
            }
        }
        let peak = wet.iter().fold(1e-6_f32, |peak, x| peak.max(x.abs()));
        let gain = self.level * 10_f32.powf(rng.random_range(-0.3..0.0)) / peak;
        let mut hum = Smoother::default();
        let k = corner(self.color);
        wet.iter()
            .map(|x| {
                let white = rng.random_range(-1.0..1.0_f32);
                gain * x + self.noise * (0.2 * white + hum.step(white, k))
            })
            .collect()
    }
}
