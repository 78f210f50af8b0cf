//! Muon: a weight moves by the orthogonal factor of its momentum, so that all directions of the matrix learn alike.
//! Jordan et al. 2024 (<https://kellerjordan.github.io/posts/muon>), with the step length of Liu et al. 2025
//! (arXiv 2502.16982).

use gradbook_autograd::{Real, gemm::gemm};
use ndarray::{Array2, ArrayView2};

use super::rule::{Limits, Piece};

/// φ(s) = as + bs³ + cs⁵: five times over it brings every s in 0.01 … 1 to 0.7 … 1.2.
const ABC: [f64; 3] = [3.4445, -4.7750, 2.0315];
const ROUNDS: usize = 5;
/// The root mean square of the elements of a step, relative to the rate: about that of Adam.
const SIZE: f64 = 0.2;

impl<T: Real> Piece<'_, T> {
    /// With the weight read as a matrix `[all other axes, last axis]` of r rows and c columns,
    ///
    /// ```text
    /// m ← μm + (1 − μ)g        d = μm + (1 − μ)g
    /// θ ← (1 − ηλ)θ − 0.2η√max(r, c) · orthogonal(d)
    /// ```
    pub(super) fn muon(self, momentum: f64, limits: Limits) {
        let Self { theta, g, moments: [m, ..], columns, .. } = self;
        let (mu, rest, limited) = (T::of(momentum), T::of(1.0 - momentum), limits.apply());
        let moved = m.iter_mut().zip(g).map(|(m, &g)| {
            let g = rest * limited(g);
            *m = mu * *m + g;
            mu * *m + g
        });
        let rows = theta.len() / columns.max(1);
        let d = Array2::from_shape_vec((rows, columns), moved.collect()).expect("as long as the weight");
        let step = T::of(self.rate * SIZE * (rows.max(columns) as f64).sqrt());
        let kept = T::of(1.0 - self.rate * self.decay);
        let both = theta.iter_mut().zip(orthogonal(d));
        both.for_each(|(theta, o)| *theta = kept * *theta - step * o);
    }
}

/// About UVᵀ, where d = USVᵀ, by Newton and Schulz: an odd polynomial of a matrix is that of its singular values,
///
/// ```text
/// x ← x/‖x‖;   five times   x ← ax + (bA + cA²)x,   A = xxᵀ      (or xᵀx, from the right, if that is smaller)
/// ```
fn orthogonal<T: Real>(mut x: Array2<T>) -> Array2<T> {
    let norm = x.iter().map(|x| x.to_f64().powi(2)).sum::<f64>().sqrt();
    x.mapv_inplace(|x| x * T::of(1.0 / norm.max(1e-7)));
    let [a, b, c] = ABC.map(T::of);
    let wide = x.nrows() <= x.ncols();
    for _ in 0..ROUNDS {
        let gram = if wide { product(&x.view(), &x.t()) } else { product(&x.t(), &x.view()) };
        let mut factor = product(&gram.view(), &gram.view());
        factor.zip_mut_with(&gram, |square, &gram| *square = b * gram + c * *square);
        let mut next = x.clone();
        let (left, right) = if wide { (&factor, &x) } else { (&x, &factor) };
        gemm(left.view(), right.view(), a, next.view_mut());
        x = next;
    }
    x
}

fn product<T: Real>(a: &ArrayView2<T>, b: &ArrayView2<T>) -> Array2<T> {
    let mut c = Array2::from_elem((a.nrows(), b.ncols()), T::ZERO);
    gemm(*a, *b, T::ZERO, c.view_mut());
    c
}
