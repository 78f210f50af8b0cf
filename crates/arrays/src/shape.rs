//! Shapes: a small Copy list of axis lengths, NumPy's broadcasting rule, and the one place that words shape errors.

use std::{fmt, ops::Deref};

/// The most axes a tensor may have.
pub const MAX_RANK: usize = 6;

/// More elements than these fit into no memory, of whatever type they are.
const MAX_SIZE: usize = isize::MAX as usize / 64;

/// The axis lengths of a tensor, outermost first. It is `Copy` and derefs to `[usize]`.
///
/// ```
/// use gradbook_arrays::Shape;
/// let shape = Shape::new(&[8, 32, 80]); // [batch, length, channel]
/// assert_eq!((shape.len(), shape[1], shape.size()), (3, 32, 20_480));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    rank: usize,
    size: usize,
    /// Those beyond the rank are 0.
    axes: [usize; MAX_RANK],
}

impl Shape {
    /// A shape with these axes. Panics beyond [`MAX_RANK`] axes, and beyond what any memory could hold.
    #[track_caller]
    #[inline]
    pub fn new(axes: &[usize]) -> Self {
        let rank = axes.len();
        if rank > MAX_RANK {
            panic!("shape: {axes:?} has {rank} axes\n  rule: at most {MAX_RANK}");
        }
        let mut all = [0; MAX_RANK];
        all[..rank].copy_from_slice(axes);
        Self { rank, size: count(axes), axes: all }
    }

    /// The number of elements: the product of the axes (1 for a scalar).
    #[inline]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The distance between neighbors along each axis in standard (row-major) layout.
    pub(crate) fn strides(&self) -> [usize; MAX_RANK] {
        let mut strides = [0; MAX_RANK];
        let mut step = 1;
        for (axis, length) in self.iter().enumerate().rev() {
            strides[axis] = step;
            step *= length;
        }
        strides
    }

    /// The strides with which this shape is read as the larger shape `to`: 0 along every broadcast axis.
    pub(crate) fn strides_as(&self, to: &Shape) -> [usize; MAX_RANK] {
        let (own, lead) = (self.strides(), to.len() - self.len());
        let mut strides = [0; MAX_RANK];
        for (axis, &length) in self.iter().enumerate() {
            strides[lead + axis] = if length == 1 { 0 } else { own[axis] };
        }
        strides
    }

    /// What two shapes broadcast to by NumPy's rule, if they do: aligned at their last axes, two lengths agree if they are
    /// equal or one of them is 1. ([`broadcast_or_panic`] takes no `None`.)
    ///
    /// ```
    /// use gradbook_arrays::Shape;
    /// let (rows, bias) = (Shape::new(&[4, 3]), Shape::new(&[3]));
    /// assert_eq!((rows.broadcast(&bias), rows.broadcast(&[4].into())), (Some(rows), None));
    /// ```
    #[track_caller]
    pub fn broadcast(&self, other: &Shape) -> Option<Shape> {
        if self == other {
            return Some(*self);
        }
        let (short, long) = if self.len() <= other.len() { (self, other) } else { (other, self) };
        let mut axes = long.axes;
        for (axis, &length) in axes[long.len() - short.len()..].iter_mut().zip(short.iter()) {
            match (*axis, length) {
                (a, b) if a == b || b == 1 => {}
                (1, b) => *axis = b,
                _ => return None,
            }
        }
        Some(Self::new(&axes[..long.len()]))
    }

    /// The same shape with the given axes set to length 1 (`keep`) or taken away.
    ///
    /// ```
    /// use gradbook_arrays::Shape;
    /// let shape = Shape::new(&[8, 32, 80]);
    /// assert_eq!((shape.reduced(&[1], true), shape.reduced(&[1], false)), ([8, 1, 80].into(), [8, 80].into()));
    /// ```
    #[track_caller]
    pub fn reduced(&self, axes: &[usize], keep: bool) -> Shape {
        let left = self.iter().enumerate().filter_map(|(axis, &length)| match axes.contains(&axis) {
            true => keep.then_some(1),
            false => Some(length),
        });
        Self::new(&left.collect::<Vec<_>>())
    }

    /// Every axis, for reductions to one number.
    pub fn all_axes(&self) -> Vec<usize> {
        (0..self.len()).collect()
    }

    /// The shape seen along one axis: `[before, axis, after]`, each the product of its axes.
    ///
    /// ```
    /// assert_eq!(gradbook_arrays::Shape::new(&[2, 3, 4, 5]).around(1), [2, 3, 20]);
    /// ```
    ///
    /// # Panics
    /// If there is no such axis.
    pub fn around(&self, axis: usize) -> [usize; 3] {
        [self[..axis].iter().product(), self[axis], self[axis + 1..].iter().product()]
    }

    /// The same shape with another length of one axis. Panics if there is no such axis.
    #[track_caller]
    pub fn with_axis(&self, axis: usize, length: usize) -> Shape {
        let mut axes = self.axes;
        axes[axis] = length;
        Self::new(&axes[..self.len()])
    }

    /// Panics at the caller's line, in the name of `op`, unless every one of `axes` exists and is named once.
    #[track_caller]
    pub fn check_axes(&self, op: &str, axes: &[usize]) {
        let fits = |(i, axis): (usize, &usize)| *axis < self.len() && !axes[..i].contains(axis);
        if !axes.iter().enumerate().all(fits) {
            let what = format!("axes {axes:?} do not fit {} axes", self.len());
            mismatch(op, &what, &[("x", self, "")], "each axis exists and is named once");
        }
    }
}

/// The product of the axes. As long as it is countable without those of length 0, so are all strides.
#[inline]
#[track_caller]
fn count(axes: &[usize]) -> usize {
    let mut nonzero = 1_usize;
    for &axis in axes {
        nonzero = nonzero.saturating_mul(axis.max(1));
        if nonzero > MAX_SIZE {
            panic!(
                "shape: {axes:?} has too many elements\n  rule: their number fits into memory, at most {MAX_SIZE}"
            );
        }
    }
    if axes.contains(&0) { 0 } else { nonzero }
}

impl Deref for Shape {
    type Target = [usize];
    #[inline]
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
///
/// ```should_panic
/// use gradbook_arrays::{Shape, mismatch};
/// let x = Shape::new(&[4, 3]);
/// mismatch("fold", "3 columns are not pairs", &[("x", &x, "row, column")], "an even number of columns");
/// ```
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

/// The shape that `a` and `b` [`broadcast`](Shape::broadcast) to, or a panic at the caller's line, in the name of `op`.
#[track_caller]
pub fn broadcast_or_panic(op: &str, a: &Shape, b: &Shape) -> Shape {
    let Some(shape) = a.broadcast(b) else {
        let rule = "aligned at the last axis, two lengths are equal or one of them is 1";
        mismatch(op, "the shapes do not broadcast", &[("left", a, ""), ("right", b, "")], rule)
    };
    shape
}
