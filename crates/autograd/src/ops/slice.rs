//! y = x[start..end; step] along an axis,  ∂L/∂x = g there, 0 elsewhere

use std::ops::Range;

use super::*;

pub static SLICE: Op = Op {
    name: "slice",
    formula: "y = x[start..end; step] along an axis",
    cases: |s| {
        let [a, b, c] = s.dims();
        let (from, step) = (s.int(0, b - 1), s.int(1, 3));
        vec![
            case!([s.normal(&[a, b, c])], |x| x[0].slice(1, from..b)),
            case!([s.normal(&[a, c, b])], |x| x[0].slice_step(2, from..b, step)),
            case!([s.normal(&[b, a])], |x| x[0].slice_step(0, 0..b, step)),
        ]
    },
};

impl<T: Real> Var<'_, T> {
    /// The part `range` of `axis`. The gradient is put back into zeros. Several axes: slice one after the other.
    ///
    /// ```text
    /// x [batch, length, channel]   x.slice(1, 4..8) [batch, 4, channel]
    /// ```
    ///
    /// ```
    /// use gradbook_autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::new([5], vec![1.0, 2.0, 3.0, 4.0, 5.0]));
    /// let y = x.slice(0, 1..3) + x.slice_step(0, 0..4, 2);            // [2, 3] + [1, 3]
    /// assert_eq!(y.value().as_slice(), [3.0, 6.0]);
    /// assert_eq!(y.sum_all().backward()[x].as_slice(), [1.0, 1.0, 2.0, 0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis does not exist or the range does not lie within it.
    #[track_caller]
    pub fn slice(self, axis: usize, range: Range<usize>) -> Self {
        self.slice_step(axis, range, 1)
    }

    /// [`slice`](Self::slice), of which every `step`-th place is kept, the first one included.
    ///
    /// # Panics
    /// As `slice`, and if `step` is 0.
    #[track_caller]
    pub fn slice_step(self, axis: usize, range: Range<usize>, step: usize) -> Self {
        let x = self.value();
        let shape = *x.shape();
        shape.check_axes("slice", &[axis]);
        if range.start > range.end || range.end > shape[axis] || step == 0 {
            let what = format!("{range:?} by {step} does not fit axis {axis}");
            mismatch("slice", &what, &[("x", &shape, "")], "start ≤ end ≤ length, step ≥ 1");
        }
        let places: Vec<usize> = range.step_by(step).collect();
        let y = x.take(axis, &places);
        self.tape
            .record(&SLICE, &[self], y, move |g, sink| sink.add(0, g.index_add(axis, &places, shape[axis])))
    }
}
