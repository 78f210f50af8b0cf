//! Products on the tape and of dual numbers; those of plain numbers are tested where they are computed.

use gradbook_autograd::{Dual, Tape, Tensor, check::Sampler, gemm::gemm};
use ndarray::{Array2, Axis, ShapeBuilder};
use proptest::prelude::*;

/// The same matrix, column-major or backwards if told so.
fn laid_out<T: Clone>(x: &Array2<T>, [columns, backwards]: [bool; 2]) -> Array2<T> {
    let mut at = Array2::from_shape_fn(x.dim().set_f(columns), |at| x[at].clone());
    if backwards {
        at.invert_axis(Axis(0));
        at.invert_axis(Axis(1));
        at.assign(x);
    }
    at
}

proptest! {
    #[test]
    fn a_product_of_dual_numbers_obeys_the_product_rule_in_any_layout(
        [m, k, n] in [0..20usize, 0..20usize, 0..20usize],
        layouts: [[bool; 2]; 3],
        beta in prop_oneof![Just(0.0), Just(1.0), Just(-0.5)],
        seed: u64,
    ) {
        let mut s = Sampler::new(seed);
        let mut draw = |rows, columns| [(); 2].map(|()| s.normal(&[rows, columns]).rows().to_owned());
        let ([a, da], [b, db], [c, dc]) = (draw(m, k), draw(k, n), draw(m, n));
        let dual = |[x, dx]: [&Array2<f64>; 2], layout| {
            laid_out(&Array2::from_shape_fn(x.dim(), |at| Dual::new(x[at], dx[at])), layout)
        };
        let [of_a, of_b, of_c] = layouts;
        let mut got = dual([&c, &dc], of_c);
        if beta == 0.0 {
            got.fill(Dual::new(f64::NAN, f64::NAN)); // what was there does not count
        }
        gemm(dual([&a, &da], of_a).view(), dual([&b, &db], of_b).view(), Dual::new(beta, 0.0), got.view_mut());
        let (value, slope) = (a.dot(&b) + beta * c, da.dot(&b) + a.dot(&db) + beta * dc);
        for (at, got) in got.indexed_iter() {
            let (value, slope) = (value[at], slope[at]);
            prop_assert!((got.re - value).abs() < 1e-10 * (1.0 + value.abs()), "{} is not {}", got.re, value);
            prop_assert!((got.du - slope).abs() < 1e-10 * (1.0 + slope.abs()), "{} is not {}", got.du, slope);
        }
    }
}

#[test]
fn an_empty_batch_has_an_empty_product_and_gradients_of_zero() {
    let tape = Tape::<f32>::new();
    let (x, w) = (tape.var(Tensor::zeros([0, 4, 3])), tape.var(Tensor::zeros([3, 5])));
    let y = x.matmul(w);
    assert_eq!(y.shape(), [0, 4, 5].into());
    let grads = y.sum_all().backward();
    assert_eq!((grads[x].shape(), grads[w].as_slice()), (&[0, 4, 3].into(), &[0.0; 15][..]));
}

#[test]
#[should_panic(expected = "matmul: the inner lengths k differ\n  a [2, 4, 3] (…, m, k)   b [4, 5] (…, k, n)")]
fn a_mismatch_names_the_axes() {
    let tape = Tape::<f32>::new();
    let (a, b) = (tape.var(Tensor::zeros([2, 4, 3])), tape.var(Tensor::zeros([4, 5])));
    a.matmul(b);
}
