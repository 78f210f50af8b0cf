//! The chain rule on numbers: what a tape records, and what comes back.

use gradbook::autograd::Tape;

fn main() {
    let tape = Tape::<f64>::new();
    let (a, b) = (tape.scalar(2.0), tape.scalar(3.0));
    let c = (a * b).keep_grad(); // 6
    let d = (c + a).sin(); // sin 8
    let grads = d.backward();

    println!("d = sin(a·b + a) at a = 2, b = 3 is {:.6}", d.item());
    println!("∂d/∂c = cos 8          = {:.6}", grads[c].item());
    println!("∂d/∂b = a·cos 8        = {:.6}", grads[b].item());
    println!("∂d/∂a = (b + 1)·cos 8  = {:.6}", grads[a].item());
    assert!((grads[a].item() - 4.0 * 8f64.cos()).abs() < 1e-12);
}
