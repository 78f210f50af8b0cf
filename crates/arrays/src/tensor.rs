//! [`Tensor`]: reference-counted, row-major by construction, copied only when written while shared, and its memory is
//! recycled.

use std::{fmt, mem, sync::Arc};

use ndarray::{Array, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Dimension};

use crate::{Pool, Real, Shape};

/// An n-dimensional array in standard layout. Cloning copies a pointer (or up to four numbers); writing to a shared one
/// copies first.
///
/// ```
/// use gradbook_arrays::Tensor;
/// let a = Tensor::new([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// let b = a.clone();                                   // no data moves
/// assert_eq!(a.map(|x| x * 10.0).as_slice()[5], 60.0);
/// assert_eq!(b.view()[[1, 0]], 4.0);                   // ndarray's views and methods are at hand
/// ```
#[derive(Clone)]
pub struct Tensor<T: Real> {
    shape: Shape,
    memory: Memory<T>,
}

/// Where the elements are.
#[derive(Clone)]
enum Memory<T: Real> {
    /// Right here, if they are few: scalars and the like.
    Tiny([T; TINY]),
    /// In a buffer that clones share.
    Shared(Arc<Buffer<T>>),
}

/// So many elements are copied as quickly as a pointer.
const TINY: usize = 4;

/// What clones share.
pub(crate) enum Buffer<T: Real> {
    /// Memory of the pool, to which it returns.
    Pooled(Vec<T>, &'static Pool<T>),
    /// Memory that the caller brought.
    Given(Box<[T]>),
}

impl<T: Real> Buffer<T> {
    fn elements(&mut self) -> &mut [T] {
        match self {
            Self::Pooled(elements, _) => elements,
            Self::Given(elements) => elements,
        }
    }
}

impl<T: Real> Drop for Buffer<T> {
    fn drop(&mut self) {
        if let Self::Pooled(elements, pool) = self {
            pool.gone(elements.capacity());
        }
    }
}

/// The last owner recycles the memory.
impl<T: Real> Drop for Tensor<T> {
    #[inline]
    fn drop(&mut self) {
        if let Memory::Shared(buffer) = &mut self.memory
            && let Some(Buffer::Pooled(elements, pool)) = Arc::get_mut(buffer)
        {
            let (capacity, pool) = (elements.capacity(), *pool);
            if let Memory::Shared(buffer) = mem::replace(&mut self.memory, Memory::Tiny([T::ZERO; TINY])) {
                pool.recycle(buffer, capacity);
            }
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
        if count <= TINY {
            return Self::build(shape, |out| out.copy_from_slice(&elements));
        }
        Self { shape, memory: Memory::Shared(Arc::new(Buffer::Given(elements.into()))) }
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
    ///
    /// ```
    /// use gradbook_arrays::Tensor;
    /// let ramp = Tensor::<f32>::build([6], |out| out.iter_mut().zip(0i16..).for_each(|(x, i)| *x = i.into()));
    /// assert_eq!(ramp.as_slice()[5], 5.0);
    /// ```
    #[track_caller]
    pub fn build(shape: impl Into<Shape>, write: impl FnOnce(&mut [T])) -> Self {
        let shape = shape.into();
        let size = shape.size();
        if size <= TINY {
            let mut elements = [T::ZERO; TINY];
            write(&mut elements[..size]);
            return Self { shape, memory: Memory::Tiny(elements) };
        }
        let mut buffer = T::pool().buffer(size);
        let elements = Arc::get_mut(&mut buffer).expect("the pool keeps only what nobody shares").elements();
        if cfg!(debug_assertions) {
            elements.fill(T::of(f64::NAN));
        }
        write(elements);
        Self { shape, memory: Memory::Shared(buffer) }
    }

    /// The axis lengths.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The elements in row-major order.
    pub fn as_slice(&self) -> &[T] {
        match &self.memory {
            Memory::Tiny(elements) => &elements[..self.shape.size()],
            Memory::Shared(buffer) => match &**buffer {
                Buffer::Pooled(elements, _) => elements,
                Buffer::Given(elements) => elements,
            },
        }
    }

    /// The elements, to be written; if the memory is shared, it is copied first.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        if let Memory::Shared(buffer) = &mut self.memory
            && Arc::get_mut(buffer).is_none()
        {
            *self = Self::build(self.shape, |out| out.copy_from_slice(self.as_slice()));
        }
        match &mut self.memory {
            Memory::Tiny(elements) => &mut elements[..self.shape.size()],
            Memory::Shared(buffer) => {
                Arc::get_mut(buffer).expect("just copied, so nobody shares it").elements()
            }
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
    pub fn into_shape(mut self, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        assert_eq!(shape.size(), self.shape.size(), "reshape: {:?} does not fill {shape:?}", self.shape);
        self.shape = shape;
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
