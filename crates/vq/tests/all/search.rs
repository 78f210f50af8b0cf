//! Nearest code and k-means against plain arithmetic in f64.

use gradbook_autograd::{Rng, Tensor, check::Sampler};
use gradbook_vq::{
    kmeans::{Start, kmeans},
    search::nearest,
};
use ndarray_rand::rand::{Rng as _, SeedableRng};
use proptest::prelude::*;

fn narrow(x: &Tensor<f64>) -> Tensor<f32> {
    Tensor::new(*x.shape(), x.as_slice().iter().map(|&x| x as f32).collect())
}

fn squared(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_other_code_is_nearer(
        seed: u64, rows in 1..220usize, count in 1..40usize, width in 1..20usize, offset in -50.0..50.0f32,
    ) {
        let mut s = Sampler::new(seed);
        let codes = narrow(&s.normal(&[count, width])).map(|e| e + offset);
        let x = narrow(&s.normal(&[rows, width])).map(|x| x + offset);
        let found = nearest(&x, &codes);
        for (x, &k) in x.as_slice().chunks(width).zip(&found) {
            let to = |k: usize| squared(x, &codes.as_slice()[k * width..][..width]);
            let best = (0..count).map(to).fold(f64::INFINITY, f64::min);
            prop_assert!(to(k as usize) <= best * (1.0 + 1e-12), "{} is further than {best}", to(k as usize));
        }
    }

    #[test]
    fn codes_within_the_rounding_of_scores_are_told_apart(
        seed: u64, count in 2..40usize, width in 1..80usize, offset in -50.0..50.0f32, scale in -20..20i32,
    ) {
        let mut s = Sampler::new(seed);
        // Codes that differ in their last digits, and rows about as far from all of them.
        let size = f32::powi(10.0, scale);
        let middle = narrow(&s.normal(&[1, width]));
        let codes = narrow(&s.normal(&[count, width]));
        let codes = Tensor::build([count, width], |out| {
            let middle = middle.as_slice().iter().cycle();
            out.iter_mut().zip(codes.as_slice()).zip(middle).for_each(|((to, e), m)| *to = size * (m + offset + 1e-6 * e));
        });
        let x = narrow(&s.normal(&[50, width])).map(|x| size * (x + offset));
        for (x, &k) in x.as_slice().chunks(width).zip(&nearest(&x, &codes)) {
            let to = |k: usize| squared(x, &codes.as_slice()[k * width..][..width]);
            let best = (0..count).map(to).fold(f64::INFINITY, f64::min);
            prop_assert!(to(k as usize) <= best * (1.0 + 1e-12), "{} is further than {best}", to(k as usize));
        }
    }

    #[test]
    fn both_searches_agree_where_no_two_codes_are_nearly_as_near(seed: u64, rows in 1..220usize, count in 1..40usize) {
        let mut s = Sampler::new(seed);
        // Codes on a line, rows at most 0.4 from one of them.
        let codes = Tensor::new([count, 1], (0..count).map(|k| k as f64).collect());
        let x = s.draw(&[rows, 1], |rng| {
            rng.random_range(0..count) as f64 + rng.random_range(-0.4..0.4)
        });
        let expected: Vec<u32> = x.as_slice().iter().map(|x| x.round() as u32).collect();
        prop_assert_eq!(nearest(&narrow(&x), &narrow(&codes)), expected.clone());
        prop_assert_eq!(nearest(&x, &codes), expected);
    }

    #[test]
    fn a_row_finds_the_same_code_alone_and_in_company(seed: u64, rows in 1..300usize) {
        let mut s = Sampler::new(seed);
        let (x, codes) = (narrow(&s.normal(&[rows, 5])), narrow(&s.normal(&[33, 5])));
        let row = s.int(0, rows - 1);
        let alone = Tensor::new([1, 5], x.as_slice()[5 * row..][..5].to_vec());
        prop_assert_eq!(nearest(&alone, &codes)[0], nearest(&x, &codes)[row]);
    }

    #[test]
    fn a_code_finds_the_lowest_of_its_copies(seed: u64, count in 1..30usize, width in 1..9usize) {
        let mut s = Sampler::new(seed);
        let codes = narrow(&s.normal(&[count, width]));
        let twice = Tensor::new([2 * count, width], [codes.as_slice(), codes.as_slice()].concat());
        prop_assert_eq!(nearest(&codes, &twice), (0..count as u32).collect::<Vec<_>>());
    }

    #[test]
    fn inertia_never_increases(seed: u64, rows in 1..200usize, count in 1..30usize, random: bool) {
        let x = narrow(&Sampler::new(seed).normal(&[rows, 3]));
        let start = if random { Start::Random } else { Start::PlusPlus };
        let inertia = kmeans(&x, count, 8, start, &mut Rng::seed_from_u64(seed)).inertia;
        for pair in inertia.windows(2) {
            prop_assert!(pair[1] <= pair[0] * (1.0 + 1e-6) + 1e-9, "{inertia:?}");
        }
    }

    #[test]
    fn centers_are_never_zero_nor_double(seed: u64, distinct in 1..6usize, copies in 1..4usize, count in 1..40usize) {
        let rows = Sampler::new(seed).normal(&[distinct, 2]);
        for scale in [0.0, 1e-6, 1.0, 1e6] {
            let x = narrow(&Tensor::new([distinct * copies, 2], rows.as_slice().repeat(copies))).map(|x| x * scale);
            let found = kmeans(&x, count, 5, Start::PlusPlus, &mut Rng::seed_from_u64(seed));
            let centers: Vec<&[f32]> = found.centers.as_slice().chunks(2).collect();
            for (i, center) in centers.iter().enumerate() {
                prop_assert!(center.iter().any(|&c| c != 0.0) && center.iter().all(|c| c.is_finite()));
                prop_assert!(!centers[..i].contains(center), "{center:?} twice");
            }
        }
    }
}

#[test]
fn every_distinct_row_is_a_center_when_there_are_enough() {
    let x = Tensor::new([4, 1], vec![5.0f32, 1.0, 5.0, 3.0]);
    let centers = kmeans(&x, 6, 5, Start::PlusPlus, &mut Rng::seed_from_u64(3)).centers;
    for row in [1.0, 3.0, 5.0] {
        assert!(centers.as_slice().contains(&row), "{row} is not in {centers:?}");
    }
}

#[test]
fn codes_close_together_far_from_the_origin_are_told_apart() {
    let codes =
        Tensor::new([64, 2], (0..128).map(|i| 1000.0 + (i / 2 % 8) as f32 * 0.01).collect::<Vec<f32>>());
    let codes =
        codes.zip(&Tensor::new([64, 2], (0..128).map(|i| (i / 16) as f32 * 0.01).collect()), |a, b| a + b);
    let found = nearest(&codes, &codes);
    for (k, &f) in found.iter().enumerate() {
        let code = |k: usize| &codes.as_slice()[2 * k..2 * k + 2];
        assert_eq!(code(k), code(f as usize));
    }
}

#[test]
#[should_panic(expected = "row 2 of 3")]
fn a_row_that_is_not_a_number_is_named() {
    let x = Tensor::new([3, 1], vec![0.0f32, 1e30, f32::NAN]);
    nearest(&x, &Tensor::new([2, 1], vec![1.0, 2.0]));
}

#[test]
#[should_panic(expected = "row 0 of 1")]
fn a_row_whose_distances_overflow_is_named() {
    nearest(&Tensor::new([1, 1], vec![1e30f32]), &Tensor::new([2, 1], vec![-1e30, 1e30]));
}

#[test]
fn any_number_of_threads_clusters_to_the_same_bits() {
    let x = narrow(&Sampler::new(5).normal(&[3000, 7]));
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
        pool.install(|| kmeans(&x, 50, 6, Start::PlusPlus, &mut Rng::seed_from_u64(9)).centers)
    };
    assert_eq!(run(1), run(3));
}
