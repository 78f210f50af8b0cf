//! The ways to get a derivative that the checks hold against each other.

use crate::{Grads, Real, Tape, Tensor, Var, backward::Fault, check::Function};

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
    let grads = sweep(&tape, f(&x), u, fault);
    gradients(&grads, &x)
}

/// The gradient of each x, zeros where none arrived.
pub fn gradients<T: Real>(grads: &Grads<T>, x: &[Var<'_, T>]) -> Vec<Tensor<T>> {
    x.iter().map(|x| grads.get(*x).cloned().unwrap_or_else(|| Tensor::zeros(x.shape()))).collect()
}

/// A backward pass with a deliberate mistake, if any.
pub fn sweep<T: Real>(tape: &Tape<T>, root: Var<'_, T>, u: &Tensor<T>, fault: Option<Fault<T>>) -> Grads<T> {
    tape.sweep(&[(root, u.clone())], fault, |_, _| Ok(())).expect("nothing inspects the sweep")
}

/// ⟨a, b⟩ and Σ|aᵢbᵢ|, the scale at which its rounding errors live.
pub fn dot(a: &[Tensor<f64>], b: &[Tensor<f64>]) -> (f64, f64) {
    let products =
        a.iter().zip(b).flat_map(|(a, b)| a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| a * b));
    products.fold((0.0, 0.0), |(sum, scale), p| (sum + p, scale + p.abs()))
}
