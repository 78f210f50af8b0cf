//! The ways to get a derivative that the checks hold against each other.

use std::cell::Cell;

use crate::{Dual, Real, Tape, Tensor, Var, backward::Fault, check::Function, derivatives::hvp_with};

/// The step of a central difference, ∛ε: rounding and curvature then err alike.
pub const STEP: f64 = 6.055_454_452_393_343e-6;

/// f(x), without recording.
pub fn value(f: &Function<f64>, inputs: &[Tensor<f64>]) -> Tensor<f64> {
    let tape = Tape::new();
    let x: Vec<_> = inputs.iter().map(|x| tape.constant(x.clone())).collect();
    f(&x).value()
}

/// Reverse mode: Jᵀu for every argument but a `constant` one, which gets zeros. With a deliberate mistake, if any.
pub fn vjp<T: Real>(
    f: impl for<'t> Fn(&[Var<'t, T>]) -> Var<'t, T>,
    inputs: &[Tensor<T>],
    u: &Tensor<T>,
    constant: Option<usize>,
    fault: Option<Fault>,
) -> Vec<Tensor<T>> {
    let tape = Tape::new();
    let leaf = |(k, x): (usize, &Tensor<T>)| match constant {
        Some(c) if c == k => tape.constant(x.clone()),
        _ => tape.var(x.clone()),
    };
    let x: Vec<_> = inputs.iter().enumerate().map(leaf).collect();
    let grads = tape.sweep(&[(f(&x), u.clone())], fault, |_, _| Ok(())).expect("nothing inspects the sweep");
    x.iter().map(|x| grads.get(*x).cloned().unwrap_or_else(|| Tensor::zeros(x.shape()))).collect()
}

/// ⟨u, y(h) − y(−h)⟩ / 2h, with its scale.
pub fn difference(u: &[Tensor<f64>], y: impl Fn(f64) -> Vec<Tensor<f64>>) -> (f64, f64) {
    let [ahead, behind] = [STEP, -STEP].map(y);
    let slope = |(a, b): (&Tensor<f64>, &Tensor<f64>)| a.zip(b, |a, b| (a - b) / (2.0 * STEP));
    let (sum, scale) = dot(u, &ahead.iter().zip(&behind).map(slope).collect::<Vec<_>>());
    // Rounding in y is amplified by 1/h: its size is part of the scale.
    (sum, scale + 1e-3 * dot(u, &ahead).1)
}

/// H·v, with the size of the largest term that went into it, on any value between: those that cancel included.
pub fn curvature(
    f: &Function<Dual>,
    x: &[Tensor<f64>],
    u: &Tensor<f64>,
    v: &[Tensor<f64>],
    fault: Option<Fault>,
) -> (Vec<Tensor<f64>>, f64) {
    let largest = Cell::new(0.0f64);
    let look =
        |g: &Tensor<Dual>| largest.set(g.as_slice().iter().fold(largest.get(), |m, g| m.max(g.du.abs())));
    let (_, hv) = hvp_with(f, x, u, v, fault, look);
    (hv, largest.get())
}

/// x + h·v, argument by argument.
pub fn moved(x: &[Tensor<f64>], v: &[Tensor<f64>], h: f64) -> Vec<Tensor<f64>> {
    x.iter().zip(v).map(|(x, v)| x.zip(v, |x, v| x + h * v)).collect()
}

/// The direction along which only argument `k` moves, by `v`.
pub fn alone(x: &[Tensor<f64>], k: usize, v: Tensor<f64>) -> Vec<Tensor<f64>> {
    let mut all: Vec<_> = x.iter().map(|x| Tensor::zeros(*x.shape())).collect();
    all[k] = v;
    all
}

/// ⟨a, b⟩ and Σ|aᵢbᵢ|, the scale at which its rounding errors live.
pub fn dot(a: &[Tensor<f64>], b: &[Tensor<f64>]) -> (f64, f64) {
    let pairs = a.iter().zip(b).flat_map(|(a, b)| a.as_slice().iter().zip(b.as_slice()));
    pairs.fold((0.0, 0.0), |(sum, scale), (a, b)| (sum + a * b, scale + (a * b).abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[f64]) -> Tensor<f64> {
        Tensor::new([values.len()], values.to_vec())
    }

    #[test]
    fn a_product_of_lists_is_a_sum_with_the_size_of_its_terms() {
        let (a, b) = ([row(&[1.0, -2.0]), row(&[3.0])], [row(&[3.0, 4.0]), row(&[-5.0])]);
        assert_eq!(dot(&a, &b), (3.0 - 8.0 - 15.0, 3.0 + 8.0 + 15.0));
    }

    /// (3h + h²)·2 has the slope 6 at 0; at h it is 6h + 2h², and a thousandth of its size is part of the scale.
    #[test]
    fn a_central_difference_is_a_slope_with_the_size_that_rounding_has() {
        let (slope, scale) = difference(&[row(&[2.0, 1.0])], |h| vec![row(&[3.0 * h + h * h, 100.0])]);
        assert!((slope - 6.0).abs() < 1e-9 && (scale - (6.0 + 0.1)).abs() < 1e-6, "{slope}, {scale}");
    }

    #[test]
    fn points_move_along_directions_one_argument_at_a_time() {
        let x = [row(&[1.0, 2.0]), row(&[3.0])];
        assert_eq!(moved(&x, &[row(&[10.0, 0.0]), row(&[-1.0])], 0.5), [row(&[6.0, 2.0]), row(&[2.5])]);
        assert_eq!(alone(&x, 1, row(&[7.0])), [row(&[0.0, 0.0]), row(&[7.0])]);
        assert_eq!(alone(&x, 0, row(&[7.0, 8.0])), [row(&[7.0, 8.0]), row(&[0.0])]);
    }

    /// f = x²y at (3, 5): ∇f = (30, 9), and with y constant (30, 0).
    #[test]
    fn a_constant_argument_has_no_gradient_and_leaves_that_of_the_others() {
        fn f<'t>(x: &[Var<'t, f64>]) -> Var<'t, f64> {
            x[0] * x[0] * x[1]
        }
        let (x, u) = ([Tensor::scalar(3.0), Tensor::scalar(5.0)], Tensor::scalar(1.0));
        let of = |constant| vjp(f, &x, &u, constant, None).iter().map(Tensor::item).collect::<Vec<_>>();
        assert_eq!([of(None), of(Some(1)), of(Some(0))], [[30.0, 9.0], [30.0, 0.0], [0.0, 9.0]]);
    }

    /// f = x³ at 2 along 3: f″v = 36; the largest of the ε parts on the way is that of the result.
    #[test]
    fn curvature_tells_the_largest_term_on_the_way() {
        let f: Function<Dual> = crate::check::function(|x| x[0] * x[0] * x[0]);
        let (hv, largest) = curvature(&f, &[row(&[2.0, -1.0])], &row(&[1.0, 1.0]), &[row(&[3.0, 0.5])], None);
        assert_eq!(hv[0].as_slice(), [36.0, -3.0]);
        assert_eq!(largest, 36.0);
    }
}
