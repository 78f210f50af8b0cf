//! C = A·B over the last two axes; ∂L/∂A = G·Bᵀ, ∂L/∂B = Aᵀ·G. Transposed operands are read in place, never copied.

use gradbook_arrays::matmul;

use super::*;

pub static MATMUL: Op = Op {
    name: "matmul",
    formula: "C = A·B over the last two axes",
    cases: |s| {
        let [m, k, n, p, q] = s.dims::<5>();
        vec![
            case!([s.normal(&[m, k]), s.normal(&[k, n])], |x| x[0].matmul(x[1])),
            case!([s.normal(&[m, k]), s.normal(&[n, k])], |x| x[0].matmul_nt(x[1])),
            case!([s.normal(&[k, m]), s.normal(&[k, n])], |x| x[0].matmul_tn(x[1])),
            case!([s.normal(&[k, m]), s.normal(&[n, k])], |x| x[0].matmul_tt(x[1])),
            case!([s.normal(&[p, m, k]), s.normal(&[k, n])], |x| x[0].matmul(x[1])),
            case!([s.normal(&[p, q, m, k]), s.normal(&[n, k])], |x| x[0].matmul_nt(x[1])),
            case!([s.normal(&[m, k]), s.normal(&[p, k, n])], |x| x[0].matmul(x[1])),
            case!([s.normal(&[p, 1, k, m]), s.normal(&[q, k, n])], |x| x[0].matmul_tn(x[1])),
            case!([s.normal(&[p, k, m]), s.normal(&[n, k])], |x| x[0].matmul_tt(x[1])),
        ]
    },
};

impl<'t, T: Real> Var<'t, T> {
    /// The matrix product over the last two axes. Leading (batch) axes broadcast.
    ///
    /// ```text
    /// C[…, i, j] = Σₖ A[…, i, k] · B[…, k, j]      ∂L/∂A = G·Bᵀ      ∂L/∂B = Aᵀ·G
    /// ```
    /// A single matrix B shared by the whole batch is one product over all rows.
    ///
    /// ```
    /// use gradbook_autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let a = tape.var(Tensor::new([2, 2], vec![1.0, 2.0, 3.0, 4.0]));
    /// let b = tape.var(Tensor::new([2, 1], vec![5.0, 6.0]));
    /// assert_eq!(a.matmul(b).value().as_slice(), [17.0, 39.0]);
    /// ```
    ///
    /// # Panics
    /// If an operand has fewer than two axes, the inner lengths differ, or the batch axes do not broadcast.
    #[track_caller]
    pub fn matmul(self, b: Self) -> Self {
        product("matmul", (self, false), (b, false))
    }

    /// A·Bᵀ over the last two axes, with B `[…, n, k]`; see [`matmul`](Self::matmul).
    #[track_caller]
    pub fn matmul_nt(self, b: Self) -> Self {
        product("matmul_nt", (self, false), (b, true))
    }

    /// Aᵀ·B over the last two axes, with A `[…, k, m]`; see [`matmul`](Self::matmul).
    #[track_caller]
    pub fn matmul_tn(self, b: Self) -> Self {
        product("matmul_tn", (self, true), (b, false))
    }

    /// Aᵀ·Bᵀ over the last two axes, with A `[…, k, m]` and B `[…, n, k]`; see [`matmul`](Self::matmul).
    #[track_caller]
    pub fn matmul_tt(self, b: Self) -> Self {
        product("matmul_tt", (self, true), (b, true))
    }
}

/// The product of two operands, each with the order to read it transposed.
#[track_caller]
fn product<'t, T: Real>(name: &str, (a, ta): (Var<'t, T>, bool), (b, tb): (Var<'t, T>, bool)) -> Var<'t, T> {
    let (av, bv) = (a.value(), b.value());
    let (a_shape, b_shape) = (*av.shape(), *bv.shape());
    let c_shape = match product_shape((&a_shape, ta), (&b_shape, tb)) {
        Ok(shape) => shape,
        Err(what) => {
            let a = ("a", &a_shape, if ta { "…, k, m" } else { "…, m, k" });
            let b = ("b", &b_shape, if tb { "…, n, k" } else { "…, k, n" });
            let rule = "[…, m, k] · […, k, n] = […, m, n], and the batch axes (…) broadcast";
            mismatch(name, what, &[a, b], rule)
        }
    };
    // A batch whose items all meet the same B is one matrix with all their rows.
    let joined = !ta && b_shape.len() == 2;
    let join = move |shape: Shape| match &shape[..] {
        [lead @ .., columns] if joined => Shape::from([lead.iter().product(), *columns]),
        _ => shape,
    };
    let av = av.reshaped(join(a_shape));
    let c = matmul((&av, ta), (&bv, tb), join(c_shape)).reshaped(c_shape);
    a.tape().record(&MATMUL, &[a, b], c, move |g, sink| {
        let g = g.reshaped(join(c_shape));
        let da = || match ta {
            false => matmul((&g, false), (&bv, !tb), *av.shape()), // G·Bᵀ
            true => matmul((&bv, tb), (&g, true), *av.shape()),    // (G·Bᵀ)ᵀ = B·Gᵀ
        };
        sink.give(0, || da().into_shape(a_shape));
        sink.give(1, || match tb {
            false => matmul((&av, !ta), (&g, false), b_shape), // Aᵀ·G
            true => matmul((&g, true), (&av, ta), b_shape),    // (Aᵀ·G)ᵀ = Gᵀ·A
        });
    })
}

/// `[batch…, m, n]`, or what is wrong.
fn product_shape((a, ta): (&Shape, bool), (b, tb): (&Shape, bool)) -> Result<Shape, &'static str> {
    let (&[ref a_batch @ .., a0, a1], &[ref b_batch @ .., b0, b1]) = (&a[..], &b[..]) else {
        return Err("a matrix has at least two axes");
    };
    let ([m, k], [k_too, n]) = (if ta { [a1, a0] } else { [a0, a1] }, if tb { [b1, b0] } else { [b0, b1] });
    if k != k_too {
        return Err("the inner lengths k differ");
    }
    let batch = Shape::new(a_batch).broadcast(&Shape::new(b_batch));
    let batch = batch.ok_or("the batch axes do not broadcast")?;
    Ok(Shape::new(&[&batch[..], &[m, n]].concat()))
}
