//! Loops over several operands of different strides: broadcasting, reductions and copies all walk with [`runs`]. And
//! copies by an index along one axis, [`take`](Tensor::take) and its transpose [`index_add`](Tensor::index_add).

use crate::{CHAIN, MAX_RANK, Real, Shape, Tensor, mismatch, pairwise};

/// A run along the innermost axis: where each of the `N` operands starts, and how far it moves per element.
pub(crate) struct Run<const N: usize> {
    pub start: [usize; N],
    pub step: [usize; N],
    pub len: usize,
}

/// Calls `visit` for every innermost run of `shape`, in row-major order, after merging axes that all operands cross
/// in one stride (so that equal shapes make a single run).
pub(crate) fn runs<const N: usize>(
    shape: &Shape,
    strides: [[usize; MAX_RANK]; N],
    mut visit: impl FnMut(Run<N>),
) {
    if shape.size() == 0 {
        return;
    }
    let mut axes: Vec<(usize, [usize; N])> = Vec::with_capacity(MAX_RANK); // innermost first: (length, strides)
    for axis in (0..shape.len()).rev() {
        let (length, step) = (shape[axis], std::array::from_fn(|i| strides[i][axis]));
        match axes.last_mut() {
            _ if length == 1 => {}
            Some((inner, by)) if (0..N).all(|i| step[i] == by[i] * *inner) => *inner *= length,
            _ => axes.push((length, step)),
        }
    }
    let (len, step) = if axes.is_empty() { (1, [0; N]) } else { axes.remove(0) };
    let mut start = [0; N];
    let mut index = [0; MAX_RANK];
    loop {
        visit(Run { start, step, len });
        // Advance like an odometer.
        let mut axis = 0;
        loop {
            let Some((length, by)) = axes.get(axis) else { return };
            index[axis] += 1;
            (0..N).for_each(|i| start[i] += by[i]);
            if index[axis] < *length {
                break;
            }
            (0..N).for_each(|i| start[i] -= by[i] * length);
            index[axis] = 0;
            axis += 1;
        }
    }
}

impl<T: Real> Tensor<T> {
    /// The tensor of `shape` whose neighbors along each axis lie `strides` apart in this one: permuted or broadcast.
    fn restrided(&self, shape: Shape, strides: [usize; MAX_RANK]) -> Self {
        let x = self.as_slice();
        Self::build(shape, |mut rest| {
            runs(&shape, [strides], |run| {
                let out = rest.split_off_mut(..run.len).expect("the runs make up the shape");
                let x = &x[run.start[0]..];
                match run.step[0] {
                    0 => out.fill(x[0]),
                    1 => out.copy_from_slice(&x[..run.len]),
                    step => out.iter_mut().zip(x.iter().step_by(step)).for_each(|(o, &x)| *o = x),
                }
            });
        })
    }

    /// A copy with the axes in another order: axis k of the result is axis `axes[k]` of this one.
    ///
    /// ```
    /// use gradbook_arrays::Tensor;
    /// let x = Tensor::new([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// assert_eq!(x.permuted(&[1, 0]).as_slice(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis does not exist or there are too many.
    #[track_caller]
    pub fn permuted(&self, axes: &[usize]) -> Self {
        let (from, mut to, mut strides) = (self.shape().strides(), [0; MAX_RANK], [0; MAX_RANK]);
        for (k, &axis) in axes.iter().enumerate() {
            (to[k], strides[k]) = (self.shape()[axis], from[axis]);
        }
        self.restrided(Shape::new(&to[..axes.len()]), strides)
    }

    /// A copy broadcast to a shape that this one broadcasts to.
    ///
    /// ```
    /// use gradbook_arrays::Tensor;
    /// let column = Tensor::new([2, 1], vec![1.0, 2.0]);
    /// assert_eq!(column.expand([2, 3].into()).as_slice(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If it does not broadcast to the shape.
    #[track_caller]
    pub fn expand(&self, shape: Shape) -> Self {
        if *self.shape() == shape {
            return self.clone();
        }
        if self.shape().broadcast(&shape) != Some(shape) {
            let operands = [("x", self.shape(), ""), ("to", &shape, "")];
            let rule = "aligned at the last axis, each length is 1 or that of the result";
            mismatch("expand", "x does not broadcast", &operands, rule);
        }
        self.restrided(shape, self.shape().strides_as(&shape))
    }

    /// `y[…, j, …] = x[…, index[j], …]` along `axis`.
    ///
    /// ```
    /// use gradbook_arrays::Tensor;
    /// let x = Tensor::new([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// assert_eq!(x.take(1, &[2, 2, 0]).as_slice(), [3.0, 3.0, 1.0, 6.0, 6.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If there is no such axis or no such place along it.
    pub fn take(&self, axis: usize, index: &[usize]) -> Self {
        let [_, length, after] = self.shape().around(axis);
        let runs = neighbors(index, after);
        Self::build(self.shape().with_axis(axis, index.len()), |out| {
            let blocks = self.as_slice().chunks_exact((length * after).max(1));
            for (mut out, x) in out.chunks_exact_mut((index.len() * after).max(1)).zip(blocks) {
                for &(from, len) in &runs {
                    let out = out.split_off_mut(..len).expect("the runs make up the index");
                    out.copy_from_slice(&x[from..from + len]);
                }
            }
        })
    }

    /// The transpose of [`take`](Self::take): `x[…, index[j], …] += y[…, j, …]` in zeros, `length` places along the axis.
    /// What many entries are added to is summed in pairs ([`pairwise`]).
    ///
    /// ```
    /// use gradbook_arrays::Tensor;
    /// let y = Tensor::new([3], vec![1.0, 2.0, 4.0]);
    /// assert_eq!(y.index_add(0, &[2, 2, 0], 4).as_slice(), [4.0, 0.0, 3.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If there is no such axis or no such place among `length`.
    pub fn index_add(&self, axis: usize, index: &[usize], length: usize) -> Self {
        let [_, _, after] = self.shape().around(axis);
        let mut counts = vec![0; length];
        index.iter().for_each(|&place| counts[place] += 1);
        let mut out = Self::zeros(self.shape().with_axis(axis, length));
        let blocks = self.as_slice().chunks_exact((index.len() * after).max(1));
        let blocks = out.as_mut_slice().chunks_exact_mut((length * after).max(1)).zip(blocks);
        if counts.iter().all(|&count| count <= CHAIN) {
            let runs = neighbors(index, after);
            for (out, mut y) in blocks {
                for &(from, len) in &runs {
                    let y = y.split_off(..len).expect("the runs make up the index");
                    add(&mut out[from..from + len], y);
                }
            }
            return out;
        }
        // The entries of each place, in their order: a counting sort.
        let mut ends = counts.clone();
        (1..length).for_each(|place| ends[place] += ends[place - 1]);
        let mut order = vec![0; index.len()];
        for (j, &place) in index.iter().enumerate().rev() {
            ends[place] -= 1;
            order[ends[place]] = j;
        }
        for (out, y) in blocks {
            let mut rest = &order[..];
            for (out, &count) in out.chunks_exact_mut(after.max(1)).zip(&counts) {
                let entries = rest.split_off(..count).expect("the counts make up the index");
                let chain = |i: usize, out: &mut [T]| {
                    out.fill(T::ZERO);
                    let entries = entries[i * CHAIN..].iter().take(CHAIN);
                    entries.for_each(|j| add(out, &y[j * after..][..after]));
                };
                pairwise(count.div_ceil(CHAIN), out, chain, |a, b| a + b);
            }
        }
        out
    }
}

/// into += y
fn add<T: Real>(into: &mut [T], y: &[T]) {
    into.iter_mut().zip(y).for_each(|(o, &y)| *o += y);
}

/// Neighbors that stay neighbors move together: `(start, length)` of every run, for entries of `size` elements.
fn neighbors(index: &[usize], size: usize) -> Vec<(usize, usize)> {
    index.chunk_by(|a, b| a + 1 == *b).map(|run| (run[0] * size, run.len() * size)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `[start, start, length]` of each run over two operands.
    fn runs_of(shape: &[usize], operands: [&[usize]; 2]) -> Vec<[usize; 3]> {
        let (shape, mut found) = (Shape::new(shape), Vec::new());
        runs(&shape, operands.map(|operand| Shape::new(operand).strides_as(&shape)), |run| {
            found.push([run.start[0], run.start[1], run.len]);
        });
        found
    }

    #[test]
    fn axes_that_all_operands_cross_in_one_stride_are_one() {
        assert_eq!(runs_of(&[2, 3, 4], [&[2, 3, 4], &[2, 3, 4]]), [[0, 0, 24]]);
        assert_eq!(runs_of(&[2, 1, 4, 1], [&[2, 1, 4, 1], &[2, 1, 4, 1]]), [[0, 0, 8]]);
        assert_eq!(runs_of(&[2, 3, 4], [&[2, 3, 4], &[3, 4]]), [[0, 0, 12], [12, 0, 12]]);
        assert_eq!(runs_of(&[2, 3, 4], [&[2, 3, 4], &[2, 1, 1]]), [[0, 0, 12], [12, 1, 12]]);
        assert_eq!(
            runs_of(&[2, 2, 3], [&[2, 2, 3], &[2, 1, 3]]),
            [[0, 0, 3], [3, 0, 3], [6, 3, 3], [9, 3, 3]]
        );
        assert_eq!(runs_of(&[1, 1], [&[1, 1], &[]]), [[0, 0, 1]]);
    }
}
