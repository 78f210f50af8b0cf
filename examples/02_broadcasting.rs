//! Tensors, broadcasting, and why the gradient of a bias is a sum over rows.

use gradbook::autograd::{Tape, Tensor};

fn main() {
    let tape = Tape::<f64>::new();
    let x = tape.constant(Tensor::new([4, 3], (0..12).map(f64::from).collect())); // [row, feature]
    let w = tape.var(Tensor::filled([3, 2], 0.1)); // [feature, unit]
    let bias = tape.var(Tensor::zeros([2])); // [unit], broadcast to every row
    let y = x.matmul(w) + bias;
    let loss = y.square().mean_all();
    let grads = loss.backward();

    println!("y {:?} =\n{:.2}", y.shape(), y.value().view());
    println!("loss = {:.4}", loss.item());
    println!("∂loss/∂bias = 2/8 · Σ over rows of y = {:.3?}", grads[bias].as_slice());
    println!("∂loss/∂w =\n{:.2}", grads[w].view());
    let by_hand: f64 = y.value().rows().column(0).sum() * 2.0 / 8.0;
    assert!((grads[bias].as_slice()[0] - by_hand).abs() < 1e-12);
}
