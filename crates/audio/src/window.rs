//! The Hann window, in the two flavors the field uses.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

/// The taper that multiplies each frame before its Fourier transform.
///
/// ```text
/// w[n] = ½ − ½ cos(2πn / M),   n = 0 … N−1
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// M = N − 1: both ends are zero (NumPy's `hanning`, filter design).
    #[default]
    Hann,
    /// M = N: one period of a cosine (librosa, torchaudio, SciPy's `get_window`).
    PeriodicHann,
}

impl Window {
    /// The `n` coefficients of the window.
    ///
    /// ```
    /// use gradbook_audio::Window;
    /// assert_eq!(Window::Hann.coefficients(3), [0.0, 1.0, 0.0]);
    /// assert_eq!(Window::PeriodicHann.coefficients(2), [0.0, 1.0]);
    /// ```
    pub fn coefficients(self, n: usize) -> Vec<f32> {
        let period = match self {
            Self::Hann => n.saturating_sub(1).max(1),
            Self::PeriodicHann => n,
        };
        (0..n).map(|i| (0.5 - 0.5 * (TAU * i as f64 / period as f64).cos()) as f32).collect()
    }
}
