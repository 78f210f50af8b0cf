//! The two filters everything synthetic is made with: Klatt's resonator and a one-pole smoother.

use std::f32::consts::{PI, TAU};

use super::RATE;

/// A two-pole resonator of unit gain at 0 Hz (Klatt 1980):
///
/// ```text
/// y[n] = a·x[n] + b·y[n−1] + c·y[n−2]
/// c = −e^(−2π·width/rate),   b = 2 e^(−π·width/rate) cos(2π·hz/rate),   a = 1 − b − c
/// ```
#[derive(Clone, Copy, Default)]
pub(super) struct Resonator {
    a: f32,
    b: f32,
    c: f32,
    last: [f32; 2],
}

impl Resonator {
    pub(super) fn tune(&mut self, hz: f32, width: f32) {
        let radius = (-PI * width / RATE as f32).exp();
        self.c = -radius * radius;
        self.b = 2.0 * radius * (TAU * hz / RATE as f32).cos();
        self.a = 1.0 - self.b - self.c;
    }

    /// Tuned, with unit gain near the resonance instead of at 0 Hz: for shaping noise.
    pub(super) fn tune_band(&mut self, hz: f32, width: f32) {
        self.tune(hz, width);
        self.a = (1.0 + self.c) * (TAU * hz / RATE as f32).sin();
    }

    pub(super) fn step(&mut self, x: f32) -> f32 {
        let y = self.a * x + self.b * self.last[0] + self.c * self.last[1];
        self.last = [y, self.last[0]];
        y
    }
}

/// y[n] = y[n−1] + k · (x[n] − y[n−1]): a low-pass filter, or a value that glides to its target.
#[derive(Clone, Copy, Default)]
pub(super) struct Smoother(f32);

impl Smoother {
    pub(super) fn step(&mut self, x: f32, k: f32) -> f32 {
        self.0 += k * (x - self.0);
        self.0
    }
}

/// The coefficient k of a [`Smoother`] with its corner at `hz`.
pub(super) fn corner(hz: f32) -> f32 {
    1.0 - (-TAU * hz / RATE as f32).exp()
}
