//! What reductions and ops that move elements promise besides derivatives: values, empty axes, ties, words.

use gradbook_autograd::{Pad, Tape, Tensor, Var, check::Sampler};
use ndarray::{Axis, Slice, concatenate};
use proptest::prelude::*;

/// The numbers 0, 1, 2, … in this shape.
fn count<const N: usize>(shape: [usize; N]) -> Tensor<f64> {
    Tensor::new(shape, (0..shape.iter().product::<usize>()).map(|i| i as f64).collect())
}

proptest! {
    #[test]
    fn moving_elements_gives_what_ndarray_gives(seed: u64) {
        let mut s = Sampler::new(seed);
        let shape = s.dims::<4>();
        let tape = Tape::new();
        let x = tape.constant(s.normal(&shape));
        let array = x.value().to_array();

        let mut axes = vec![0];
        (1..4).for_each(|axis| axes.insert(s.int(0, axis), axis));
        let permuted = array.view().permuted_axes(&axes[..]);
        prop_assert_eq!(x.permute(&axes).value(), Tensor::from(permuted.to_owned()));

        let axis = s.int(0, 3);
        let (start, step) = (s.int(0, shape[axis]), s.int(1, 3));
        let end = s.int(start, shape[axis]);
        let slice = Slice::new(start as isize, Some(end as isize), step as isize);
        let sliced = array.slice_axis(Axis(axis), slice).to_owned();
        prop_assert_eq!(x.slice_step(axis, start..end, step).value(), Tensor::from(sliced.clone()));

        let joined = concatenate(Axis(axis), &[array.view(), sliced.view(), array.view()]).unwrap();
        let parts = [x, tape.constant(sliced), x];
        prop_assert_eq!(Var::concat(&parts, axis).value(), Tensor::from(joined));
        let stacked = ndarray::stack(Axis(axis), &[array.view(), array.view()]).unwrap();
        prop_assert_eq!(Var::stack(&[x, x], axis).value(), Tensor::from(stacked));

        let rows: Vec<usize> = (0..s.int(0, 6)).map(|_| s.int(0, shape[0] - 1)).collect();
        let gathered = x.gather_rows(&rows);
        prop_assert_eq!(gathered.value(), Tensor::from(array.select(Axis(0), &rows)));
        let mut sums = ndarray::ArrayD::zeros(&shape[..]);
        rows.iter().enumerate().for_each(|(j, &row)| {
            sums.index_axis_mut(Axis(0), row).scaled_add(1.0, &gathered.value().view().index_axis(Axis(0), j));
        });
        prop_assert_eq!(gathered.scatter_add(&rows, shape[0]).value(), Tensor::from(sums));

        let first = x.slice(axis, 0..1);
        let wide = first.value().to_array().broadcast(&shape[..]).unwrap().to_owned();
        prop_assert_eq!(first.broadcast_to(&shape[..]).value(), Tensor::from(wide));
    }
}

#[test]
fn reductions_over_nothing_are_numpys() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::zeros([0, 3]));
    assert_eq!(x.sum(&[0]).value().as_slice(), [0.0; 3]);
    assert!(x.mean(&[0]).value().as_slice().iter().all(|y| y.is_nan()));
    assert_eq!(x.logsumexp(&[0]).value().as_slice(), [f64::NEG_INFINITY; 3]);
    assert_eq!(x.max(&[1]).shape()[..], [0]);
    let all = x.sum_all() + x.logsumexp(&[0]).sum_all() + x.max(&[1]).sum_all() + x.min_keep(&[1]).sum_all();
    assert_eq!(all.backward()[x].shape()[..], [0, 3]);
}

#[test]
fn empty_axes_pass_through_everything_that_moves_elements() {
    for shape in [[0, 2, 3], [2, 0, 3], [2, 3, 0]] {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::zeros(shape));
        let results = [
            x.reshape([0, 7]),
            x.permute(&[2, 0, 1]),
            x.slice(1, 0..0),
            Var::concat(&[x, x], 1),
            Var::stack(&[x, x], 3),
            x.gather_rows(&[]),
            x.scatter_add(&vec![0; shape[0]], 4),
            x.broadcast_to([5, shape[0], shape[1], shape[2]]),
            x.pad(1, 1, 1, Pad::Zero),
            x.upsample_nearest1d(2),
            x.softmax(1),
            x.log_softmax(2),
            x.l2_normalize(1, 1e-12),
            x.sum(&[0, 2]),
        ];
        let sums: Vec<_> = results.iter().map(|y| y.sum_all()).collect();
        let total = sums.into_iter().reduce(|a, b| a + b).unwrap();
        assert_eq!(total.item(), 0.0);
        assert_eq!(total.backward()[x].shape()[..], shape);
    }
    let tape = Tape::<f64>::new();
    let (x, none) = (tape.var(count([2, 3])), tape.var(Tensor::zeros([2, 0])));
    let y = Var::concat(&[none, x, none], 1);
    assert_eq!(y.value(), x.value());
    assert_eq!(y.sum_all().backward()[x].as_slice(), [1.0; 6]);
}

#[test]
fn ties_of_max_and_min_share_the_gradient_equally() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::new([2, 4], vec![3.0, 1.0, 3.0, 3.0, 0.0, -0.0, 2.0, 5.0]));
    let grads = (x.max(&[1]) * 6.0 + x.min(&[1]) * 60.0).sum_all().backward();
    assert_eq!(grads[x].as_slice(), [2.0, 60.0, 2.0, 2.0, 30.0, 30.0, 0.0, 6.0]);
    let x = tape.constant(Tensor::new([3], vec![1.0, f64::NAN, 2.0]));
    assert!(x.max_all().item().is_nan() && x.min_all().item().is_nan());
}

#[test]
fn minus_infinity_is_probability_zero() {
    let masked = f64::NEG_INFINITY;
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::new([2, 2], vec![masked, masked, masked, 1.5]));
    let y = x.logsumexp(&[1]);
    assert_eq!(y.value().as_slice(), [masked, 1.5]);
    let p = x.slice(0, 1..2).softmax(1);
    assert_eq!(p.value().as_slice(), [0.0, 1.0]);
    let grads = (y.sum_all() + p.sum_all()).backward();
    assert_eq!(grads[x].as_slice(), [0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn a_straight_through_value_is_the_quantized_one_bit_for_bit_and_uncopied() {
    let tape = Tape::<f32>::new();
    // More than the four elements that a tensor keeps inside itself, and copies.
    let z = tape.var(Tensor::new([5], vec![f32::MAX, -1e-30, 0.3, 1.0, f32::MIN]));
    let q = tape.var(Tensor::new([5], vec![0.1, -0.0, f32::INFINITY, 0.0, 1e30]));
    let (y, d) = (z.straight_through(q), q.detach());
    for copy in [y, d] {
        assert_eq!(copy.value().as_slice().as_ptr(), q.value().as_slice().as_ptr());
    }
    assert!(!d.wants_grad());
    let grads = y.backward_with(Tensor::new([5], vec![1.0, 2.0, 3.0, 4.0, 5.0]));
    assert_eq!(grads[z].as_slice(), [1.0, 2.0, 3.0, 4.0, 5.0]);
    assert!(grads.get(q).is_none());
}
