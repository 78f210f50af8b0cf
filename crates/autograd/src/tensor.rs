//! [`Tensor`]: the value of every node. Reference-counted, row-major by construction, copied only when written while
//! shared, and its memory is recycled.

use std::{fmt, sync::Arc};

use ndarray::{Array, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Dimension};

use crate::{Real, Shape, shape::broadcast_or_panic, strided::runs};

/// An n-dimensional array in standard layout. Cloning copies a pointer; writing to a shared one copies first.
///
/// ```
/// use gradbook_autograd::Tensor;
/// let a = Tensor::new([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// let b = a.clone();                                   // no data moves
/// assert_eq!(a.map(|x| x * 10.0).as_slice()[5], 60.0);
/// assert_eq!(b.view()[[1, 0]], 4.0);                   // ndarray's views and methods are at hand
/// ```
#[derive(Clone)]
pub struct Tensor<T: Real> {
    /// One pointer, so that saving a tensor for the backward sweep is cheap. `None` only while being dropped.
    body: Option<Arc<Body<T>>>,
}

/// What the clones of a tensor share.
pub(crate) struct Body<T: Real> {
    shape: Shape,
    data: Data<T>,
}

/// Where the elements are.
pub(crate) enum Data<T: Real> {
    /// In memory of the [`Pool`](crate::Pool), to which it returns.
    Own(Vec<T>),
    /// In memory that the caller brought.
    Given(Vec<T>),
    /// In another tensor, of which this one is a reshaping.
    Of(Tensor<T>),
}

impl<T: Real> Body<T> {
    pub fn new(shape: Shape, data: Data<T>) -> Self {
        Self { shape, data }
    }
}

/// The last owner recycles the memory.
impl<T: Real> Drop for Tensor<T> {
    fn drop(&mut self) {
        if let Some(mut body) = self.body.take()
            && let Some(Body { data: Data::Own(room), .. }) = Arc::get_mut(&mut body)
        {
            let capacity = room.capacity();
            T::pool().recycle(body, capacity);
        }
    }
}

impl<T: Real> Tensor<T> {
    /// A tensor of these elements in row-major order. Panics if their number is not the product of the axes.
    #[track_caller]
    pub fn new(shape: impl Into<Shape>, elements: Vec<T>) -> Self {
        let shape = shape.into();
        assert_eq!(elements.len(), shape.size(), "tensor: {} elements do not fill {shape:?}", elements.len());
        Self::of(shape, Data::Given(elements))
    }

    /// A tensor of one number and no axes.
    pub fn scalar(x: T) -> Self {
        Self::filled([], x)
    }

    /// A tensor with every element equal to `x`.
    #[track_caller]
    pub fn filled(shape: impl Into<Shape>, x: T) -> Self {
        Self::build(shape, |out| out.fill(x))
    }

    /// A tensor of zeros.
    #[track_caller]
    pub fn zeros(shape: impl Into<Shape>) -> Self {
        Self::filled(shape, T::ZERO)
    }

    /// A tensor whose elements `write` fills in. The slice it gets is recycled memory: it must overwrite all of it.
    #[track_caller]
    pub fn build(shape: impl Into<Shape>, write: impl FnOnce(&mut [T])) -> Self {
        let shape = shape.into();
        let mut body = T::pool().body(shape.size());
        let Some(Body { shape: its_shape, data: Data::Own(room) }) = Arc::get_mut(&mut body) else {
            unreachable!("the pool keeps only what nobody shares")
        };
        *its_shape = shape;
        room.resize(shape.size(), T::ZERO);
        if cfg!(debug_assertions) {
            room.fill(T::of(f64::NAN));
        }
        write(room);
        Self { body: Some(body) }
    }

    fn of(shape: Shape, data: Data<T>) -> Self {
        Self { body: Some(Arc::new(Body::new(shape, data))) }
    }

    fn body(&self) -> &Body<T> {
        self.body.as_ref().expect("a tensor that lives has a body")
    }

    /// The body, if nobody shares it.
    fn own_body(&mut self) -> Option<&mut Body<T>> {
        self.body.as_mut().and_then(Arc::get_mut)
    }

    /// The axis lengths.
    pub fn shape(&self) -> &Shape {
        &self.body().shape
    }

    /// The elements in row-major order.
    pub fn as_slice(&self) -> &[T] {
        match &self.body().data {
            Data::Own(elements) | Data::Given(elements) => elements,
            Data::Of(other) => other.as_slice(),
        }
    }

    /// The elements, to be written; if the memory is shared, it is copied first.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        if self.own_body().is_none() {
            *self = Self::build(*self.shape(), |out| out.copy_from_slice(self.as_slice()));
        }
        match &mut self.own_body().expect("just copied, so nobody shares it").data {
            Data::Own(elements) | Data::Given(elements) => elements,
            Data::Of(other) => other.as_mut_slice(),
        }
    }

    /// The only element of a tensor of one. Panics if there are more.
    #[track_caller]
    pub fn item(&self) -> T {
        let [x] = self.as_slice() else {
            panic!("item: a tensor of shape {:?} is not a single number", self.shape())
        };
        *x
    }

    /// The same elements under another shape; no data moves.
    #[track_caller]
    pub fn reshaped(&self, shape: impl Into<Shape>) -> Self {
        self.clone().into_shape(shape)
    }

    /// [`reshaped`](Self::reshaped), of a tensor that is no longer needed under its old shape.
    #[track_caller]
    pub(crate) fn into_shape(mut self, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        assert_eq!(shape.size(), self.shape().size(), "reshape: {:?} does not fill {shape:?}", self.shape());
        match self.own_body() {
            Some(body) => body.shape = shape,
            None => match &self.body().data {
                Data::Of(other) => self = Self::of(shape, Data::Of(other.clone())),
                _ => self = Self::of(shape, Data::Of(self)),
            },
        }
        self
    }

    /// An ndarray view.
    pub fn view(&self) -> ArrayViewD<'_, T> {
        ArrayViewD::from_shape(&self.shape()[..], self.as_slice()).expect("a tensor is row-major")
    }

    /// A mutable ndarray view (see [`as_mut_slice`](Self::as_mut_slice)).
    pub fn view_mut(&mut self) -> ArrayViewMutD<'_, T> {
        let shape = *self.shape();
        ArrayViewMutD::from_shape(&shape[..], self.as_mut_slice()).expect("a tensor is row-major")
    }

    /// The last axis as columns and all others together as rows: how a layer sees `[batch, length, channel]`.
    pub fn rows(&self) -> ArrayView2<'_, T> {
        let shape = self.shape();
        let columns = shape.last().copied().unwrap_or(1);
        let rows = shape[..shape.len().saturating_sub(1)].iter().product::<usize>();
        ArrayView2::from_shape((rows, columns), self.as_slice()).expect("a tensor is row-major")
    }

    /// [`rows`](Self::rows), to be written.
    pub fn rows_mut(&mut self) -> ArrayViewMut2<'_, T> {
        let dim = self.rows().dim();
        ArrayViewMut2::from_shape(dim, self.as_mut_slice()).expect("a tensor is row-major")
    }

    /// A copy as an ndarray array.
    pub fn to_array(&self) -> ArrayD<T> {
        self.view().to_owned()
    }

    /// f of every element.
    pub fn map(&self, f: impl Fn(T) -> T) -> Self {
        Self::build(*self.shape(), |out| {
            out.iter_mut().zip(self.as_slice()).for_each(|(o, &x)| *o = f(x));
        })
    }

    /// f of every pair of elements, with NumPy's broadcasting. Panics if the shapes do not broadcast.
    #[track_caller]
    pub fn zip(&self, other: &Self, f: impl Fn(T, T) -> T) -> Self {
        let (a, b) = (self.as_slice(), other.as_slice());
        if self.shape() == other.shape() {
            return Self::build(*self.shape(), |out| {
                out.iter_mut().zip(a.iter().zip(b)).for_each(|(o, (&x, &y))| *o = f(x, y));
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
    pub fn zip_assign(&mut self, other: &Self, f: impl Fn(T, T) -> T) {
        debug_assert_eq!(self.shape(), other.shape(), "zip_assign works on equal shapes");
        self.as_mut_slice().iter_mut().zip(other.as_slice()).for_each(|(o, &y)| *o = f(*o, y));
    }

    /// `self ← f(self)` elementwise, in place unless shared.
    pub fn map_assign(&mut self, f: impl Fn(T) -> T) {
        self.as_mut_slice().iter_mut().for_each(|o| *o = f(*o));
    }

    /// The elements folded along `axes`, which keep length 1: `f(accumulator, element)` from `start`, in a fixed order.
    pub fn fold_axes(&self, axes: &[usize], start: T, f: impl Fn(T, T) -> T) -> Self {
        let shape = self.shape();
        let kept = shape.reduced(axes, true);
        let mut out = Self::filled(kept, start);
        let (x, into) = (self.as_slice(), out.as_mut_slice());
        runs(shape, [shape.strides(), kept.strides_as(shape)], |run| {
            let (o, x) = (run.start[1], &x[run.start[0]..]);
            match run.step[1] {
                0 => into[o] = fold_run(&x[..run.len], into[o], start, &f),
                _ => into[o..o + run.len].iter_mut().zip(x).for_each(|(o, &x)| *o = f(*o, x)),
            }
        });
        out
    }

    /// The transpose of broadcasting: sums over every axis along which `shape` was broadcast to `self`.
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

impl<T: Real, D: Dimension> From<Array<T, D>> for Tensor<T> {
    fn from(array: Array<T, D>) -> Self {
        let shape = Shape::new(array.shape());
        if array.is_standard_layout() {
            let (elements, offset) = array.into_raw_vec_and_offset();
            if offset.unwrap_or(0) == 0 && elements.len() == shape.size() {
                return Self::new(shape, elements);
            }
            let from = offset.unwrap_or(0);
            return Self::new(shape, elements[from..from + shape.size()].to_vec());
        }
        Self::new(shape, array.iter().copied().collect())
    }
}

impl<T: Real> PartialEq for Tensor<T> {
    fn eq(&self, other: &Self) -> bool {
        self.shape() == other.shape() && self.as_slice() == other.as_slice()
    }
}

impl<T: Real> fmt::Debug for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.view(), f)
    }
}
