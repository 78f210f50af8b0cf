//! Tensors: what is shared and what is copied, loops over elements long enough for threads, copies along axes.

use gradbook_arrays::{Real, Tensor};

/// 0, 1, 2, …
fn ramp(shape: &[usize]) -> Tensor<f64> {
    Tensor::build(shape, |out| out.iter_mut().enumerate().for_each(|(i, x)| *x = i as f64))
}

/// More elements than are worth a second thread.
const MANY: usize = 300_001;

#[test]
fn every_element_is_mapped_by_its_own_value() {
    let x = ramp(&[MANY]);
    let right = |y: &Tensor<f64>, f: &dyn Fn(f64) -> f64| {
        assert!(y.as_slice().iter().enumerate().all(|(i, &y)| y == f(i as f64)));
    };
    right(&x.map(|x| 2.0 * x + 1.0), &|i| 2.0 * i + 1.0);
    right(&x.zip(&x.map(|x| x * x), |x, y| y - x), &|i| i * i - i);
    let mut y = x.clone();
    y.map_assign(|x| x + 0.5);
    right(&y, &|i| i + 0.5);
    y.zip_assign(&x, |y, x| y * x);
    right(&y, &|i| (i + 0.5) * i);
    right(&x, &|i| i); // y was a copy
}

#[test]
fn pairs_broadcast_along_every_axis() {
    let shape = [3, 4, 5];
    let x = ramp(&shape);
    for other in
        [&[][..], &[1], &[5], &[4, 1], &[4, 5], &[3, 1, 1], &[3, 1, 5], &[3, 4, 1], &[1, 4, 1], &[3, 4, 5]]
    {
        let y = ramp(other).map(|y| 100.0 * y);
        let place = |i: usize, j: usize, k: usize| -> f64 {
            let padded = [&[1; 3][other.len()..], other].concat();
            let index =
                [i, j, k].iter().zip(&padded).fold(0, |at, (&i, &n)| at * n + if n == 1 { 0 } else { i });
            100.0 * index as f64
        };
        let (forth, back) = (x.zip(&y, |x, y| x - y), y.zip(&x, |y, x| y - x));
        for (at, (&forth, &back)) in forth.as_slice().iter().zip(back.as_slice()).enumerate() {
            let expected = at as f64 - place(at / 20, at / 5 % 4, at % 5);
            assert_eq!((forth, back), (expected, -expected), "{other:?} at {at}");
        }
        assert_eq!(y.expand(shape.into()), x.zip(&y, |_, y| y), "{other:?}");
    }
    let (column, row) = (ramp(&[3, 1]), ramp(&[4]));
    assert_eq!(
        column.zip(&row, |c, r| 10.0 * c + r).as_slice()[..8],
        [0.0, 1.0, 2.0, 3.0, 10.0, 11.0, 12.0, 13.0]
    );
}

#[test]
fn axes_change_places() {
    let x = ramp(&[2, 3, 4]);
    for axes in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let expected = x.to_array().permuted_axes(axes.to_vec());
        let got = x.permuted(&axes);
        assert_eq!(got.to_array(), expected, "{axes:?}");
    }
}

#[test]
fn entries_are_taken_and_put_along_every_axis() {
    let x = ramp(&[2, 4, 3]);
    for axis in 0..3 {
        let length = x.shape()[axis];
        for index in [vec![], vec![0], vec![length - 1, 0, length - 1], (0..length).collect(), vec![1; 20]] {
            let taken = x.take(axis, &index);
            let expected = x.to_array().select(ndarray::Axis(axis), &index);
            assert_eq!(taken.to_array(), expected, "axis {axis}, {index:?}");
            // ⟨take(x), y⟩ = ⟨x, index_add(y)⟩
            let y = taken.map(|t| t * t + 1.0);
            let added = y.index_add(axis, &index, length);
            assert_eq!(added.shape(), x.shape());
            let dot = |a: &Tensor<f64>, b: &Tensor<f64>| -> f64 {
                a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| a * b).sum()
            };
            assert_eq!(dot(&taken, &y), dot(&x, &added), "axis {axis}, {index:?}");
        }
    }
}

#[test]
fn clones_share_until_one_is_written() {
    for count in [3, 5, 5000] {
        let a = ramp(&[count]);
        let mut b = a.clone();
        assert_eq!(a.as_slice().as_ptr() == b.as_slice().as_ptr(), count > 4, "few numbers are copied");
        b.as_mut_slice()[1] = -1.0;
        assert_eq!((a.as_slice()[1], b.as_slice()[1], b.as_slice()[2]), (1.0, -1.0, 2.0));
        let address = b.as_slice().as_ptr();
        b.as_mut_slice()[0] = 7.0;
        assert!(count <= 4 || b.as_slice().as_ptr() == address, "written in place when nobody shares");
        let c = b.clone().into_shape([count, 1]);
        assert_eq!((c.shape()[..] == [count, 1], c.as_slice()), (true, b.as_slice()));
    }
}

#[test]
fn rows_have_the_last_axis_as_columns() {
    let mut x = ramp(&[2, 3, 4]);
    assert_eq!((x.rows().dim(), x.rows()[[5, 1]]), ((6, 4), 21.0));
    x.rows_mut()[[5, 1]] = 0.0;
    x.view_mut()[[0, 1, 2]] = -6.0;
    assert_eq!((x.view()[[1, 2, 1]], x.as_slice()[6]), (0.0, -6.0));
    assert_eq!(ramp(&[]).rows().dim(), (1, 1));
    assert_eq!(ramp(&[3]).rows().dim(), (1, 3));
    assert_eq!(ramp(&[2, 0]).rows().dim(), (2, 0));
}

#[test]
fn arrays_of_ndarray_come_in_row_by_row() {
    let x = ndarray::Array2::from_shape_fn((3, 5), |(i, j)| (10 * i + j) as f64);
    assert_eq!(Tensor::from(x.clone()).to_array(), x.clone().into_dyn());
    assert_eq!(Tensor::from(x.clone().reversed_axes()).as_slice()[..4], [0.0, 10.0, 20.0, 1.0]);
    let part = x.slice_move(ndarray::s![1.., ..]);
    assert_eq!(Tensor::from(part).as_slice()[..6], [10.0, 11.0, 12.0, 13.0, 14.0, 20.0]);
}

#[test]
fn recycled_memory_is_never_seen() {
    for count in [1, 4, 5, 100, MANY] {
        drop(Tensor::filled([count], f64::NAN));
        assert!(Tensor::<f64>::zeros([count]).as_slice().iter().all(|&x| x == 0.0));
        drop(Tensor::filled([count + 1], 5.0));
        assert_eq!(Tensor::<f64>::filled([count], 2.0).as_slice(), vec![2.0; count]);
    }
    f64::pool().clear();
    assert_eq!(Tensor::<f64>::filled([7], 2.0).as_slice(), [2.0; 7]);
}

#[test]
fn equality_is_of_shapes_and_of_numbers() {
    let x = ramp(&[6]);
    assert_eq!(x, ramp(&[6]));
    assert_ne!(x, x.reshaped([2, 3]));
    assert_ne!(x, x.map(|x| x + 1.0));
    assert_ne!(Tensor::scalar(f64::NAN), Tensor::scalar(f64::NAN));
    assert_eq!(Tensor::scalar(2.5).item(), 2.5);
    assert_eq!(format!("{:?}", ramp(&[2]).map(|x| x + 0.5)).split(", shape").next(), Some("[0.5, 1.5]"));
}
