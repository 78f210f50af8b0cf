//! How a gradient passes the choice of a code: each estimator is the value it computes and the derivative it claims.
//!
//! In every function z and q are `[row, channel]`.

use gradbook_autograd::{Real, Rng, Tensor, Var};
use ndarray_rand::{rand::distr::Distribution, rand_distr::StandardNormal};

use super::learning::Estimator;
use crate::unit::{TINY, lengths, unit};

impl Estimator {
    /// The value of q with this estimator's gradient to z, and none to q.
    pub fn apply<'t, T: Real>(self, z: Var<'t, T>, q: Var<'t, T>) -> Var<'t, T> {
        match self {
            Self::StraightThrough => z.straight_through(q),
            Self::Rotation => rotation(z, q),
        }
    }
}

/// The most that the rotation trick stretches a gradient.
pub(crate) const MOST_SCALE: f64 = 10.0;

/// The rotation trick: q = λR·z with λ = ‖q‖/‖z‖ and R the rotation in the plane of z and q, both held constant, so
/// that ∂L/∂z = λRᵀg. With w = unit(ẑ + q̂), two reflections give R = I − 2wwᵀ + 2q̂ẑᵀ.
///
/// λ is at most 10: a row shorter than a tenth of its code gets the gradient of one that is a tenth as long. Without a
/// bound a row near 0, which every code is far from, would get a gradient without bounds.
fn rotation<'t, T: Real>(z: Var<'t, T>, q: Var<'t, T>) -> Var<'t, T> {
    let tape = z.tape();
    let (zv, qv) = (z.detach().value(), q.detach().value());
    let (z_hat, q_hat) = (unit(&zv), unit(&qv));
    let w = unit(&z_hat.zip(&q_hat, |a, b| a + b));
    let most = T::of(MOST_SCALE);
    let lambda = lengths(&qv).zip(&lengths(&zv), |q, z| if q < most * z { q / z } else { most });
    let [z_hat, q_hat, w, lambda] = [z_hat, q_hat, w, lambda].map(|x| tape.constant(x));
    let along = |a: Var<'t, T>| (a * z).sum_keep(&[1]);
    let turned = z - 2.0 * w * along(w) + 2.0 * q_hat * along(z_hat);
    q.detach().surrogate(lambda * turned)
}

/// DiVeQ: z + ‖q − z‖·u with u = unit(q − z + σξ) held constant. ∂/∂z = g − d̂(u·g), ∂/∂q = d̂(u·g), d̂ = unit(q − z).
pub fn diveq<'t, T: Real>(z: Var<'t, T>, q: Var<'t, T>, variance: f64, rng: &mut Rng) -> Var<'t, T> {
    let sigma = T::of(variance.sqrt());
    let noise = normal(&z.value(), rng);
    let toward =
        q.detach().value().zip(&z.detach().value(), |q, z| q - z).zip(&noise, |d, xi| d + sigma * xi);
    moved(z, q, unit(&toward))
}

/// Noise substitution: z + ‖q − z‖·v with v a random direction. The encoder and the code see the size of the error.
pub fn noise<'t, T: Real>(z: Var<'t, T>, q: Var<'t, T>, rng: &mut Rng) -> Var<'t, T> {
    let direction = unit(&normal(&z.value(), rng));
    moved(z, q, direction)
}

/// z + ‖q − z‖·direction, the direction held constant.
fn moved<'t, T: Real>(z: Var<'t, T>, q: Var<'t, T>, direction: Tensor<T>) -> Var<'t, T> {
    let distance = ((q - z).square().sum_keep(&[1]) + TINY).sqrt();
    z + z.tape().constant(direction) * distance
}

/// A hard choice with the gradient of its soft probabilities: (one-hot + p − sg p)·codes. Gradients reach z through p,
/// the chosen code through the one-hot, and, because p is a function of all codes, every code.
pub fn soft_choice<'t, T: Real>(p: Var<'t, T>, codes: Var<'t, T>, chosen: &[usize]) -> Var<'t, T> {
    let shape = p.shape();
    let mut one_hot = Tensor::zeros(shape);
    let k = shape[1];
    let cells = one_hot.as_mut_slice();
    chosen.iter().enumerate().for_each(|(row, &code)| cells[row * k + code] = T::ONE);
    p.tape().constant(one_hot).surrogate(p).matmul(codes)
}

fn normal<T: Real>(like: &Tensor<T>, rng: &mut Rng) -> Tensor<T> {
    Tensor::build(*like.shape(), |out| out.iter_mut().for_each(|x| *x = T::of(StandardNormal.sample(rng))))
}
