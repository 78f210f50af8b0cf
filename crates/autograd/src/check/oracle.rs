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
