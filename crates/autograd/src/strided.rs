//! Loops over several operands of different strides: broadcasting, reductions and copies all walk with [`runs`].

use crate::shape::{MAX_RANK, Shape};

/// A stretch along the innermost axis: where each of the `N` operands starts, and how far it moves per element.
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
