//! z = x where c, else y;  ∂z/∂x = 1 where c, ∂z/∂y = 1 elsewhere

use super::*;

pub static SELECT: Op = Op {
    name: "select",
    formula: "z = x where c, else y",
    cases: |s| {
        s.broadcasts(|s, a, b| case!([s.normal(a), s.normal(b)], |x| x[0].select(|i| i % 3 != 1, x[1])))
    },
};

impl<'t, T: Real> Var<'t, T> {
    /// x where the condition holds, y elsewhere, with broadcasting (NumPy's `where`). The condition is asked for every
    /// element of the *result*, by its row-major position. An element that is not chosen gets gradient 0, even if it
    /// is infinite or NaN.
    ///
    /// ```
    /// use gradbook_autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let (x, y) = (tape.var(Tensor::new([2], vec![1.0, 2.0])), tape.scalar(9.0));
    /// let z = x.select(|i| i == 0, y);
    /// assert_eq!(z.value().as_slice(), [1.0, 9.0]);
    /// assert_eq!(z.sum_all().backward()[x].as_slice(), [1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn select(self, condition: impl Fn(usize) -> bool, y: Self) -> Self {
        let shape = broadcast_or_panic("select", &self.shape(), &y.shape());
        let chosen = Tensor::new(shape, (0..shape.size()).map(|i| T::of(condition(i).into())).collect());
        let first = |c: T, x: T| if c == T::ONE { x } else { T::ZERO };
        let second = |c: T, y: T| if c == T::ONE { T::ZERO } else { y };
        let z = chosen.zip(&self.value(), first).zip(&chosen.zip(&y.value(), second), |x, y| x + y);
        self.tape.record(&SELECT, &[self, y], z, move |g, sink| {
            sink.give(0, || chosen.zip(&g, first)); // ∂L/∂x = g where c
            sink.give(1, || chosen.zip(&g, second)); // ∂L/∂y = g elsewhere
        })
    }
}
