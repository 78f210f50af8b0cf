//! The losses of a codebook. Means run over all rows and channels, so no loss depends on how rows are batched; what is no
//! mean over rows is taken over the whole batch ([`Graph::over_batch`](gradbook_autograd::Graph::over_batch)).

use gradbook_autograd::{Real, Tensor, Var, at_least, simd};
use rayon::prelude::*;

use super::config::{Diversity, Spread};
use crate::lanes;

/// mean (a − sg b)²: pulls `a` towards `b`. ∂/∂a = 2(a − b)/n
///
/// As one op: where many rows have many levels, differences and squares that are written only to be added up would cost
/// as much as half a search.
pub fn pull<'t, T: Real>(a: Var<'t, T>, b: Var<'t, T>) -> Var<'t, T> {
    const PIECE: usize = 1 << 14; // for a thread
    let b = b.detach().value();
    let count = T::of(b.as_slice().len() as f64);
    let fixed = b.clone();
    let mean = move |x: &[Tensor<T>]| {
        let pieces = x[0].as_slice().par_chunks(PIECE).zip(fixed.as_slice().par_chunks(PIECE));
        let squares = |(a, b): (&[T], &[T])| simd!(lanes::sum::<16, T, T>(a, b, |a, b| (a - b) * (a - b)));
        let sums: Vec<T> = pieces.with_min_len(at_least(1)).map(squares).collect();
        Tensor::scalar(lanes::sum::<16, T, T>(&sums, &sums, |sum, _| sum) / count)
    };
    a.tape().custom("pull", &[a], mean, move |x, _, g, sink| {
        let factor = T::of(2.0) * g.item() / count;
        sink.add(0, x[0].zip(&b, |a, b| factor * (a - b)));
    })
}

/// Squared distances of rows z `[row, channel]` to codes `[code, channel]`: ‖z‖² − 2z·e + ‖e‖², `[row, code]`.
pub fn distances<'t, T: Real>(z: Var<'t, T>, codes: Var<'t, T>) -> Var<'t, T> {
    z.square().sum_keep(&[1]) - nearness(z, codes)
}

/// 2z·e − ‖e‖², `[row, code]`: −d² up to ‖z‖², which all codes of a row have in common. A softmax over codes is the same
/// without it, and the gradient to a row that is far away has no large terms to cancel.
pub fn nearness<'t, T: Real>(z: Var<'t, T>, codes: Var<'t, T>) -> Var<'t, T> {
    let count = codes.shape()[0];
    2.0 * z.matmul_nt(codes) - codes.square().sum(&[1]).reshape([1, count])
}

/// How unevenly the codes are used, softly: of q̄ = mean over rows of softmax(−d²/τ), the divergence from uniform or the
/// negative entropy. The gradient reaches the encoder and, where they learn by gradient, all codes.
pub fn diversity<'t, T: Real>(z: Var<'t, T>, codes: Var<'t, T>, config: &Diversity) -> Var<'t, T> {
    let near = nearness(z, codes);
    let most = near.value().fold_axes(&[1], T::of(f64::NEG_INFINITY), |a, b| if b > a { b } else { a });
    let squares = z.value().map(|z| z * z).fold_axes(&[1], T::ZERO, |sum, z| sum + z);
    let nearest =
        squares.as_slice().iter().zip(most.as_slice()).map(|(&z, &near)| (z - near).to_f64().max(0.0));
    let scale = nearest.sum::<f64>() / most.as_slice().len() as f64;
    let p = (near * (1.0 / (config.temperature * scale.max(1e-12)))).softmax(1);
    let mean = p.mean(&[0]) + 1e-20; // ln 0 is never taken
    let negative_entropy = (mean * mean.ln()).sum_all();
    match config.measure {
        Spread::Kl => negative_entropy + (codes.shape()[0] as f64).ln(),
        Spread::Entropy => negative_entropy,
    }
}

/// Σ_{k≠l} cos²(e_k, e_l) / K²: 0 when all codes are orthogonal.
pub fn orthogonality<'t, T: Real>(codes: Var<'t, T>) -> Var<'t, T> {
    let count = codes.shape()[0];
    let units = codes.l2_normalize(1, 1e-12);
    let off_diagonal = Tensor::build([count, count], |out| {
        out.fill(T::ONE);
        (0..count).for_each(|k| out[k * count + k] = T::ZERO);
    });
    let cosines = units.matmul_nt(units) * codes.tape().constant(off_diagonal);
    cosines.square().sum_all() * (1.0 / (count * count) as f64)
}
