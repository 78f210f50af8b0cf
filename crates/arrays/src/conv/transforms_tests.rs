//! Transformed convolutions against the formulas of `transforms.rs`, one number at a time: blocks, threads, vectors and the ends of
//! items change no bit.

use std::array::from_fn;

use ndarray_rand::rand::{Rng, SeedableRng};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::{
    Conv1dSpec, Windows,
    transforms::{BLOCK, POINTS, STEP, gradients, lower, samples, taps, taps_back},
};
use crate::Tensor;

/// `[item, row, channel]`, zero before and after the rows of an item.
struct Rows(Tensor<f32>);

impl Rows {
    fn draw(shape: [usize; 3], rng: &mut ChaCha8Rng) -> Self {
        Self(Tensor::build(shape, |out| out.iter_mut().for_each(|x| *x = rng.random_range(-1.0..1.0))))
    }

    fn at(&self, item: usize, row: isize, channel: usize) -> f32 {
        let [_, rows, channels] = self.0.shape()[..] else { unreachable!("three axes") };
        let place = |row: usize| (item * rows + row) * channels + channel;
        if (0..rows as isize).contains(&row) { self.0.as_slice()[place(row as usize)] } else { 0.0 }
    }

    /// f of N rows from `first` on, in each of the channels.
    fn transformed<const N: usize>(
        &self,
        item: usize,
        first: isize,
        f: impl Fn([f32; N]) -> [f32; POINTS],
    ) -> Vec<[f32; POINTS]> {
        let channels = self.0.shape()[2];
        (0..channels).map(|c| f(from_fn(|k| self.at(item, first + k as isize, c)))).collect()
    }
}

fn add_products(sums: &mut [f32], v: &[f32; POINTS], u: &[f32; POINTS]) {
    sums.iter_mut().zip(v).zip(u).for_each(|((sum, v), &u)| *sum = v.mul_add(u, *sum));
}

/// The item and the first row of every tile.
fn tiles(items: usize, len: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..items).flat_map(move |item| (0..len).step_by(STEP).map(move |first| (item, first)))
}

/// The `len` rows of every item, from tiles whose first sees what lies `padding` rows before; u is `u(in, out)`.
fn outputs(
    x: &Rows,
    [items, len, padding, channels]: [usize; 4],
    u: impl Fn(usize, usize) -> [f32; POINTS],
) -> Vec<f32> {
    let mut y = Vec::new();
    for (item, first) in tiles(items, len) {
        let v = x.transformed(item, first as isize - padding as isize, samples);
        let tile: Vec<[f32; STEP]> = (0..channels)
            .map(|o| {
                let mut sums = [0.0; POINTS + 1]; // the last is the bias
                v.iter().enumerate().for_each(|(i, v)| add_products(&mut sums, v, &u(i, o)));
                lower(sums)
            })
            .collect();
        (0..STEP.min(len - first)).for_each(|row| y.extend(tile.iter().map(|tile| tile[row])));
    }
    y
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_transformed_convolution_has_the_bits_of_its_formulas(
        (items, len, pad_left, pad_right) in (1..4usize, 3..30usize, 0..3usize, 0..3usize),
        (inputs, made) in (BLOCK..70, BLOCK..70),
        seed: u64,
    ) {
        let pad_right = pad_right.max(pad_left.min(1)); // causal convolutions are not transformed
        let spec = Conv1dSpec { pad_left, pad_right, winograd: true, ..Conv1dSpec::default() };
        let short = spec.output_len(len, 3).expect("a window fits");
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let shapes = [[items, len, inputs], [3, inputs, made], [items, short, made]];
        let [x, w, g] = shapes.map(|shape| Rows::draw(shape, &mut rng));
        let kernels = Windows::new(spec, 3, items, len, short);

        let transformed = |order: [usize; 3], i: usize, o: usize| {
            let w = order.map(|k| w.at(k, i as isize, o));
            let [u1, u2, u3, u4] = taps(w);
            [w[0], u1, u2, u3, u4, w[2]]
        };
        let y = outputs(&x, [items, short, pad_left, made], |i, o| transformed([0, 1, 2], i, o));
        prop_assert!(kernels.correlate(&x.0, &w.0, None).as_slice() == y, "y");
        let dx = outputs(&g, [items, len, 2 - pad_left, inputs], |o, i| transformed([2, 1, 0], i, o));
        prop_assert!(kernels.adjoint(&g.0, (&w.0, true), None).as_slice() == dx, "dx");

        let mut du = vec![[0.0; POINTS]; inputs * made];
        for (item, first) in tiles(items, short) {
            let first = first as isize;
            let (v, e) = (x.transformed(item, first - pad_left as isize, samples), g.transformed(item, first, gradients));
            du.iter_mut().enumerate().for_each(|(io, du)| add_products(du, &v[io / made], &e[io % made]));
        }
        let dw = kernels.weights(&x.0, &g.0);
        for (io, du) in du.into_iter().enumerate() {
            prop_assert_eq!(from_fn(|k| dw.as_slice()[k * inputs * made + io]), taps_back(du), "dw");
        }
    }
}
