//! What decides a training step's time: convolutions, matrix products and the tape itself. Every op: `benches/ops.rs`.
//! `cargo bench -p gradbook-autograd --bench speed -- FILTER`

use divan::{Bencher, counter::ItemsCount};
use gradbook_autograd::{Conv1dSpec, Tape, Tensor, check::Sampler, gemm::gemm};
use ndarray::Array2;

fn main() {
    divan::main();
}

fn normal(shape: &[usize]) -> Tensor<f32> {
    let x = Sampler::new(shape.len() as u64).normal(shape);
    Tensor::new(shape, x.as_slice().iter().map(|&x| x as f32).collect())
}

/// Ops on four numbers, forward and backward: the cost of a node, which does not depend on the length of the tape. Read
/// the throughput, items per second.
#[divan::bench(args = [100, 2000, 1_000_000])]
fn tiny_ops(bencher: Bencher, ops: usize) {
    let x = normal(&[4]);
    bencher.counter(ItemsCount::new(ops)).bench(|| {
        let tape = Tape::new();
        let x = tape.var(x.clone());
        let y = (0..ops / 2).fold(x, |y, _| y * 1.0001 + 0.1);
        y.sum_all().backward()[x].as_slice()[0]
    });
}

/// [batch, length, in, out, taps] of the spectrogram model's layers, then longer and larger batches.
const CONVOLUTIONS: [[usize; 5]; 8] = [
    [16, 32, 80, 256, 3],
    [16, 32, 256, 256, 3],
    [16, 32, 256, 128, 1],
    [16, 32, 128, 256, 3],
    [16, 32, 256, 80, 3],
    [64, 32, 256, 256, 3],
    [16, 256, 256, 256, 3],
    [64, 8, 256, 256, 3],
];

fn convolution([batch, length, input, output, taps]: [usize; 5]) -> [Tensor<f32>; 4] {
    [&[batch, length, input][..], &[taps, input, output], &[output], &[batch, length, output]].map(normal)
}

fn same([.., taps]: [usize; 5]) -> Conv1dSpec {
    Conv1dSpec { pad_left: taps / 2, pad_right: taps / 2, winograd: true, ..Conv1dSpec::default() }
}

fn multiplications([batch, length, input, output, taps]: [usize; 5]) -> usize {
    batch * length * input * output * taps
}

#[divan::bench(args = CONVOLUTIONS, sample_count = 300)]
fn conv1d(bencher: Bencher, sizes: [usize; 5]) {
    let [x, w, bias, _] = convolution(sizes);
    bencher.counter(ItemsCount::new(2 * multiplications(sizes))).bench(|| {
        let tape = Tape::new();
        let [x, w, bias] = [&x, &w, &bias].map(|value| tape.constant(value.clone()));
        x.conv1d(w, Some(bias), same(sizes)).value()
    });
}

#[divan::bench(args = CONVOLUTIONS, sample_count = 300)]
fn conv1d_and_gradients(bencher: Bencher, sizes: [usize; 5]) {
    let [x, w, bias, g] = convolution(sizes);
    bencher.counter(ItemsCount::new(6 * multiplications(sizes))).bench(|| {
        let tape = Tape::new();
        let [x, w, bias] = [&x, &w, &bias].map(|value| tape.var(value.clone()));
        x.conv1d(w, Some(bias), same(sizes)).backward_with(g.clone())
    });
}

/// Every channel by itself.
#[divan::bench(args = [[16, 32, 256], [16, 256, 256]])]
fn depthwise_and_gradients(bencher: Bencher, [batch, length, channels]: [usize; 3]) {
    let [x, w] = [&[batch, length, channels][..], &[3, 1, channels]].map(normal);
    let spec = Conv1dSpec { pad_left: 1, pad_right: 1, groups: channels, ..Conv1dSpec::default() };
    bencher.bench(|| {
        let tape = Tape::new();
        let [x, w] = [&x, &w].map(|value| tape.var(value.clone()));
        x.conv1d(w, None, spec).backward_with(x.value())
    });
}

/// [m, k, n] of the model's layers, their gradients, and a square; A·B, A·Bᵀ and Aᵀ·B.
const PRODUCTS: [[usize; 3]; 6] = [
    [512, 768, 256],
    [512, 256, 128],
    [768, 528, 256],
    [2048, 768, 256],
    [512, 300, 250],
    [1024, 1024, 1024],
];

#[divan::bench(args = PRODUCTS, consts = [false, true])]
fn product<const B_TRANSPOSED: bool>(bencher: Bencher, [m, k, n]: [usize; 3]) {
    let (a, b) = (normal(&[m, k]), if B_TRANSPOSED { normal(&[n, k]) } else { normal(&[k, n]) });
    let mut c = Array2::zeros((m, n));
    bencher.counter(ItemsCount::new(2 * m * k * n)).bench_local(|| {
        let b = if B_TRANSPOSED { b.rows().reversed_axes() } else { b.rows() };
        gemm(a.rows(), b, 0.0, c.view_mut());
    });
}

#[divan::bench(args = PRODUCTS)]
fn product_with_a_transposed(bencher: Bencher, [m, k, n]: [usize; 3]) {
    let (a, b) = (normal(&[k, m]), normal(&[k, n]));
    let mut c = Array2::zeros((m, n));
    bencher.counter(ItemsCount::new(2 * m * k * n)).bench_local(|| {
        gemm(a.rows().reversed_axes(), b.rows(), 0.0, c.view_mut());
    });
}
