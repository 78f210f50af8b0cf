//! Newton's method on Rosenbrock's valley, with Hessian-vector products only: the tape runs on dual numbers.

use gradbook::autograd::{Dual, Tensor, Var, hvp};

/// (1 − a)² + 100(b − a²)²
fn rosenbrock<'t>(x: &[Var<'t, Dual>]) -> Var<'t, Dual> {
    (1.0 - x[0]).square() + (x[1] - x[0].square()).square() * 100.0
}

fn main() {
    let (mut a, mut b) = (-1.2, 1.0);
    for step in 0..8 {
        let at = [Tensor::scalar(a), Tensor::scalar(b)];
        let along = |v: [f64; 2]| hvp(rosenbrock, &at, &Tensor::scalar(1.0), &v.map(Tensor::scalar));
        let (g, first) = along([1.0, 0.0]);
        let (_, second) = along([0.0, 1.0]);
        let [ga, gb] = [g[0].item(), g[1].item()];
        let [haa, hab, hbb] = [first[0].item(), first[1].item(), second[1].item()];
        println!("step {step}: ({a:9.6}, {b:9.6})  |gradient| = {:.2e}", ga.hypot(gb));
        let det = haa * hbb - hab * hab;
        a -= (hbb * ga - hab * gb) / det;
        b -= (haa * gb - hab * ga) / det;
    }
    assert!((a - 1.0).abs() < 1e-9 && (b - 1.0).abs() < 1e-9);
}
