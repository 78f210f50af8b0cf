//! The matrix product: any strides, any sizes, the bits of its definition, on any number of threads.

use gradbook_arrays::{Real, gemm::gemm};
use ndarray::{Array2, ArrayView2, Axis, ShapeBuilder, Slice};
use ndarray_rand::{RandomExt, rand::SeedableRng, rand_distr::StandardNormal};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;

fn normal<T: Real>(seed: u64, dim: (usize, usize)) -> Array2<T> {
    Array2::<f64>::random_using(dim, StandardNormal, &mut ChaCha8Rng::seed_from_u64(seed)).mapv(T::of)
}

/// Chunks of at most 512 terms, each summed from zero with one rounding for each term, on top of β·C; of more than 16
/// chunks, blocks of 16 summed in pairs.
fn by_definition<T: Real>(a: &Array2<T>, b: &Array2<T>, beta: T, c: &Array2<T>) -> Array2<T> {
    let k = a.ncols();
    let terms = k.div_ceil(k.div_ceil(512).max(1)).max(1);
    Array2::from_shape_fn(c.dim(), |(i, j)| {
        let sums = (0..k).step_by(terms).map(|start| {
            (start..k.min(start + terms)).fold(T::ZERO, |sum, k| a[[i, k]].mul_add(b[[k, j]], sum))
        });
        let sums: Vec<T> = sums.collect();
        let old = if beta == T::ZERO { T::ZERO } else { beta * c[[i, j]] };
        let chain = |start: T, sums: &[T]| sums.iter().fold(start, |sum, &chunk| sum + chunk);
        if sums.len() <= 16 {
            return chain(old, &sums);
        }
        old + in_pairs(sums.chunks(16).map(|sums| chain(T::ZERO, sums)).collect())
    })
}

/// The first 2ⁿ, as many as there are at most, in pairs, and then the rest.
fn in_pairs<T: Real>(mut sums: Vec<T>) -> T {
    if sums.len() == 1 {
        return sums[0];
    }
    let rest = sums.split_off(sums.len().next_power_of_two() / 2);
    in_pairs(sums) + in_pairs(rest)
}

/// The same bits; or, of OpenBLAS, which rounds in other places, about the same.
fn same<T: Real>(
    got: impl IntoIterator<Item = T>,
    expected: &Array2<T>,
    tolerance: f64,
) -> Result<(), TestCaseError> {
    let tolerance = if cfg!(feature = "openblas") { tolerance } else { 0.0 };
    for (got, &expected) in got.into_iter().zip(expected) {
        let (off, size) = ((got - expected).to_f64().abs(), 1.0 + expected.to_f64().abs());
        prop_assert!(off <= tolerance * size, "{} is not {}", got, expected);
    }
    Ok(())
}

/// The same matrix in one of eight layouts: with gaps between the rows, column-major, backwards.
#[derive(Clone, Copy, Debug)]
struct Layout(u8);

impl Layout {
    fn room<T: Real>(self, x: &Array2<T>) -> Array2<T> {
        let gap = 1 + usize::from(self.0 & 1);
        let mut room =
            Array2::from_elem((x.nrows() * gap, x.ncols()).set_f(self.0 & 2 != 0), T::of(f64::NAN));
        let mut slots = room.slice_axis_mut(Axis(0), Slice::new(0, None, gap as isize));
        if self.0 & 4 != 0 {
            slots.invert_axis(Axis(0));
            slots.invert_axis(Axis(1));
        }
        slots.assign(x);
        room
    }

    fn view<T>(self, room: &mut Array2<T>) -> ndarray::ArrayViewMut2<'_, T> {
        let mut view = room.slice_axis_mut(Axis(0), Slice::new(0, None, 1 + isize::from(self.0 as i8 & 1)));
        if self.0 & 4 != 0 {
            view.invert_axis(Axis(0));
            view.invert_axis(Axis(1));
        }
        view
    }
}

fn agrees<T: Real>(
    [m, k, n]: [usize; 3],
    [la, lb, lc]: [Layout; 3],
    beta: f64,
    seed: u64,
    tolerance: f64,
) -> Result<(), TestCaseError> {
    let [a, b, c] =
        [(seed, (m, k)), (!seed, (k, n)), (seed / 3, (m, n))].map(|(seed, dim)| normal(seed, dim));
    let (mut room_a, mut room_b, mut room_c) = (la.room(&a), lb.room(&b), lc.room(&c));
    let (view_a, view_b) = (la.view(&mut room_a), lb.view(&mut room_b));
    gemm(view_a.view(), view_b.view(), T::of(beta), lc.view(&mut room_c));
    same(lc.view(&mut room_c).iter().copied(), &by_definition(&a, &b, T::of(beta), &c), tolerance)
}

fn length() -> impl Strategy<Value = usize> {
    prop_oneof![1 => Just(0), 8 => 1..20usize, 1 => prop_oneof![Just(48), Just(96), 100..200usize]]
}

proptest! {
    #[test]
    fn in_any_layout_and_of_any_size_a_product_has_the_bits_of_its_definition(
        (m, n) in (length(), length()),
        k in prop_oneof![9 => length(), 1 => 500..1600usize],
        layouts in [(0..8u8).prop_map(Layout), (0..8u8).prop_map(Layout), (0..8u8).prop_map(Layout)],
        beta in prop_oneof![Just(0.0), Just(1.0), Just(-0.5)],
        seed: u64,
    ) {
        agrees::<f64>([m, k, n], layouts, beta, seed, 1e-10)?;
        agrees::<f32>([m, k, n], layouts, beta, seed, 1e-3)?;
    }

    #[test]
    fn overlapping_rows_are_read_in_place(step in 1..5usize, width in 1..40usize, rows in 1..80usize, seed: u64) {
        let x = normal::<f64>(seed, (1, rows * step + width));
        let windows = ArrayView2::from_shape((rows, width).strides((step, 1)), x.as_slice().expect("one row"));
        let (windows, b) = (windows.expect("inside"), normal(!seed, (width, 48)));
        let (plain, mut c) = (windows.to_owned(), Array2::zeros((rows, 48)));
        gemm(windows, b.view(), 0.0, c.view_mut());
        same(c.iter().copied(), &by_definition(&plain, &b, 0.0, &c), 1e-10)?;
        let (g, mut w) = (normal(seed / 7, (rows, 5)), Array2::zeros((width, 5)));
        gemm(windows.reversed_axes(), g.view(), 0.0, w.view_mut());
        same(w.iter().copied(), &by_definition(&plain.reversed_axes(), &g, 0.0, &w), 1e-10)?;
    }
}

#[test]
fn long_products_have_the_bits_of_their_definition_too() {
    // 17 chunks, 2 blocks and one term, and 5 blocks; thin, and wide enough for the kernels.
    for k in [8193, 16_385, 40_000] {
        for (m, n) in [(1, 1), (3, 5), (20, 33)] {
            for beta in [0.0, -0.5] {
                agrees::<f32>([m, k, n], [Layout(0); 3], beta, 5, 1e-3).expect("the bits");
            }
        }
    }
}

#[test]
fn at_the_size_of_the_model_a_product_is_that_in_f64() {
    let (m, k, n) = (512, 768, 256);
    let [a, b] = [(m, k), (k, n)].map(|dim| normal::<f32>(11, dim));
    let mut c = Array2::zeros((m, n));
    gemm(a.view(), b.view(), 0.0, c.view_mut());
    let mut plain = Array2::<f64>::zeros((m, n));
    for ((i, k), &a) in a.indexed_iter() {
        plain.row_mut(i).iter_mut().zip(b.row(k)).for_each(|(c, &b)| *c += f64::from(a) * f64::from(b));
    }
    for (&got, expected) in c.iter().zip(plain) {
        assert!((f64::from(got) - expected).abs() < 3e-6 * 28.0, "{got} is not {expected}"); // √768 = 28
    }
}

#[test]
fn old_contents_do_not_survive_a_beta_of_zero() {
    for k in [0, 1, 7, 300] {
        let (a, b) = (Array2::<f32>::zeros((130, k)), Array2::zeros((k, 144)));
        let mut c = Array2::from_elem((130, 144), f32::NAN);
        gemm(a.view(), b.view(), 0.0, c.view_mut());
        assert!(c.iter().all(|c| *c == 0.0), "inner length {k}");
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let products = || {
        [(512, 768, 256), (528, 300, 250), (3, 700, 1500), (130, 4000, 10)].map(|(m, k, n)| {
            let [a, b] = [(m, k), (k, n)].map(|dim| normal::<f32>(9, dim));
            let mut c = Array2::zeros((m, n));
            gemm(a.view(), b.view(), 0.0, c.view_mut());
            let bt = b.t().to_owned();
            gemm(a.view(), bt.t(), 1.0, c.view_mut());
            c
        })
    };
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(products)
    };
    let alone = on(1);
    assert!(on(2) == alone && on(5) == alone);
}
