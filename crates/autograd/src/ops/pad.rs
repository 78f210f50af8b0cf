//! y = x with `left` and `right` more places along an axis,  ∂L/∂x = g summed over the places that show each x

use super::*;

/// What padding shows beyond the ends of an axis, as in PyTorch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pad {
    /// Zeros: `0 0 | a b c | 0 0`
    Zero,
    /// The inside mirrored at the end element: `c b | a b c | b a`
    Reflect,
    /// The end element: `a a | a b c | c c`
    Replicate,
}

pub static PAD: Op = Op {
    name: "pad",
    formula: "y = x with more places at both ends of an axis",
    cases: |s| {
        let [a, b, c] = s.dims();
        let (left, right) = (s.int(0, b), s.int(0, b));
        let mut cases = Vec::new();
        for mode in [Pad::Zero, Pad::Reflect, Pad::Replicate] {
            cases.push(case!([s.normal(&[a, b + 1, c])], |x| x[0].pad(1, left, right, mode)));
            cases.push(case!([s.normal(&[a, b + 1])], |x| x[0].pad(1, right, left, mode)));
        }
        cases
    },
};

impl<T: Real> Var<'_, T> {
    /// x with `left` and `right` more places at the ends of `axis`. An x gets the gradients of all places that show it.
    ///
    /// ```text
    /// x [batch, length, channel]   x.pad(1, 2, 1, Pad::Zero) [batch, 2 + length + 1, channel]
    /// ```
    ///
    /// ```
    /// use gradbook_autograd::{Pad, Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::new([3], vec![1.0, 2.0, 3.0]));
    /// let y = x.pad(0, 2, 1, Pad::Reflect);
    /// assert_eq!(y.value().as_slice(), [3.0, 2.0, 1.0, 2.0, 3.0, 2.0]);
    /// assert_eq!(y.sum_all().backward()[x].as_slice(), [1.0, 3.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis does not exist, or is too short: `Replicate` needs one element, `Reflect` more than `left` and `right`.
    #[track_caller]
    pub fn pad(self, axis: usize, left: usize, right: usize, mode: Pad) -> Self {
        let x = self.value();
        x.shape().check_axes("pad", &[axis]);
        let length = x.shape()[axis];
        if mode == Pad::Zero {
            let places: Vec<usize> = (left..left + length).collect();
            let y = x.index_add(axis, &places, left + length + right);
            return self.tape.record(&PAD, &[self], y, move |g, sink| sink.add(0, g.take(axis, &places)));
        }
        let needs = if mode == Pad::Reflect { left.max(right) + 1 } else { 1 };
        if length < needs {
            let what = format!("{left} and {right} places by {mode:?} do not fit axis {axis}");
            let rule = format!("the axis has at least {needs} elements");
            mismatch("pad", &what, &[("x", x.shape(), "")], &rule);
        }
        let last = length as isize - 1;
        let shown = |j: usize| match j as isize - left as isize {
            at if mode == Pad::Reflect => (last - (last - at.abs()).abs()) as usize,
            at => at.clamp(0, last) as usize,
        };
        let source: Vec<usize> = (0..left + length + right).map(shown).collect();
        let y = x.take(axis, &source);
        self.tape.record(&PAD, &[self], y, move |g, sink| sink.add(0, g.index_add(axis, &source, length)))
    }
}
