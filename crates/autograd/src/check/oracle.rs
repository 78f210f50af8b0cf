//! The ways to get a derivative that the checks hold against each other.

use crate::{Dual, Real, Tape, Tensor, backward::Fault, check::Function};

/// f(x), without recording.
pub fn value<T: Real>(f: &Function<T>, inputs: &[Tensor<T>]) -> Tensor<T> {
    let tape = Tape::new();
    let x: Vec<_> = inputs.iter().map(|x| tape.constant(x.clone())).collect();
    f(&x).value()
}

/// Reverse mode: Jᵀu for every argument but a `constant` one, which gets zeros.
pub fn vjp<T: Real>(
    f: &Function<T>,
    inputs: &[Tensor<T>],
    u: &Tensor<T>,
    constant: Option<usize>,
    fault: Option<Fault<T>>,
) -> Vec<Tensor<T>> {
    let tape = Tape::new();
    let leaf = |(k, x): (usize, &Tensor<T>)| match constant {
        Some(c) if c == k => tape.constant(x.clone()),
        _ => tape.var(x.clone()),
    };
    let x: Vec<_> = inputs.iter().enumerate().map(leaf).collect();
    let grads = tape.sweep(&[(f(&x), u.clone())], fault);
    x.iter().map(|x| grads.get(*x).cloned().unwrap_or_else(|| Tensor::zeros(x.shape()))).collect()
}

/// x + ẋε
fn duals(inputs: &[Tensor<f64>], directions: &[Tensor<f64>]) -> Vec<Tensor<Dual>> {
    let pair = |(x, d): (&Tensor<f64>, &Tensor<f64>)| {
        let both = x.as_slice().iter().zip(d.as_slice());
        Tensor::new(*x.shape(), both.map(|(&x, &d)| Dual::new(x, d)).collect())
    };
    inputs.iter().zip(directions).map(pair).collect()
}

/// The derivative parts.
fn tangent(y: &Tensor<Dual>) -> Tensor<f64> {
    Tensor::new(*y.shape(), y.as_slice().iter().map(|y| y.du).collect())
}

/// Forward mode: J v.
pub fn jvp(f: &Function<Dual>, inputs: &[Tensor<f64>], v: &[Tensor<f64>]) -> Tensor<f64> {
    tangent(&value(f, &duals(inputs, v)))
}

/// Forward over reverse: H v of the scalar ⟨u, f(x)⟩.
pub fn hvp(
    f: &Function<Dual>,
    inputs: &[Tensor<f64>],
    u: &Tensor<f64>,
    v: &[Tensor<f64>],
) -> Vec<Tensor<f64>> {
    let u = Tensor::new(*u.shape(), u.as_slice().iter().map(|&u| Dual::of(u)).collect());
    vjp(f, &duals(inputs, v), &u, None, None).iter().map(tangent).collect()
}

/// ⟨a, b⟩ and Σ|aᵢbᵢ|, the scale at which its rounding errors live.
pub fn dot(a: &[Tensor<f64>], b: &[Tensor<f64>]) -> (f64, f64) {
    let products =
        a.iter().zip(b).flat_map(|(a, b)| a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| a * b));
    products.fold((0.0, 0.0), |(sum, scale), p| (sum + p, scale + p.abs()))
}
