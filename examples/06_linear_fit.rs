//! Fitting a plane by gradient descent, with nothing but a tape: forward, backward, a step against the gradient.

use gradbook::autograd::{Tape, Tensor};

fn main() {
    // y = 3·x₀ − 2·x₁ + 0.5 on a 5 × 5 grid.
    let grid: Vec<[f64; 2]> =
        (0..25).map(|i| [f64::from(i % 5) / 2.0 - 1.0, f64::from(i / 5) / 2.0 - 1.0]).collect();
    let x = Tensor::new([25, 2], grid.iter().flatten().copied().collect()); // [point, coordinate]
    let y = Tensor::new([25, 1], grid.iter().map(|p| 3.0 * p[0] - 2.0 * p[1] + 0.5).collect());
    let (mut w, mut b) = (Tensor::zeros([2, 1]), Tensor::zeros([1]));

    for step in 0..=60 {
        let tape = Tape::new(); // a new tape for every step: the graph dies with it
        let (weight, bias) = (tape.var(w.clone()), tape.var(b.clone()));
        let error = tape.constant(x.clone()).matmul(weight) + bias - tape.constant(y.clone());
        let loss = error.square().mean_all();
        let grads = loss.backward();
        if step % 10 == 0 {
            println!(
                "step {step:2}: loss {:.2e}  w {:6.3?}  b {:6.3?}",
                loss.item(),
                w.as_slice(),
                b.as_slice()
            );
        }
        let down = |p: f64, g: f64| p - 0.4 * g;
        w.zip_assign(&grads[weight], down);
        b.zip_assign(&grads[bias], down);
    }
    assert!((w.as_slice()[0] - 3.0).abs() < 1e-6 && (b.as_slice()[0] - 0.5).abs() < 1e-6);
}
