//! y = [x₁; x₂; …] along an axis,  ∂L/∂xₖ = its part of g

use super::*;

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
    /// The parts one after the other along `axis`. Each gets its part of the gradient.
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
        let mut end = 0;
        let mut places = Vec::with_capacity(parts.len()); // of each part along the axis
        for (k, part) in parts.iter().map(|part| part.shape()).enumerate() {
            if part.len() != first.len() || part.with_axis(axis, first[axis]) != first {
                let what = format!("the parts do not meet along axis {axis}");
                let operands = [("part 0", &first, ""), (&format!("part {k}"), &part, "")];
                mismatch("concat", &what, &operands, "all other axes are equal");
            }
            places.push((end..end + part[axis]).collect::<Vec<_>>());
            end += part[axis];
        }
        let values: Vec<Tensor<T>> = parts.iter().map(|part| part.value()).collect();
        let [before, _, after] = first.around(axis);
        let y = Tensor::build(first.with_axis(axis, end), |mut rest| {
            for (block, x) in (0..before).flat_map(|block| values.iter().map(move |x| (block, x))) {
                let len = x.shape()[axis] * after;
                let out = rest.split_off_mut(..len).expect("the parts make up the whole");
                out.copy_from_slice(&x.as_slice()[block * len..][..len]);
            }
        });
        parts[0].tape.record(&CONCAT, parts, y, move |g, sink| {
            for (k, places) in places.iter().enumerate() {
                sink.give(k, || g.take(axis, places));
            }
        })
    }

    /// The parts, of one shape, side by side along a new axis: k parts `[a, b]` make `[a, k, b]` at axis 1. Panics as
    /// [`concat`](Self::concat) does, and if the new axis is not among or right after theirs.
    #[track_caller]
    pub fn stack(parts: &[Self], axis: usize) -> Self {
        let mut wide = parts.to_vec();
        for part in &mut wide {
            let mut shape = part.shape().to_vec();
            assert!(axis <= shape.len(), "stack: no axis {axis} can be inserted into {shape:?}");
            shape.insert(axis, 1);
            *part = part.reshape(&shape[..]);
        }
        Self::concat(&wide, axis)
    }
}
