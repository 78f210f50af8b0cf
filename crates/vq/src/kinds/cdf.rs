//! Distribution functions with their densities: what maps a channel to [0, 1].

use gradbook_autograd::{Real, Tensor, Var};
use serde::{Deserialize, Serialize};

/// A distribution function F.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cdf {
    /// (1 + tanh z)/2, variance π²/12
    #[default]
    Tanh,
    /// 1/(1 + e⁻ᶻ), variance π²/3
    Sigmoid,
    /// Φ(z), variance 1
    Normal,
    /// ½eᶻ below 0 and 1 − ½e⁻ᶻ above, variance 2
    Laplace,
}

impl Cdf {
    pub(super) fn apply<T: Real>(self, z: Var<'_, T>) -> Var<'_, T> {
        let half = T::of(0.5);
        match self {
            Self::Tanh => (z.tanh() + 1.0) * 0.5,
            Self::Sigmoid => z.sigmoid(),
            Self::Normal => {
                let root = T::of(std::f64::consts::FRAC_1_SQRT_2);
                let density = T::of(1.0 / std::f64::consts::TAU.sqrt());
                elementwise(
                    z,
                    move |z| half * (T::ONE + (z * root).erf()),
                    move |z| density * (-(half * z * z)).exp(),
                )
            }
            Self::Laplace => elementwise(
                z,
                move |z| if z < T::ZERO { half * z.exp() } else { T::ONE - half * (-z).exp() },
                move |z| half * (-z.abs()).exp(),
            ),
        }
    }

    pub(super) fn variance(self) -> f64 {
        let pi2 = std::f64::consts::PI.powi(2);
        match self {
            Self::Tanh => pi2 / 12.0,
            Self::Sigmoid => pi2 / 3.0,
            Self::Normal => 1.0,
            Self::Laplace => 2.0,
        }
    }
}

/// F with its density.
fn elementwise<'t, T: Real>(
    z: Var<'t, T>,
    cdf: impl Fn(T) -> T + Sync,
    density: impl Fn(T) -> T + Sync + Send + 'static,
) -> Var<'t, T> {
    let backward =
        move |x: &[Tensor<T>], _: &Tensor<T>, g: Tensor<T>, sink: &mut gradbook_autograd::Sink<'_, T>| {
            sink.add(0, g.zip(&x[0], |g, z| g * density(z)));
        };
    z.tape().custom("cdf", &[z], |x| x[0].map(cdf), backward)
}
