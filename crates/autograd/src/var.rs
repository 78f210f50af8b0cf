//! [`Var`]: a 16-byte handle to a value on a tape, and arithmetic on it.

use std::fmt;

use gradbook_arrays::broadcast_or_panic;

use crate::{Real, Shape, Tape, Tensor, ops::Op};

/// A value on a tape. `Copy`: it is an index, the tape holds the value.
pub struct Var<'t, T: Real> {
    pub(crate) tape: &'t Tape<T>,
    pub(crate) id: u32,
}

impl<T: Real> Clone for Var<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Real> Copy for Var<'_, T> {}

impl<T: Real> fmt::Debug for Var<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.value(), f)
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The tape this value lives on.
    pub fn tape(self) -> &'t Tape<T> {
        self.tape
    }

    /// Whether both handles are of one value on one tape.
    pub fn same(self, other: Self) -> bool {
        std::ptr::eq(self.tape, other.tape) && self.id == other.id
    }

    /// The value; a pointer copy.
    pub fn value(self) -> Tensor<T> {
        self.tape.records.borrow().nodes[self.id as usize].value.clone()
    }

    /// The axis lengths.
    pub fn shape(self) -> Shape {
        *self.tape.records.borrow().nodes[self.id as usize].value.shape()
    }

    /// The value of a scalar as `f64`. Panics if there is more than one element.
    #[track_caller]
    pub fn item(self) -> f64 {
        self.value().item().to_f64()
    }

    /// Whether a gradient would be recorded for what is computed from this value.
    pub fn wants_grad(self) -> bool {
        self.tape.records.borrow().nodes[self.id as usize].wants
    }

    /// Keeps the gradient of this interior value for [`Grads`](crate::Grads), as is done for leaves.
    ///
    /// ```
    /// use gradbook_autograd::Tape;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.scalar(3.0);
    /// let y = (x * x).keep_grad();
    /// let grads = (y * 2.0).backward();
    /// assert_eq!((grads[y].item(), grads[x].item()), (2.0, 12.0));
    /// ```
    pub fn keep_grad(self) -> Self {
        self.tape.records.borrow_mut().nodes[self.id as usize].keep = true;
        self
    }

    /// An elementwise op whose derivative is cheapest from its *input*: y = f(x), ∂L/∂x = ∂L/∂y · df(x).
    #[track_caller]
    pub(crate) fn map_by_input(
        self,
        op: &'static Op,
        f: impl Fn(T) -> T + Sync,
        df: impl Fn(T) -> T + Send + Sync + 'static,
    ) -> Self {
        let x = self.value();
        let y = x.map(f);
        self.tape.record(op, &[self], y, move |mut g, sink| {
            g.zip_assign(&x, |g, x| g * df(x));
            sink.add(0, g);
        })
    }

    /// An elementwise op whose derivative is cheapest from its *output*: y = f(x), ∂L/∂x = ∂L/∂y · df(y).
    #[track_caller]
    pub(crate) fn map_by_output(
        self,
        op: &'static Op,
        f: impl Fn(T) -> T + Sync,
        df: impl Fn(T) -> T + Send + Sync + 'static,
    ) -> Self {
        let y = self.value().map(f);
        let saved = y.clone();
        self.tape.record(op, &[self], y, move |mut g, sink| {
            g.zip_assign(&saved, |g, y| g * df(y));
            sink.add(0, g);
        })
    }

    /// An elementwise op whose derivative is the same everywhere: y = f(x), ∂L/∂x = df(∂L/∂y).
    #[track_caller]
    pub(crate) fn map_linear(
        self,
        op: &'static Op,
        f: impl Fn(T) -> T + Sync,
        df: impl Fn(T) -> T + Send + Sync + 'static,
    ) -> Self {
        self.tape.record(op, &[self], self.value().map(f), move |mut g, sink| {
            g.map_assign(df);
            sink.add(0, g);
        })
    }

    /// An elementwise op of two values that broadcast: z = f(x, y), ∂z/∂x = dx(x, y), ∂z/∂y = dy(x, y).
    #[track_caller]
    pub(crate) fn zip_by_inputs(
        self,
        y: Self,
        op: &'static Op,
        f: impl Fn(T, T) -> T + Sync,
        dx: impl Fn(T, T) -> T + Send + Sync + 'static,
        dy: impl Fn(T, T) -> T + Send + Sync + 'static,
    ) -> Self {
        broadcast_or_panic(op.name, &self.shape(), &y.shape());
        let (xv, yv) = (self.value(), y.value());
        self.tape.record(op, &[self, y], xv.zip(&yv, f), move |mut g, sink| {
            sink.give(0, || g.zip(&xv.zip(&yv, dx), |g, dx| g * dx));
            sink.give(1, || {
                g.zip_assign(&xv.zip(&yv, dy), |g, dy| g * dy);
                g
            });
        })
    }

    /// A reduction over axes, which vanish or (`keep`) keep length 1. `f` folds them to length 1 and returns the value
    /// with its derivative: from ∂L/∂y, axes still kept, to ∂L/∂x.
    #[track_caller]
    pub(crate) fn reduce<B: FnOnce(Tensor<T>) -> Tensor<T> + Send + 'static>(
        self,
        op: &'static Op,
        axes: &[usize],
        keep: bool,
        f: impl FnOnce(Tensor<T>) -> (Tensor<T>, B),
    ) -> Self {
        let shape = self.shape();
        shape.check_axes(op.name, axes);
        let (y, derivative) = f(self.value());
        let kept = *y.shape();
        self.tape.record(op, &[self], y.into_shape(shape.reduced(axes, keep)), move |g, sink| {
            sink.add(0, derivative(g.into_shape(kept)));
        })
    }
}
