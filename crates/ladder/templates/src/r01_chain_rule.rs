//! Rung 1. The chain rule by hand.
//!
//! y = sin(a·b + a) is three steps: u = a·b, v = u + a, y = sin v. Write v̄ for ∂y/∂v, and so on. Start with ȳ = 1 and walk
//! the steps from the last to the first: each hands its gradient, times its local derivative, to its inputs.
//!
//! Book: chapter 1, "By hand".

/// y, and its gradient [∂y/∂a, ∂y/∂b].
pub fn value_and_gradient(a: f64, b: f64) -> (f64, [f64; 2]) {
    let u = a * b;
    let v = u + a;
    let y = v.sin();
    todo!("walk back from y to a and b")
}
