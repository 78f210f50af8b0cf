//! C = A·B over the last two axes; ∂L/∂A = G·Bᵀ, ∂L/∂B = Aᵀ·G. Transposed operands are read in place.

use ndarray::{ArrayView2, Axis};

use super::Op;
use crate::{Real, Shape, Tensor, Var, case, gemm::gemm, shape::mismatch};

pub static MATMUL: Op = Op {
    name: "matmul",
    formula: "C = A·B over the last two axes",
    cases: |s| {
        vec![
            case!([s.normal(&[3, 4]), s.normal(&[4, 2])], |x| x[0].matmul(x[1])),
        ]
    },
};

impl<'t, T: Real> Var<'t, T> {
    /// TODO
    #[track_caller]
    pub fn matmul(self, b: Self) -> Self {
        let (av, bv) = (self.value(), b.value());
        if av.shape().len() != 2 || bv.shape().len() != 2 || av.shape()[1] != bv.shape()[0] {
            mismatch("matmul", "inner lengths differ", &[("a", av.shape(), "row, inner"), ("b", bv.shape(), "inner, column")], "[m, k] · [k, n] = [m, n]");
        }
        let c = product(av.rows(), bv.rows());
        self.tape.record(&MATMUL, &[self, b], c, move |g, sink| {
            if sink.wants(0) {
                sink.add(0, product(g.rows(), bv.rows().reversed_axes()));
            }
            if sink.wants(1) {
                sink.add(1, product(av.rows().reversed_axes(), g.rows()));
            }
        })
    }
}

fn product<T: Real>(a: ArrayView2<T>, b: ArrayView2<T>) -> Tensor<T> {
    let mut c = Tensor::build(Shape::new(&[a.len_of(Axis(0)), b.len_of(Axis(1))]), |_| ());
    gemm(a, b, T::ZERO, c.rows_mut());
    c
}
