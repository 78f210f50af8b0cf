//! Long sums: as good as short ones, in whatever shape and by whatever kernel they come. In f32 a sum that is added up one
//! by one goes wrong in the fourth digit at 10⁶ terms, and stands still at 10⁸.

use gradbook_arrays::{Conv1dSpec, Tensor, conv::Windows, gemm::gemm, matmul, pairwise};
use ndarray::{Array2, ArrayView2};
use ndarray_rand::rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Numbers between 0 and 1.
fn uniform(count: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| rng.random()).collect()
}

#[track_caller]
fn close(got: f32, expected: f64) {
    let off = (f64::from(got) / expected - 1.0).abs();
    assert!(off <= 1e-6, "{got} is not {expected}, by {off:e} of its size");
}

fn sum(x: &Tensor<f32>, axes: &[usize]) -> Tensor<f32> {
    x.fold_axes(axes, 0.0, |sum, x| sum + x)
}

#[test]
fn a_tenth_a_hundred_million_times_is_ten_million() {
    let count = 100_000_000;
    let x = Tensor::filled([count], 0.1f32);
    let expected = f64::from(0.1f32) * count as f64;
    close(sum(&x, &[0]).as_slice()[0], expected);
    for column in sum(&x.reshaped([count / 2, 2]), &[0]).as_slice() {
        close(*column, expected / 2.0);
    }
    let middle = x.into_shape([2, count / 100, 50]);
    sum(&middle, &[1]).as_slice().iter().for_each(|&column| close(column, expected / 100.0));
    sum(&middle, &[0, 2]).as_slice().iter().for_each(|&column| close(column, 0.1f32 as f64 * 100.0));
}

#[test]
fn sums_of_random_numbers_are_those_in_f64_along_any_axes() {
    let shape = [7, 11, 1, 301, 43]; // no length a power of two
    let x = Tensor::new(shape, uniform(7 * 11 * 301 * 43, 1));
    let exact = x.view().mapv(f64::from);
    for axes in
        [&[0][..], &[1], &[3], &[4], &[0, 1], &[3, 4], &[0, 3], &[1, 4], &[0, 1, 2, 3], &[0, 1, 2, 3, 4]]
    {
        let mut expected = exact.clone();
        for &axis in axes {
            expected = expected.sum_axis(ndarray::Axis(axis)).insert_axis(ndarray::Axis(axis));
        }
        let got = sum(&x, axes);
        assert_eq!(got.shape()[..], *expected.shape(), "{axes:?}");
        got.as_slice().iter().zip(&expected).for_each(|(&got, &expected)| close(got, expected));
    }
}

type Fold = fn(f64, f64) -> f64;

#[test]
fn folds_of_every_length_and_width_meet_every_number_once() {
    for width in [1, 2, 3, 5, 8, 15, 16, 17, 31, 32, 33, 63, 64, 100] {
        for rows in (0..70).chain([255, 256, 257, 511, 513, 1000, 1025]) {
            let x = Tensor::build([rows, width], |out| {
                let numbers = (0..rows * width).map(|i| (i * 7919 % 1009) as f64 - 500.0);
                out.iter_mut().zip(numbers).for_each(|(out, x)| *out = x);
            });
            let by_hand = |start: f64, f: Fold| -> Vec<f64> {
                (0..width).map(|c| (0..rows).map(|r| x.as_slice()[r * width + c]).fold(start, f)).collect()
            };
            let folds: [(f64, Fold); 3] =
                [(0.0, |a, b| a + b), (f64::NEG_INFINITY, f64::max), (f64::INFINITY, f64::min)];
            for (start, f) in folds {
                assert_eq!(x.fold_axes(&[0], start, f).as_slice(), by_hand(start, f), "{rows} × {width}");
                let along = x.permuted(&[1, 0]).fold_axes(&[1], start, f);
                assert_eq!(along.as_slice(), by_hand(start, f), "{width} × {rows}");
            }
        }
    }
}

#[test]
fn a_fold_over_no_axes_or_axes_of_one_changes_nothing() {
    let x = Tensor::new([2, 1, 2], vec![1.0, -0.0, 3.0, f64::NAN]);
    let bits = |x: &Tensor<f64>| x.as_slice().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&x.fold_axes(&[], 0.0, |a, b| a + b)), bits(&x));
    assert_eq!(bits(&x.fold_axes(&[1], 0.0, |a, b| a + b)), bits(&x));
}

#[test]
fn broadcasting_goes_back_by_sums() {
    let x = Tensor::new([1000, 1, 300], uniform(300_000, 2));
    let expected: f64 = x.as_slice().iter().map(|&x| f64::from(x)).sum();
    close(x.clone().sum_to(&[].into()).item(), expected);
    close(x.clone().sum_to(&[1, 1].into()).item(), expected);
    let columns = x.clone().sum_to(&[300].into());
    assert_eq!(columns.shape()[..], [300]);
    let column: f64 = x.as_slice().iter().skip(7).step_by(300).map(|&x| f64::from(x)).sum();
    close(columns.as_slice()[7], column);
    assert_eq!(x.clone().sum_to(&[1000, 1, 300].into()), x);
}

#[test]
fn products_over_ten_million_terms_are_those_in_f64() {
    let k = 10_000_000;
    let (a, b) = (uniform(k, 3), uniform(k, 4));
    let expected: f64 = a.iter().zip(&b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
    let view = |x, m, k| ArrayView2::from_shape((m, k), x).expect("as long");
    let mut c = Array2::zeros((1, 1));
    gemm(view(&a, 1, k), view(&b, k, 1), 0.0, c.view_mut());
    close(c[[0, 0]], expected);
    // The gradient of a weight over very many rows: Aᵀ·B, of 2 and 4 columns.
    let (a, b) = (view(&a, k / 4, 4), view(&b, k / 4, 4));
    let mut c = Array2::ones((4, 4));
    gemm(a.t(), b, 1.0, c.view_mut());
    for (i, j) in [(0, 0), (1, 3), (3, 2)] {
        let expected: f64 =
            a.column(i).iter().zip(b.column(j)).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
        close(c[[i, j]], 1.0 + expected);
    }
}

#[test]
fn products_over_a_long_batch_are_those_in_f64() {
    let batch = 200_000;
    let (a, b) = (uniform(batch * 2, 5), uniform(batch * 2, 6));
    let expected: f64 = a.iter().zip(&b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
    let (a, b) = (Tensor::new([batch, 1, 2], a), Tensor::new([batch, 2, 1], b));
    close(matmul((&a, false), (&b, false), [1, 1].into()).item(), expected);
    let columns = matmul((&b, false), (&a, false), [2, 2].into());
    let corner: f64 =
        (0..batch).map(|i| f64::from(b.as_slice()[2 * i]) * f64::from(a.as_slice()[2 * i + 1])).sum();
    close(columns.as_slice()[1], corner);
}

#[test]
fn many_entries_for_one_place_add_up() {
    let count = 3_000_000;
    let y = uniform(2 * count, 7);
    let index: Vec<usize> = (0..count).map(|j| if j % 1000 == 0 { 2 } else { j % 2 }).collect();
    let x = Tensor::new([count, 2], y.clone()).index_add(0, &index, 4);
    for place in 0..4 {
        for column in 0..2 {
            let entries = (0..count).filter(|&j| index[j] == place).map(|j| f64::from(y[2 * j + column]));
            let (got, expected) = (x.as_slice()[2 * place + column], entries.sum::<f64>());
            if place == 3 { assert_eq!(got, 0.0) } else { close(got, expected) }
        }
    }
    // All for one place.
    close(Tensor::new([count], y[..count].to_vec()).index_add(0, &vec![0; count], 1).item(), {
        y[..count].iter().map(|&y| f64::from(y)).sum()
    });
    // Along another axis, the same index for each item.
    let y = Tensor::new([2, 40, 1], (0..80u8).map(f64::from).collect());
    let places: Vec<usize> = (0..40).map(|j| usize::from(j % 4 == 0)).collect();
    let ones = |item: usize| (0..10).map(|j| (40 * item + 4 * j) as f64).sum::<f64>();
    let all = |item: usize| (0..40).map(|j| (40 * item + j) as f64).sum::<f64>();
    let expected = [all(0) - ones(0), ones(0), all(1) - ones(1), ones(1)];
    assert_eq!(y.index_add(1, &places, 2).as_slice(), expected);
}

#[test]
fn the_gradient_of_weights_over_a_million_windows_is_that_in_f64() {
    let (length, channels) = (300_000, 3);
    let (x, g) = (uniform(length * channels, 8), uniform(length * channels, 9));
    let at = |m: usize, k: usize| (m + k).checked_sub(1).filter(|&p| p < length);
    let product = |k: usize, i: usize, o: usize| -> f64 {
        let meetings = (0..length).filter_map(|m| at(m, k).map(|p| (m, p)));
        meetings.map(|(m, p)| f64::from(x[p * channels + i]) * f64::from(g[m * channels + o])).sum()
    };
    let (tx, tg) = (Tensor::new([length, channels], x.clone()), Tensor::new([length, channels], g.clone()));
    for groups in [1, channels] {
        let spec = Conv1dSpec { pad_left: 1, pad_right: 1, groups, ..Conv1dSpec::default() };
        let dw = Windows::new(spec, 3, 1, length, length).weights(&tx, &tg);
        for (k, o) in [(0, 0), (1, 2), (2, 1)] {
            let inputs = channels / groups;
            let got = dw.as_slice()[k * inputs * channels + o];
            close(got, product(k, if groups == 1 { 0 } else { o }, o));
        }
    }
}

#[test]
fn pairs_are_exact_where_a_chain_stands_still() {
    let mut total = [0.0f32];
    pairwise(1 << 26, &mut total, |_, out| out[0] = 1.0, |a, b| a + b);
    assert_eq!(total[0], (1u32 << 26) as f32); // one by one it ends at 2²⁴
}
