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
        let all = Tensor::zeros(shape);
        let (xv, yv) = (all.zip(&self.value(), |_, x| x), all.zip(&y.value(), |_, y| y));
        let chosen: Vec<bool> = (0..shape.size()).map(condition).collect();
        let pick = move |x: &Tensor<T>, y: &Tensor<T>, chosen: &[bool]| {
            let both = x.as_slice().iter().zip(y.as_slice()).zip(chosen);
            Tensor::build(shape, |out| {
                out.iter_mut().zip(both).for_each(|(o, ((&x, &y), &c))| *o = if c { x } else { y });
            })
        };
        let z = pick(&xv, &yv, &chosen);
        self.tape.record(&SELECT, &[self, y], z, move |g, sink| {
            if sink.wants(0) {
                sink.add(0, pick(&g, &all, &chosen)); // ∂L/∂x = g where c
            }
            if sink.wants(1) {
                sink.add(1, pick(&all, &g, &chosen)); // ∂L/∂y = g elsewhere
            }
        })
    }
}
