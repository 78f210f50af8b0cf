//! [`Tensor`]: the value of every node. Reference-counted, row-major by construction, copied only when written while
//! shared, and its memory is recycled.

use std::{fmt, sync::Arc};

use ndarray::{Array, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Dimension};

use crate::{Real, Shape};

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
        let count = elements.len();
        assert!(count == shape.size(), "tensor: {count} elements do not fill {shape:?}");
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
}

impl<T: Real, D: Dimension> From<Array<T, D>> for Tensor<T> {
    fn from(array: Array<T, D>) -> Self {
        let shape = Shape::new(array.shape());
        if !array.is_standard_layout() {
            return Self::new(shape, array.iter().copied().collect());
        }
        let (mut elements, offset) = array.into_raw_vec_and_offset();
        elements.drain(..offset.unwrap_or(0));
        elements.truncate(shape.size());
        Self::new(shape, elements)
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
