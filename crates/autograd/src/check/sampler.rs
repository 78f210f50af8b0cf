//! [`Sampler`]: random shapes and values for gradient checks, away from kinks on request, all from one seed.

use ndarray_rand::rand::{
    Rng as _, SeedableRng,
    distr::{Distribution, Uniform},
    seq::SliceRandom,
};
use ndarray_rand::rand_distr::StandardNormal;

use crate::{Rng, Shape, Tensor, check::Case};

/// Draws the inputs of gradient-check cases.
pub struct Sampler {
    rng: Rng,
}

impl Sampler {
    /// The sampler of a seed: same seed, same draws.
    pub fn new(seed: u64) -> Self {
        Self { rng: Rng::seed_from_u64(seed) }
    }

    /// An integer in `low..=high`: an axis length, a stride, a padding.
    pub fn int(&mut self, low: usize, high: usize) -> usize {
        self.rng.random_range(low..=high)
    }

    /// `N` axis lengths between 1 and 4.
    pub fn dims<const N: usize>(&mut self) -> [usize; N] {
        std::array::from_fn(|_| self.int(1, 4))
    }

    /// A shape of 0 to 3 axes.
    pub fn shape(&mut self) -> Shape {
        let rank = self.int(0, 3);
        Shape::new(&self.dims::<3>()[..rank])
    }

    /// What `draw` makes of a random shape: `s.any(Sampler::normal)`.
    pub fn any(&mut self, draw: impl FnOnce(&mut Self, &[usize]) -> Tensor<f64>) -> Tensor<f64> {
        let shape = self.shape();
        draw(self, &shape)
    }

    /// Elements drawn one by one.
    pub fn draw(&mut self, shape: &[usize], mut each: impl FnMut(&mut Rng) -> f64) -> Tensor<f64> {
        let elements = (0..shape.iter().product()).map(|_| each(&mut self.rng)).collect();
        Tensor::new(shape, elements)
    }

    /// Standard normal elements.
    pub fn normal(&mut self, shape: &[usize]) -> Tensor<f64> {
        self.draw(shape, |rng| StandardNormal.sample(rng))
    }

    /// Elements uniform in `low..high`.
    pub fn uniform(&mut self, shape: &[usize], low: f64, high: f64) -> Tensor<f64> {
        let range = Uniform::new(low, high).expect("low < high");
        self.draw(shape, |rng| range.sample(rng))
    }

    /// Elements of either sign, at least 0.3 from zero: divisors.
    pub fn nonzero(&mut self, shape: &[usize]) -> Tensor<f64> {
        self.draw(shape, |rng| {
            let size = rng.random_range(0.3..2.0);
            if rng.random() { size } else { -size }
        })
    }

    /// Normal elements at least 0.01 away from every kink, where derivatives jump and differences mean nothing.
    pub fn away_from(&mut self, shape: &[usize], kinks: &[f64]) -> Tensor<f64> {
        self.draw(shape, |rng| {
            loop {
                let x: f64 = StandardNormal.sample(rng);
                if kinks.iter().all(|kink| (x - kink).abs() > 0.01) {
                    return x;
                }
            }
        })
    }

    /// Elements all at least 0.05 apart, in random order: no ties for max and min.
    pub fn distinct(&mut self, shape: &[usize]) -> Tensor<f64> {
        let count: usize = shape.iter().product();
        let mut elements: Vec<f64> = (0..count)
            .map(|i| 0.1 * (i as f64 - count as f64 / 2.0) + self.rng.random_range(0.0..0.05))
            .collect();
        elements.shuffle(&mut self.rng);
        Tensor::new(shape, elements)
    }

    /// What `case` makes of two shapes, for every way in which one broadcasts to the other.
    pub fn broadcasts(&mut self, mut case: impl FnMut(&mut Self, &[usize], &[usize]) -> Case) -> Vec<Case> {
        let [a, b, c] = self.dims();
        let pairs: [[&[usize]; 2]; 8] = [
            [&[a, b, c], &[a, b, c]],
            [&[a, b, c], &[c]],
            [&[b], &[a, b]],
            [&[a, 1], &[1, b]],
            [&[], &[a, b]],
            [&[a, b], &[]],
            [&[a, 1, c], &[b, 1]],
            [&[1], &[a]],
        ];
        pairs.map(|[x, y]| case(self, x, y)).into()
    }
}
