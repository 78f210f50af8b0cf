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
    //< walk back from y to a and b
    let v_bar = v.cos();
    let u_bar = v_bar;
    let a_bar = v_bar + u_bar * b;
    let b_bar = u_bar * a;
    (y, [a_bar, b_bar])
    //>
}
