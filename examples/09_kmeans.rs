//! k-means on three clouds: the inertia never rises, and no center stays empty.

use gradbook::autograd::{Rng, Tensor};
use gradbook::vq::kmeans::{Start, kmeans};
use ndarray_rand::{
    rand::{Rng as _, SeedableRng},
    rand_distr::{Distribution, StandardNormal},
};

fn main() {
    let mut rng = Rng::seed_from_u64(3);
    let clouds = [[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]];
    let mut points = Vec::new();
    for _ in 0..600 {
        let center = clouds[rng.random_range(0..3)];
        points.extend(center.map(|c: f32| {
            let noise: f32 = StandardNormal.sample(&mut rng);
            c + noise
        }));
    }
    let x = Tensor::new([600, 2], points);
    let found = kmeans(&x, 3, 20, Start::PlusPlus, &mut rng);
    for (center, hits) in found.centers.as_slice().chunks(2).zip(&found.hits) {
        println!("center ({:5.2}, {:5.2}) with {hits} points", center[0], center[1]);
    }
    println!("inertia per round: {:.0?}", found.inertia);
    assert!(found.inertia.is_sorted_by(|a, b| a >= b));
}
