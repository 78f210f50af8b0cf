//! y = [x₁; x₂; …] along an axis,  ∂L/∂xₖ = its stretch of g

use ndarray::s;

use super::Op;
use crate::{Real, Tensor, Var, case, shape::mismatch};

pub static CONCAT: Op = Op {
    name: "concat",
    formula: "y = [x₁; x₂; …] along an axis",
    cases: |s| {
        let [a, b, c, d] = s.dims();
        vec![
            case!([s.normal(&[a, b, c]), s.normal(&[a, d, c])], |x| Var::concat(x, 1)),
            case!([s.normal(&[a, b]), s.normal(&[a, c]), s.normal(&[a, d])], |x| Var::concat(x, 1)),
            case!([s.normal(&[a, b]), s.normal(&[a, b])], |x| Var::stack(x, 2)),
        ]
    },
};

impl<'t, T: Real> Var<'t, T> {
    /// The parts one after the other along `axis`. Each gets its stretch of the gradient.
    ///
    /// ```text
    /// a [batch, length, 3], b [batch, length, 5]   Var::concat(&[a, b], 2) [batch, length, 8]
    /// ```
    ///
    /// ```
    /// use gradbook_autograd::{Tape, Tensor, Var};
    /// let tape = Tape::<f64>::new();
    /// let (a, b) = (tape.var(Tensor::filled([2], 1.0)), tape.var(Tensor::filled([1], 2.0)));
    /// let y = Var::concat(&[a, b], 0);
    /// assert_eq!(y.value().as_slice(), [1.0, 1.0, 2.0]);
    /// assert_eq!(y.square().sum_all().backward()[b].as_slice(), [4.0]);
    /// ```
    ///
    /// # Panics
    /// If there are no parts, the axis does not exist, or the parts differ along another axis.
    #[track_caller]
    pub fn concat(parts: &[Self], axis: usize) -> Self {
        let first = parts.first().expect("concat: there is at least one part").shape();
        first.check_axes("concat", &[axis]);
        let mut starts = vec![0];
        for (k, part) in parts.iter().map(|part| part.shape()).enumerate() {
            if part.len() != first.len() || part.with_axis(axis, first[axis]) != first {
                let (what, part_k) =
                    (format!("the parts do not meet along axis {axis}"), format!("part {k}"));
                let operands = [("part 0", &first, ""), (&part_k, &part, "")];
                mismatch("concat", &what, &operands, "all other axes are equal");
            }
            starts.push(starts[k] + part[axis]);
        }
        let mut y = Tensor::build(first.with_axis(axis, starts[parts.len()]), |_| ());
        for (part, place) in parts.iter().zip(starts.windows(2)) {
            y.around_mut(axis).slice_mut(s![.., place[0]..place[1], ..]).assign(&part.value().around(axis));
        }
        parts[0].tape.record(&CONCAT, parts, y, move |g, sink| {
            for (k, place) in starts.windows(2).enumerate() {
                if sink.wants(k) {
                    sink.add(k, g.cut(axis, place[0], 1, place[1] - place[0]));
                }
            }
        })
    }

    /// The parts side by side along a new axis: k parts of shape `[a, b]` make `[a, k, b]` at axis 1.
    ///
    /// # Panics
    /// If there are no parts, their shapes differ, or the new axis would not be among or right after theirs.
    #[track_caller]
    pub fn stack(parts: &[Self], axis: usize) -> Self {
        let mut wide = Vec::with_capacity(parts.len());
        for part in parts {
            wide.push(part.reshape(part.shape().insert(axis, 1)));
        }
        Self::concat(&wide, axis)
    }
}
