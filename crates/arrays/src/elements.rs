//! Loops over the elements of tensors: [`map`](Tensor::map), [`zip`](Tensor::zip) with broadcasting, and folds along
//! axes.

use crate::{Real, Shape, Tensor, broadcast_or_panic, each_block, simd, strided::runs};

/// What one task takes of the elements of a large tensor.
const BLOCK: usize = 1 << 15;
/// An element read, computed and written takes as long as about this many multiplications of a matrix product.
const WORK: usize = 8 * BLOCK;

impl<T: Real> Tensor<T> {
    /// f of every element.
    pub fn map(&self, f: impl Fn(T) -> T + Sync) -> Self {
        let x = self.as_slice();
        Self::build(*self.shape(), |out| {
            each_block(out, BLOCK, WORK, |i, out| {
                out.iter_mut().zip(&x[i * BLOCK..]).for_each(|(o, &x)| *o = f(x));
            });
        })
    }

    /// f of every pair of elements, with NumPy's broadcasting. Panics if the shapes do not broadcast.
    ///
    /// ```
    /// use gradbook_arrays::Tensor;
    /// let (x, row) = (Tensor::new([2, 2], vec![1.0, 2.0, 3.0, 4.0]), Tensor::new([2], vec![10.0, 20.0]));
    /// assert_eq!(x.zip(&row, |x, r| x + r).as_slice(), [11.0, 22.0, 13.0, 24.0]);
    /// ```
    #[track_caller]
    pub fn zip(&self, other: &Self, f: impl Fn(T, T) -> T + Sync) -> Self {
        let (a, b) = (self.as_slice(), other.as_slice());
        if self.shape() == other.shape() {
            return Self::build(*self.shape(), |out| {
                each_block(out, BLOCK, WORK, |i, out| {
                    let pairs = a[i * BLOCK..].iter().zip(&b[i * BLOCK..]);
                    out.iter_mut().zip(pairs).for_each(|(o, (&x, &y))| *o = f(x, y));
                });
            });
        }
        let shape = broadcast_or_panic("zip", self.shape(), other.shape());
        Self::build(shape, |out| {
            let mut done = 0;
            runs(&shape, [self.shape().strides_as(&shape), other.shape().strides_as(&shape)], |run| {
                let out = &mut out[done..done + run.len];
                let ([i, j], [di, dj]) = (run.start, run.step);
                match (di, dj) {
                    (1, 1) => {
                        out.iter_mut().zip(a[i..].iter().zip(&b[j..])).for_each(|(o, (&x, &y))| *o = f(x, y));
                    }
                    (1, 0) => out.iter_mut().zip(&a[i..]).for_each(|(o, &x)| *o = f(x, b[j])),
                    (0, 1) => out.iter_mut().zip(&b[j..]).for_each(|(o, &y)| *o = f(a[i], y)),
                    _ => out.iter_mut().enumerate().for_each(|(k, o)| *o = f(a[i + k * di], b[j + k * dj])),
                }
                done += run.len;
            });
        })
    }

    /// `self ← f(self, other)` elementwise, in place unless shared. The shapes are equal.
    pub fn zip_assign(&mut self, other: &Self, f: impl Fn(T, T) -> T + Sync) {
        debug_assert_eq!(self.shape(), other.shape(), "zip_assign works on equal shapes");
        let y = other.as_slice();
        each_block(self.as_mut_slice(), BLOCK, WORK, |i, x| {
            x.iter_mut().zip(&y[i * BLOCK..]).for_each(|(o, &y)| *o = f(*o, y));
        });
    }

    /// `self ← f(self)` elementwise, in place unless shared.
    pub fn map_assign(&mut self, f: impl Fn(T) -> T + Sync) {
        each_block(self.as_mut_slice(), BLOCK, WORK, |_, x| x.iter_mut().for_each(|o| *o = f(*o)));
    }

    /// The elements folded along `axes`, which keep length 1: `f(accumulator, element)` from `start`, in a fixed order.
    /// Along the last axis it goes in eight strands that `f` then joins, so `f` is associative and `start` its identity.
    ///
    /// ```
    /// use gradbook_arrays::Tensor;
    /// let x = Tensor::new([2, 3], vec![1.0, 5.0, 2.0, 7.0, 4.0, 0.0]);
    /// assert_eq!(x.fold_axes(&[1], f64::NEG_INFINITY, f64::max).as_slice(), [5.0, 7.0]);
    /// ```
    pub fn fold_axes(&self, axes: &[usize], start: T, f: impl Fn(T, T) -> T) -> Self {
        let shape = self.shape();
        let kept = shape.reduced(axes, true);
        let mut out = Self::filled(kept, start);
        let (x, into) = (self.as_slice(), out.as_mut_slice());
        runs(shape, [shape.strides(), kept.strides_as(shape)], |run| {
            let (o, x) = (run.start[1], &x[run.start[0]..]);
            match run.step[1] {
                0 => into[o] = fold_run(&x[..run.len], into[o], start, &f),
                _ => simd!(into[o..o + run.len].iter_mut().zip(x).for_each(|(o, &x)| *o = f(*o, x))),
            }
        });
        out
    }

    /// The transpose of broadcasting: sums over every axis along which `shape` was broadcast to `self`.
    ///
    /// ```
    /// use gradbook_arrays::Tensor;
    /// let x = Tensor::new([2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.sum_to(&[2].into()).as_slice(), [4.0, 6.0]);
    /// ```
    pub fn sum_to(self, shape: &Shape) -> Self {
        let own = *self.shape();
        if own == *shape {
            return self;
        }
        let lead = own.len() - shape.len();
        let axes: Vec<usize> =
            (0..own.len()).filter(|&axis| axis < lead || shape[axis - lead] == 1 && own[axis] != 1).collect();
        self.fold_axes(&axes, T::ZERO, |sum, x| sum + x).into_shape(*shape)
    }
}

/// A fold in eight interleaved strands: quick (they fill a vector register) and more accurate than one long chain.
fn fold_run<T: Real>(x: &[T], into: T, start: T, f: &impl Fn(T, T) -> T) -> T {
    let mut strands = [start; 8];
    let (chunks, rest) = x.as_chunks::<8>();
    for chunk in chunks {
        strands.iter_mut().zip(chunk).for_each(|(s, &x)| *s = f(*s, x));
    }
    rest.iter().zip(&mut strands).for_each(|(&x, s)| *s = f(*s, x));
    strands.into_iter().fold(into, f)
}
