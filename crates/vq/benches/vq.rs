//! The figures of the quantizers: run with `cargo bench -p gradbook-vq`.

use gradbook_autograd::Tensor;
use gradbook_vq::search::nearest;

fn main() {
    divan::main();
}

/// Standard normal numbers in a fixed order.
fn normal(shape: [usize; 2], seed: u64) -> Tensor<f32> {
    use gradbook_autograd::Rng;
    use ndarray_rand::{
        rand::SeedableRng,
        rand_distr::{Distribution, StandardNormal},
    };
    let mut rng = Rng::seed_from_u64(seed);
    Tensor::new(shape, (0..shape[0] * shape[1]).map(|_| StandardNormal.sample(&mut rng)).collect())
}

#[divan::bench(args = [(65_536, 64, 1024), (512, 128, 512), (4096, 128, 1024), (65_536, 8, 512)])]
fn nearest_code(bencher: divan::Bencher, (rows, dim, codes): (usize, usize, usize)) {
    let (x, codes) = (normal([rows, dim], 4), normal([codes, dim], 5));
    bencher.bench(|| nearest(&x, &codes));
}

#[divan::bench(sample_count = 10)]
fn kmeans_65536x64_512_centers(bencher: divan::Bencher) {
    use gradbook_autograd::Rng;
    use gradbook_vq::kmeans::{Start, kmeans};
    use ndarray_rand::rand::SeedableRng;
    let x = normal([65_536, 64], 4);
    bencher.bench(|| kmeans(&x, 512, 10, Start::PlusPlus, &mut Rng::seed_from_u64(1)));
}
