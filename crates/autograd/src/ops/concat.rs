//! y = [x₁; x₂; …] along an axis,  ∂L/∂xₖ = its stretch of g

use ndarray::s;

use super::Op;
use crate::{Real, Shape, Tensor, Var, case, shape::mismatch};

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
        let mut ends = Vec::with_capacity(parts.len());
        for (k, part) in parts.iter().map(|part| part.shape()).enumerate() {
            if part.len() != first.len() || part.with_axis(axis, first[axis]) != first {
                let what = format!("part {k} differs from part 0 beside axis {axis}");
                mismatch("concat", &what, &[("part 0", &first, ""), ("part", &part, "")], "all other axes are equal");
            }
            ends.push(ends.last().unwrap_or(&0) + part[axis]);
        }
        let mut y = Tensor::build(first.with_axis(axis, ends[parts.len() - 1]), |_| ());
        let stretch = move |k: usize| {
            let from = if k == 0 { 0 } else { ends[k - 1] };
            s![.., from..ends[k], ..]
        };
        for (k, part) in parts.iter().enumerate() {
            y.around_mut(axis).slice_mut(stretch(k)).assign(&part.value().around(axis));
        }
        let shapes: Vec<Shape> = parts.iter().map(|part| part.shape()).collect();
        parts[0].tape.record(&CONCAT, parts, y, move |g, sink| {
            for k in (0..shapes.len()).filter(|&k| sink.wants(k)).collect::<Vec<_>>() {
                let mut dx = Tensor::build(shapes[k], |_| ());
                dx.around_mut(axis).assign(&g.around(axis).slice(stretch(k)));
                sink.add(k, dx);
            }
        })
    }

    /// The parts side by side along a new axis: `k` parts of shape `[a, b]` make `[a, k, b]` at axis 1.
    #[track_caller]
    pub fn stack(parts: &[Self], axis: usize) -> Self {
        let parts: Vec<Self> = parts.iter().map(|part| part.reshape(part.shape().insert(axis, 1))).collect();
        Self::concat(&parts, axis)
    }
}
