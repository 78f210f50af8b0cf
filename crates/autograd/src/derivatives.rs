//! Derivatives beyond the gradient, by running ops on dual numbers: Jacobian-vector and Hessian-vector products.

use crate::{Dual, Real, Tape, Tensor, Var, backward::Fault, records::Node};

/// x + v·ε, element by element.
#[track_caller]
fn along(x: &[Tensor<f64>], v: &[Tensor<f64>]) -> Vec<Tensor<Dual>> {
    assert!(
        x.len() == v.len() && x.iter().zip(v).all(|(x, v)| x.shape() == v.shape()),
        "the direction does not fit the point\n  rule: one direction per argument, of its shape"
    );
    let pair = |(x, v): (&Tensor<f64>, &Tensor<f64>)| {
        let both = x.as_slice().iter().zip(v.as_slice());
        Tensor::new(*x.shape(), both.map(|(&x, &v)| Dual::new(x, v)).collect())
    };
    x.iter().zip(v).map(pair).collect()
}

/// The real parts and the ε parts.
fn parts(y: &Tensor<Dual>) -> (Tensor<f64>, Tensor<f64>) {
    let part = |of: fn(&Dual) -> f64| Tensor::new(*y.shape(), y.as_slice().iter().map(of).collect());
    (part(|y| y.re), part(|y| y.du))
}

/// Forward mode: f(x) and its derivative along `v`, J·v, in one pass and without a tape's memory.
///
/// ```
/// use gradbook_autograd::{Tensor, jvp};
/// let x = [Tensor::new([2], vec![3.0, 4.0])];
/// let v = [Tensor::new([2], vec![1.0, 0.0])];
/// let (y, jv) = jvp(|x| x[0] * x[0], &x, &v);
/// assert_eq!((y.as_slice(), jv.as_slice()), (&[9.0, 16.0][..], &[6.0, 0.0][..]));
/// ```
///
/// # Panics
/// If the shapes of `v` are not those of `x`.
#[track_caller]
pub fn jvp(
    f: impl for<'t> Fn(&[Var<'t, Dual>]) -> Var<'t, Dual>,
    x: &[Tensor<f64>],
    v: &[Tensor<f64>],
) -> (Tensor<f64>, Tensor<f64>) {
    let tape = Tape::new();
    let x: Vec<_> = along(x, v).into_iter().map(|x| tape.constant(x)).collect();
    parts(&f(&x).value())
}

/// The gradient of ⟨u, f(x)⟩ and its Hessian times `v`, by forward mode over the reverse sweep: one pass each way, and
/// the Hessian is never built. Fast Exact Multiplication by the Hessian, Pearlmutter 1994.
///
/// ```
/// use gradbook_autograd::{Tensor, hvp};
/// // f(a, b) = a²b at (3, 5): H = [[2b, 2a], [2a, 0]]
/// let x = [Tensor::scalar(3.0), Tensor::scalar(5.0)];
/// let v = [Tensor::scalar(1.0), Tensor::scalar(0.0)];
/// let (g, hv) = hvp(|x| x[0] * x[0] * x[1], &x, &Tensor::scalar(1.0), &v);
/// assert_eq!((g[0].item(), g[1].item()), (30.0, 9.0));
/// assert_eq!((hv[0].item(), hv[1].item()), (10.0, 6.0));
/// ```
///
/// # Panics
/// If the shapes of `v` are not those of `x`, or that of `u` is not that of f(x).
#[track_caller]
pub fn hvp(
    f: impl for<'t> Fn(&[Var<'t, Dual>]) -> Var<'t, Dual>,
    x: &[Tensor<f64>],
    u: &Tensor<f64>,
    v: &[Tensor<f64>],
) -> (Vec<Tensor<f64>>, Vec<Tensor<f64>>) {
    hvp_with(f, x, u, v, None, |_| {})
}

/// [`hvp`], with a deliberate mistake, if any; `inspect` sees every gradient on its way.
#[track_caller]
pub(crate) fn hvp_with(
    f: impl for<'t> Fn(&[Var<'t, Dual>]) -> Var<'t, Dual>,
    x: &[Tensor<f64>],
    u: &Tensor<f64>,
    v: &[Tensor<f64>],
    fault: Option<Fault>,
    inspect: impl Fn(&Tensor<Dual>),
) -> (Vec<Tensor<f64>>, Vec<Tensor<f64>>) {
    let tape = Tape::new();
    let x: Vec<_> = along(x, v).into_iter().map(|x| tape.var(x)).collect();
    let u = Tensor::new(*u.shape(), u.as_slice().iter().map(|&u| Dual::of(u)).collect());
    let look = |_: &Node<Dual>, g: &Tensor<Dual>| {
        inspect(g);
        Ok(())
    };
    let grads = tape.sweep(&[(f(&x), u)], fault, look).expect("looking never fails");
    let gradient = |x: &Var<'_, Dual>| match grads.get(*x) {
        Some(g) => parts(g),
        None => (Tensor::zeros(x.shape()), Tensor::zeros(x.shape())),
    };
    x.iter().map(gradient).unzip()
}
