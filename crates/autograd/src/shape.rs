//! Shapes: a small Copy list of axis lengths, NumPy's broadcasting rule, and the one place that words shape errors.

use std::{fmt, ops::Deref};

/// The most axes a tensor may have.
pub const MAX_RANK: usize = 6;

/// The axis lengths of a tensor, outermost first. It is `Copy` and derefs to `[usize]`.
///
/// ```
/// use gradbook_autograd::Shape;
/// let shape = Shape::new(&[8, 32, 80]); // [batch, length, channel]
/// assert_eq!((shape.len(), shape[1], shape.size()), (3, 32, 20_480));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    rank: usize,
    /// Zero beyond the rank, so that equal shapes are equal bits.
    axes: [usize; MAX_RANK],
}

impl Shape {
    /// A shape with these axes. Panics beyond [`MAX_RANK`] axes.
    #[track_caller]
    pub fn new(axes: &[usize]) -> Self {
        let rank = axes.len();
        assert!(rank <= MAX_RANK, "shape: {axes:?} has {rank} axes; at most {MAX_RANK} are allowed");
        let mut shape = Self { rank, axes: [0; MAX_RANK] };
        shape.axes[..rank].copy_from_slice(axes);
        shape
    }

    /// The number of elements: the product of the axes (1 for a scalar).
    pub fn size(&self) -> usize {
        self.iter().product()
    }

    /// The distance between neighbors along each axis in standard (row-major) layout.
    pub(crate) fn strides(&self) -> [usize; MAX_RANK] {
        let mut strides = [0; MAX_RANK];
        let mut step = 1;
        for axis in (0..self.rank).rev() {
            strides[axis] = step;
            step *= self.axes[axis];
        }
        strides
    }

    /// The strides with which this shape is read as the larger shape `to`: 0 along every broadcast axis.
    pub(crate) fn strides_as(&self, to: &Shape) -> [usize; MAX_RANK] {
        let (own, lead) = (self.strides(), to.rank - self.rank);
        let mut strides = [0; MAX_RANK];
        for axis in 0..self.rank {
            strides[lead + axis] = if self[axis] == 1 { 0 } else { own[axis] };
        }
        strides
    }

    /// NumPy's rule: align shapes at their last axes; two lengths agree if equal or if one of them is 1.
    pub(crate) fn broadcast(&self, other: &Shape) -> Option<Shape> {
        let rank = self.rank.max(other.rank);
        let mut out = Shape { rank, axes: [0; MAX_RANK] };
        for back in 1..=rank {
            let of = |s: &Shape| if back <= s.rank { s.axes[s.rank - back] } else { 1 };
            out.axes[rank - back] = match (of(self), of(other)) {
                (a, b) if a == b => a,
                (1, b) => b,
                (a, 1) => a,
                _ => return None,
            };
        }
        Some(out)
    }

    /// The same shape with the given axes set to length 1 (`keep`) or taken away.
    pub(crate) fn reduced(&self, axes: &[usize], keep: bool) -> Shape {
        let mut out = Shape { rank: 0, axes: [0; MAX_RANK] };
        for (axis, &length) in self.iter().enumerate() {
            let gone = axes.contains(&axis);
            if keep || !gone {
                out.axes[out.rank] = if gone { 1 } else { length };
                out.rank += 1;
            }
        }
        out
    }

    /// Every axis, for reductions to one number.
    pub(crate) fn all_axes(&self) -> Vec<usize> {
        (0..self.rank).collect()
    }

    /// The shape seen along one axis: `[before, axis, after]`, each the product of its axes.
    pub(crate) fn around(&self, axis: usize) -> [usize; 3] {
        [self[..axis].iter().product(), self[axis], self[axis + 1..].iter().product()]
    }

    /// The same shape with another length of one axis.
    pub(crate) fn with_axis(mut self, axis: usize, length: usize) -> Shape {
        self.axes[axis] = length;
        self
    }

    /// Panics at the caller's line unless every one of `axes` exists, once.
    #[track_caller]
    pub(crate) fn check_axes(&self, op: &str, axes: &[usize]) {
        let fits = |(i, axis): (usize, &usize)| *axis < self.rank && !axes[..i].contains(axis);
        if !axes.iter().enumerate().all(fits) {
            let what = format!("axes {axes:?} do not fit {} axes", self.rank);
            mismatch(op, &what, &[("x", self, "")], "each axis exists and is named once");
        }
    }
}

impl Deref for Shape {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.axes[..self.rank]
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self[..], f)
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    #[track_caller]
    fn from(axes: [usize; N]) -> Self {
        Shape::new(&axes)
    }
}

impl From<&[usize]> for Shape {
    #[track_caller]
    fn from(axes: &[usize]) -> Self {
        Shape::new(axes)
    }
}

/// Every shape error is worded here: the op and what is wrong, the operands with the names of their axes, the rule.
///
/// `operands` are `(name, shape, axis names)`; the axis names may be empty.
#[cold]
#[track_caller]
pub fn mismatch(op: &str, what: &str, operands: &[(&str, &Shape, &str)], rule: &str) -> ! {
    let mut lines = format!("{op}: {what}\n ");
    for (name, shape, axes) in operands {
        let axes = if axes.is_empty() { String::new() } else { format!(" ({axes})") };
        lines += &format!(" {name} {shape:?}{axes}  ");
    }
    panic!("{}\n  rule: {rule}", lines.trim_end());
}

/// The shape that `a` and `b` broadcast to, or a panic at the caller's line.
#[track_caller]
pub(crate) fn broadcast_or_panic(op: &str, a: &Shape, b: &Shape) -> Shape {
    let Some(shape) = a.broadcast(b) else {
        let rule = "aligned at the last axis, two lengths are equal or one of them is 1";
        mismatch(op, "the shapes do not broadcast", &[("left", a, ""), ("right", b, "")], rule)
    };
    shape
}
