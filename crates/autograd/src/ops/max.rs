//! y = max x over some axes,  ∂y/∂x = 1/(number of ties) where x = y, 0 elsewhere

use std::cmp::Ordering::{self, Equal, Greater, Less};

use super::*;

pub static MAX: Op = Op {
    name: "max",
    formula: "y = max x over axes",
    cases: |s| {
        let ([a, b, c], shape) = (s.dims(), s.shape());
        vec![
            case!([s.distinct(&[a, b, c])], |x| x[0].max(&[1])),
            case!([s.distinct(&[a, b, c])], |x| x[0].max_keep(&[2, 0])),
            case!([s.distinct(&shape)], |x| x[0].max_all()),
        ]
    },
};

impl<T: Real> Var<'_, T> {
    /// The greatest x over `axes`, which vanish. Its gradient goes to the x that attains it; several that tie share it
    /// equally (as in PyTorch's `amax`). A NaN wins.
    ///
    /// ```text
    /// x [batch, length, channel]   x.max(&[1]) [batch, channel]   x.max_keep(&[1]) [batch, 1, channel]   x.max_all() []
    /// ```
    ///
    /// ```
    /// use gradbook_autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::new([2, 3], vec![1.0, 5.0, 2.0, 7.0, 7.0, 0.0]));
    /// let y = x.max(&[1]);
    /// assert_eq!(y.value().as_slice(), [5.0, 7.0]);
    /// assert_eq!(y.sum_all().backward()[x].as_slice(), [0.0, 1.0, 0.0, 0.5, 0.5, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis does not exist or is named twice, or if there is nothing to take the maximum of.
    #[track_caller]
    pub fn max(self, axes: &[usize]) -> Self {
        self.extremum(&MAX, axes, false, Greater)
    }

    /// [`max`](Self::max) over `axes`, which keep length 1.
    #[track_caller]
    pub fn max_keep(self, axes: &[usize]) -> Self {
        self.extremum(&MAX, axes, true, Greater)
    }

    /// The greatest element, a scalar.
    #[track_caller]
    pub fn max_all(self) -> Self {
        self.extremum(&MAX, &self.shape().all_axes(), false, Greater)
    }

    /// The element that compares as `side` (greater or less) to all others.
    #[track_caller]
    pub(super) fn extremum(self, op: &'static Op, axes: &[usize], keep: bool, side: Ordering) -> Self {
        let shape = self.shape();
        shape.check_axes(op.name, axes);
        if shape.size() == 0 && shape.reduced(axes, true).size() > 0 {
            mismatch(op.name, "there are no elements", &[("x", &shape, "")], "only a sum may be of nothing");
        }
        self.reduce(op, axes, keep, |x| {
            let better = |x: T, y: T| if side == Less { x < y } else { x > y };
            let worst = T::of(if side == Less { f64::INFINITY } else { f64::NEG_INFINITY });
            let y = x.fold_axes(axes, worst, |y, x| if better(x, y) || x.is_nan() { x } else { y });
            let ties = x.zip(&y, |x, y| if x.partial_cmp(&y) == Some(Equal) { T::ONE } else { T::ZERO });
            let axes = axes.to_vec();
            (y, move |g| {
                let count = ties.fold_axes(&axes, T::ZERO, |n, tie| n + tie);
                ties.zip(&g.zip(&count, |g, n| g / n), |tie, share| tie * share) // ∂L/∂x = g/n where x = y
            })
        })
    }
}
