//! y = x / max(‖x‖₂, ε) along an axis,  ∂L/∂x = (g − y·Σ g·y) / ‖x‖₂, or g/ε where ‖x‖₂ < ε

use super::*;

pub static L2_NORMALIZE: Op = Op {
    name: "l2_normalize",
    formula: "y = x / max(‖x‖₂, ε) along an axis",
    cases: |s| {
        let [a, b, c] = s.dims();
        vec![
            case!([s.nonzero(&[a, b, c + 2])], |x| x[0].l2_normalize(2, 1e-12)),
            case!([s.nonzero(&[a, b + 2, c])], |x| x[0].l2_normalize(1, 1e-12)),
            case!([s.normal(&[a, b])], |x| x[0].l2_normalize(1, 100.0)),
        ]
    },
};

impl<T: Real> Var<'_, T> {
    /// x scaled to length 1 along `axis`: x / max(‖x‖₂, ε), as PyTorch's `F.normalize`. The gradient loses its part along y:
    /// ∂L/∂x = (g − y·Σ g·y) / ‖x‖₂; where x is shorter than ε it is divided by ε instead, and so is g.
    ///
    /// ```text
    /// x [row, channel]   x.l2_normalize(1, 1e-12) [row, channel], rows of length 1
    /// ```
    ///
    /// ```
    /// use gradbook_autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::new([2], vec![3.0, 4.0]));
    /// let y = x.l2_normalize(0, 1e-12);                                   // [0.6, 0.8]
    /// let grads = y.backward_with(Tensor::new([2], vec![1.0, 0.0]));
    /// assert!((grads[x].as_slice()[0] - (1.0 - 0.36) / 5.0).abs() < 1e-15);
    /// assert!((grads[x].as_slice()[1] + 0.48 / 5.0).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// If the axis does not exist.
    #[track_caller]
    pub fn l2_normalize(self, axis: usize, eps: f64) -> Self {
        let (x, eps) = (self.value(), T::of(eps));
        x.shape().check_axes("l2_normalize", &[axis]);
        let mut norm = x.map(|x| x * x).fold_axes(&[axis], T::ZERO, |sum, square| sum + square);
        norm.map_assign(T::sqrt);
        let long = norm.map(|norm| if norm < eps { T::ZERO } else { T::ONE });
        norm.map_assign(|norm| if norm < eps { eps } else { norm });
        let y = x.zip(&norm, |x, norm| x / norm);
        let saved = y.clone();
        self.tape.record(&L2_NORMALIZE, &[self], y, move |g, sink| {
            let mut along = g.zip(&saved, |g, y| g * y).fold_axes(&[axis], T::ZERO, |sum, gy| sum + gy);
            along.zip_assign(&long, |along, long| along * long);
            let mut dx = saved.zip(&along, |y, s| y * s);
            dx.zip_assign(&g, |ys, g| g - ys);
            sink.add(0, dx.zip(&norm, |dx, norm| dx / norm)); // (g − y·Σ g·y) / ‖x‖
        })
    }
}
